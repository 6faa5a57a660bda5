package planreport

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// drifted is a resource of this provider as the refresh saw it, beside what the
// plan wants.
type drifted struct {
	kind      string // asm_workload_pool
	now, want values
}

// difference is one thing that is not as it should be.
type difference struct {
	catalogue.Finding
	change string // attribute = now -> wanted, for evidence
}

// differences are what the plan corrects, as findings of the catalogue. What an
// attribute means is of the schemas in provider/; what differs because the
// configuration asks for more than before is none.
func (d drifted) differences() []difference {
	switch d.kind {
	case "asm_service_agent_binding":
		return d.binding()
	case "asm_project_services":
		return d.services()
	case "asm_workload_pool":
		return append(d.pool(), d.nodePools()...)
	case "asm_membership_identity":
		return d.identity()
	case "asm_mesh_management":
		return d.management()
	case "asm_namespace_injection":
		return d.injection()
	case "asm_managed_data_plane":
		return d.dataPlane()
	}
	return nil
}

// subject is the full resource name of what the resource is about, as
// internal/prereq names it.
func (d drifted) subject() string {
	place := d.now.show("membership")
	if place == "" {
		place = d.now.show("cluster")
	}
	switch {
	case place == "":
		return "projects/" + d.now.show("project")
	case d.now.text("namespace") != "":
		return place + "/namespaces/" + d.now.show("namespace")
	case d.kind == "asm_managed_data_plane":
		return place + "/namespaces/" + mesh.SystemNamespace + "/controlplanerevisions/" + d.now.show("revision")
	}
	return place
}

func (d drifted) binding() []difference {
	if granted, known := d.now.flag("granted"); granted || !known {
		return nil
	}
	agent := strings.TrimPrefix(d.now.show("member"), "serviceAccount:")
	return []difference{{
		catalogue.NewFinding(catalogue.BindingMissing, d.subject(), fmt.Sprintf("the mesh service agent %s does not hold %s on project %s", agent, mesh.AgentRole, d.now.show("project"))),
		"granted = false -> true",
	}}
}

func (d drifted) services() []difference {
	enabled, _ := d.now.raw["enabled"].(map[string]any)
	wanted, told := d.want.raw["enabled"].(map[string]any)
	var all []difference
	for _, name := range slices.Sorted(maps.Keys(enabled)) {
		if _, still := wanted[name]; enabled[name] != false || told && !still {
			continue
		}
		shown := name
		if d.now.sensitive("enabled") || d.now.sensitive("services") {
			shown = hiddenValue
		}
		// prereq.ServicesState says it so, too: one text for one thing.
		f := catalogue.NewFinding(catalogue.ServiceDisabled, d.subject(), fmt.Sprintf("%s is not enabled on project %s: %s", shown, d.now.show("project"), mesh.ServiceReason(name)))
		f.Detail = shown
		all = append(all, difference{f, fmt.Sprintf("enabled[%q] = false -> true", shown)})
	}
	return all
}

func (d drifted) pool() []difference {
	now, want, shown := d.now.text("workload_pool"), d.want.text("workload_pool"), d.want.show("workload_pool")
	if want == "" {
		cluster, err := mesh.ParseCluster(d.now.text("cluster"))
		if err != nil || mesh.IsProjectNumber(cluster.Project) {
			return nil
		}
		want = mesh.WorkloadPool(cluster.Project)
		shown = want
		if d.now.sensitive("cluster") {
			shown = hiddenValue
		}
	}
	switch now {
	case want:
		return nil
	case "":
		return []difference{{
			catalogue.NewFinding(catalogue.PoolMissing, d.subject(), fmt.Sprintf("cluster %s has no workload pool; it needs %s", d.subject(), shown)),
			fmt.Sprintf("workload_pool = null -> %q", shown),
		}}
	}
	return []difference{{
		catalogue.NewFinding(catalogue.PoolWrong, d.subject(), fmt.Sprintf("cluster %s has the workload pool %s instead of %s", d.subject(), d.now.show("workload_pool"), shown)),
		fmt.Sprintf("workload_pool = %q -> %q", d.now.show("workload_pool"), shown),
	}}
}

// nodePools are told as a note where the plan leaves them alone: their nodes are
// recreated only when the configuration says so.
func (d drifted) nodePools() []difference {
	const attribute = "node_pools_without_gke_metadata"
	pools := d.now.texts(attribute)
	if len(pools) == 0 {
		return nil
	}
	names := strings.Join(pools, ", ")
	if d.now.sensitive(attribute) {
		names = hiddenValue
	}
	f := catalogue.NewFinding(catalogue.NodePoolNoMetadata, d.subject(), fmt.Sprintf("cluster %s: node pools without GKE_METADATA: %s", d.subject(), names))
	if migrate, _ := d.want.flag("migrate_node_pools"); !migrate {
		f.Severity, f.Verdict = catalogue.Info, mesh.Healthy
		f.Message += "; the plan leaves them, because migrate_node_pools is false"
		return []difference{{f, ""}}
	}
	return []difference{{f, attribute + " = [" + names + "] -> []"}}
}

func (d drifted) identity() []difference {
	now, want, shown := d.now.text("issuer"), d.want.text("issuer"), d.want.show("issuer")
	if want == "" {
		want, shown = d.now.text("expected_issuer"), d.now.show("expected_issuer")
	}
	switch {
	case now == "" && want != "":
		return []difference{{
			catalogue.NewFinding(catalogue.IdentityMissing, d.subject(), fmt.Sprintf("membership %s has no identity provider; it needs %s", d.subject(), shown)),
			fmt.Sprintf("issuer = null -> %q", shown),
		}}
	case now != want && d.want.text("issuer") != "":
		return []difference{{
			catalogue.NewFinding(catalogue.IdentityWrong, d.subject(), fmt.Sprintf("membership %s has the identity provider %s instead of %s", d.subject(), d.now.show("issuer"), shown)),
			fmt.Sprintf("issuer = %q -> %q", d.now.show("issuer"), shown),
		}}
	}
	return nil
}

func (d drifted) management() []difference {
	now, want := d.now.text("management"), d.want.text("management")
	if want == "" || now == want {
		return nil
	}
	has := "mesh management " + d.now.show("management")
	if now == "" {
		has = "no mesh management"
	}
	return []difference{{
		catalogue.NewFinding(catalogue.ManagementDiffers, d.subject(), fmt.Sprintf("membership %s has %s instead of %s", d.subject(), has, d.want.show("management"))),
		fmt.Sprintf("management = %q -> %q", d.now.show("management"), d.want.show("management")),
	}}
}

func (d drifted) injection() []difference {
	var wrong, changes []string
	now, want := d.now.text("revision"), d.want.text("revision")
	switch {
	case want == "" || now == want:
	case now == "":
		wrong = append(wrong, "lacks the label "+mesh.LabelRevision+"="+d.want.show("revision"))
		changes = append(changes, fmt.Sprintf("revision = null -> %q", d.want.show("revision")))
	default:
		wrong = append(wrong, fmt.Sprintf("has the label %s=%s instead of %s", mesh.LabelRevision, d.now.show("revision"), d.want.show("revision")))
		changes = append(changes, fmt.Sprintf("revision = %q -> %q", d.now.show("revision"), d.want.show("revision")))
	}
	if d.now.text("istio_injection") != "" {
		wrong = append(wrong, "has the label "+mesh.LabelInjection+"="+d.now.show("istio_injection"))
		changes = append(changes, fmt.Sprintf("istio_injection = %q -> null", d.now.show("istio_injection")))
	}
	if len(wrong) == 0 {
		return nil
	}
	return []difference{{catalogue.NewFinding(catalogue.InjectionLabel, d.subject(), d.subject()+" "+strings.Join(wrong, " and ")), strings.Join(changes, ", ")}}
}

func (d drifted) dataPlane() []difference {
	want, known := d.want.flag("managed")
	now, said := d.now.flag("managed")
	if !known || said && now == want {
		return nil
	}
	has := "does not say whether its data plane is managed"
	if said {
		has = fmt.Sprintf("has managed = %t for its data plane", now)
	}
	change := fmt.Sprintf("managed = null -> %t", want)
	if said {
		change = fmt.Sprintf("managed = %t -> %t", now, want)
	}
	return []difference{{catalogue.NewFinding(catalogue.ProxyUnmanaged, d.subject(), fmt.Sprintf("%s %s; it should be %t", d.subject(), has, want)), change}}
}
