package guard

import (
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// gkeMetadata is the only mode with which pods of a node have Workload Identity.
const gkeMetadata = "GKE_METADATA"

// outside reports whether a cluster is certainly not in the mesh of a guarded fleet: GKE reports its fleet as it is,
// whatever the configuration says. The attribute fleet is missing in older providers.
func (j *judge) outside(v value) bool {
	if fleet := v.at("fleet", "project").text(); fleet != "" {
		return j.foreign(fleet)
	}
	raw, _ := v.raw.(map[string]any)
	_, reported := raw["fleet"]
	return reported && len(v.get("fleet").items()) == 0 && v.get("resource_labels").labels()["mesh_id"] == "" && !j.member[j.clusterKey(v)]
}

func shownCluster(v value) string {
	return v.get("project").showOr("PROJECT") + "/" + v.get("location").showOr("LOCATION") + "/" + v.get("name").showOr("CLUSTER")
}

// containerCluster judges google_container_cluster.
func containerCluster(j *judge, c *change, s step) {
	if s == creates || j.outside(c.before) {
		return // a new cluster is in no mesh yet
	}
	name, key := shownCluster(c.before), j.clusterKey(c.before)
	if s == deletes {
		if c.kept() || c.before.get("deletion_protection").is() {
			return // the apply fails, or leaves it
		}
		j.add(effect{
			need: need{cluster, key, ""}, act: takes, code: catalogue.ClusterMissing, subject: name, reason: "It deletes the cluster " + name + ".",
			instead: "Keep the cluster: set deletion_protection = true, and see what forces its replacement (terraform show, \"forces " +
				"replacement\"); or move its mesh to another cluster first.",
		})
		return
	}
	j.workloadPool(c, name, key)
	j.fleetBlock(c, name)
	j.nodeConfigs(c, name, key)
}

func (j *judge) workloadPool(c *change, name, key string) {
	was, to := c.before.at("workload_identity_config", "workload_pool"), c.after.get("workload_identity_config")
	now := c.after.at("workload_identity_config", "workload_pool")
	right := mesh.WorkloadPool(c.before.get("project").text())
	e := effect{
		need: need{pool, key, ""}, act: takes, subject: name, instead: "Write workload_identity_config { workload_pool = " +
			"\"PROJECT_ID.svc.id.goog\" } " +
			"with the cluster's own project, or leave the whole block out: the provider then keeps what the cluster has.",
	}
	switch {
	case was.text() == "" || now.text() == was.text() || to.raw == nil && !to.isUnknown(): // it keeps what the cluster has
	case to.isUnknown() || now.isUnknown():
		e.act, e.code, e.reason = unclear, catalogue.PoolMissing, "The workload pool of "+name+" is known only after apply."
		j.add(e)
	case now.text() == "":
		e.code, e.reason = catalogue.PoolMissing, "It switches Workload Identity off on "+name+": an empty workload_identity_config unsets "+
			"the pool."
		j.add(e)
	case now.text() != right:
		e.code, e.reason = catalogue.PoolWrong, "It sets the workload pool of "+name+" to "+now.show()+", which is not that of the cluster's "+
			"project."
		j.add(e)
	}
}

func (j *judge) fleetBlock(c *change, name string) {
	was, now := c.before.at("fleet", "project"), c.after.at("fleet", "project")
	if was.text() == "" || j.canon(was.text()) == j.canon(now.text()) {
		return
	}
	id := c.before.at("fleet", "membership_id")
	e := effect{
		need: membershipNeed(j.canon(was.text()), c.before.at("fleet", "membership_location").text(), id.text()),
		act:  takes, code: MembershipGone, subject: name,
		reason: "It takes " + name + " out of the fleet of " + was.show() + ": the fleet block is removed or names another project.",
		instead: "Keep the fleet block with project = the fleet's project. To register the cluster by other means, forget the block first with " +
			"lifecycle { ignore_changes = [fleet] }.",
	}
	switch {
	case c.after.get("fleet").isUnknown() || now.isUnknown():
		e.act, e.reason = unclear, "The fleet of "+name+" is known only after apply."
	case now.text() != "" && mesh.IsProjectNumber(j.canon(was.text())) != mesh.IsProjectNumber(j.canon(now.text())):
		e.act, e.reason = unclear, "The fleet of "+name+" changes from "+was.show()+" to "+now.show()+": whether the number and the id are of "+
			"one "+
			"project is not in the plan."
	}
	j.add(e)
}

// nodeConfigs judges the node pools that stand in the cluster itself.
func (j *judge) nodeConfigs(c *change, name, key string) {
	j.mode(c.before.at("node_config"), c.after.at("node_config"), name, key, "the default node pool of "+name, true)
	was := map[string]value{}
	for _, p := range c.before.get("node_pool").items() {
		was[p.get("name").text()] = p
	}
	for _, p := range c.after.get("node_pool").items() {
		before, existed := was[p.get("name").text()]
		j.mode(before.at("node_config"), p.at("node_config"), name, key, "node pool "+p.get("name").showOr("(unnamed)")+" of "+name, existed)
	}
}

// mode judges a node_config before and after. A pool that had another mode before, loses nothing.
func (j *judge) mode(before, after value, name, key, what string, existed bool) {
	was, now := metadataMode(before), metadataMode(after)
	block := after.at("workload_metadata_config")
	e := effect{
		need: need{metadata, key, what}, act: takes, code: catalogue.NodePoolNoMetadata, subject: what,
		instead: "Write workload_metadata_config { mode = \"GKE_METADATA\" }, or leave the block out: GKE then chooses it on a cluster with " +
			"Workload Identity.",
	}
	if existed && was.text() != "" && was.text() != gkeMetadata {
		return
	}
	switch mode := now.text(); {
	case now.isUnknown() && (existed && was.text() != "" || !block.isUnknown()):
		// A block that is unknown as a whole on a new pool is one that GKE fills in.
		e.act, e.reason = unclear, "The metadata mode of "+what+" is known only after apply."
		j.add(e)
	case now.isUnknown() || mode == gkeMetadata:
	case mode == "" && existed && was.text() == gkeMetadata && block.set():
		e.act, e.reason = unclear, "It unsets the metadata mode of "+what+"."
		j.add(e)
	case mode != "":
		e.reason = "It gives " + what + " the metadata mode " + now.show() + ": its pods see the node's service account instead of Workload " +
			"Identity."
		j.add(e)
	}
}

// metadataMode is the mode, translated from its older spelling.
func metadataMode(config value) value {
	v := config.at("workload_metadata_config", "mode")
	if v.text() == "" && !v.isUnknown() {
		old := config.at("workload_metadata_config", "node_metadata")
		switch strings.ToUpper(old.text()) {
		case "GKE_METADATA_SERVER":
			old.raw = gkeMetadata
		case "UNSPECIFIED":
			old.raw = ""
		}
		return old
	}
	if v.text() == "MODE_UNSPECIFIED" {
		v.raw = ""
	}
	return v
}

// nodePool judges google_container_node_pool. Deleting one takes nothing from the mesh.
func nodePool(j *judge, c *change, s step) {
	if s == deletes {
		return
	}
	of := lastPart(c.after.get("cluster").text())
	key := j.canon(c.after.get("project").text()) + "/" + of
	if j.made[key] || j.bare[key] {
		return // not a cluster of the mesh yet, or without Workload Identity already
	}
	if v, known := j.known[key]; known && j.outside(v) {
		return
	}
	what := "node pool " + c.after.get("name").showOr("(unnamed)") + " of " + c.after.get("project").showOr("PROJECT") + "/" +
		c.after.get("cluster").showOr("CLUSTER")
	j.mode(c.before.at("node_config"), c.after.at("node_config"), of, key, what, s == updates || c.replaces())
}
