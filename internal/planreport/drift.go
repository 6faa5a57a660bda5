package planreport

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
)

// drifted is a resource of this provider as the refresh saw it, beside what the plan wants.
type drifted struct {
	resource  string // asm_workload_pool
	now, want values
}

// difference is one thing that is not as it should be.
type difference struct {
	catalogue.Finding
	change string // attribute = now -> wanted, for evidence; "" where the plan leaves it alone
}

// A reader builds the state of a prerequisite from a resource's attributes; what they mean is in the schemas of
// provider/. The state is nil where nothing can have drifted: what differs because the configuration asks for more is
// no drift. evidence is what the plan changes about a finding of the state, and may amend the finding.
type reader func(drifted) (state prereq.State, evidence func(*catalogue.Finding) string, err error)

var readers = map[mesh.Kind]reader{
	mesh.ServiceAgentGrant:  readBinding,
	mesh.APIs:               readServices,
	mesh.ClusterPool:        readPool,
	mesh.MembershipIdentity: readIdentity,
	mesh.MeshManagement:     readManagement,
	mesh.InjectionLabels:    readInjection,
	mesh.DataPlane:          readDataPlane,
}

// differences are what the plan corrects, as the prerequisite itself finds it.
func (d drifted) differences() []difference {
	read := readers[mesh.KindOf(d.resource)]
	if read == nil {
		return nil
	}
	state, evidence, err := read(d)
	if err != nil {
		f := catalogue.NewFinding(catalogue.Unreadable, d.subject(), d.conceal(err.Error()))
		f.Remediation = "Report on a plan that this provider made."
		return []difference{{f, ""}}
	}
	if state == nil {
		return nil
	}
	var all []difference
	for _, f := range state.Findings() {
		change := d.conceal(evidence(&f))
		f.Subject, f.Message, f.Detail = d.subject(), d.conceal(f.Message), d.conceal(f.Detail)
		all = append(all, difference{f, change})
	}
	return all
}

// subject is the full resource name of what the resource is about, as internal/prereq names it.
func (d drifted) subject() string {
	place := plainly(cmp.Or(d.now.show("membership"), d.now.show("cluster")))
	switch {
	case place == "":
		return "projects/" + d.now.show("project")
	case d.now.text("namespace") != "":
		return place + "/namespaces/" + d.now.show("namespace")
	case mesh.KindOf(d.resource) == mesh.DataPlane:
		return place + "/namespaces/" + mesh.SystemNamespace + "/controlplanerevisions/" + d.now.show("revision")
	}
	return place
}

// plainly is a membership's or a cluster's name as internal/mesh spells it; arguments may have others, such as a
// self_link. What is no such name stays as it is.
func plainly(name string) string {
	if m, err := mesh.ParseMembership(name); err == nil {
		return m.String()
	}
	if c, err := mesh.ParseCluster(name); err == nil {
		return c.String()
	}
	return name
}

// conceal is a text without the sensitive values of the resource.
func (d drifted) conceal(text string) string {
	secrets := append(d.now.secrets(), d.want.secrets()...)
	if c, err := mesh.ParseCluster(d.now.text("cluster")); err == nil && d.now.sensitive("cluster") {
		secrets = append(secrets, mesh.WorkloadPool(c.Project)) // what readPool derives
	}
	slices.SortFunc(secrets, func(a, b string) int { return cmp.Compare(len(b), len(a)) }) // one may be a part of another
	for _, secret := range secrets {
		text = strings.ReplaceAll(text, secret, hiddenValue)
	}
	return text
}

// arrow is "attribute = now -> want", with null for what is not set.
func arrow(attribute, now, want string) string {
	quoted := func(s string) string {
		if s == "" {
			return "null"
		}
		return fmt.Sprintf("%q", s)
	}
	return attribute + " = " + quoted(now) + " -> " + quoted(want)
}

// always is evidence that is the same for every finding of a state.
func always(change string) func(*catalogue.Finding) string {
	return func(*catalogue.Finding) string { return change }
}

func readBinding(d drifted) (prereq.State, func(*catalogue.Finding) string, error) {
	granted, known := d.now.flag("granted")
	if !known {
		return nil, nil, nil
	}
	agent := mesh.Agent(d.now.text("agent"))
	seen := prereq.SeenBinding(d.now.text("project"), d.now.text("fleet_project_number"), agent, granted)
	return seen, always("granted = false -> true"), nil
}

func readServices(d drifted) (prereq.State, func(*catalogue.Finding) string, error) {
	enabled, _ := d.now.raw["enabled"].(map[string]any)
	wanted, known := d.want.raw["enabled"].(map[string]any)
	seen := map[string]bool{}
	for name, on := range enabled {
		if _, still := wanted[name]; still || !known {
			seen[name] = on != false
		}
	}
	return prereq.SeenServices(d.now.text("project"), seen), func(f *catalogue.Finding) string {
		return fmt.Sprintf("enabled[%q] = false -> true", f.Detail)
	}, nil
}

func readPool(d drifted) (prereq.State, func(*catalogue.Finding) string, error) {
	const nodePools = "node_pools_without_gke_metadata"
	cluster, err := mesh.ParseCluster(d.now.text("cluster"))
	if err != nil {
		return nil, nil, err
	}
	now, want := d.now.text("workload_pool"), d.want.text("workload_pool")
	if want == "" && mesh.IsProjectNumber(cluster.Project) {
		want = now // the pool has the project's id in it, which the plan does not have
	} else if want == "" {
		want = mesh.WorkloadPool(cluster.Project)
	}
	lacking := d.now.texts(nodePools)
	return prereq.SeenPool(cluster, now, want, lacking), func(f *catalogue.Finding) string {
		if f.Code != catalogue.NodePoolNoMetadata {
			return arrow("workload_pool", now, want)
		}
		if migrate, _ := d.want.flag("migrate_node_pools"); migrate {
			return nodePools + " = [" + strings.Join(lacking, ", ") + "] -> []"
		}
		// Their nodes are recreated only when the configuration says so.
		f.Severity, f.Verdict = catalogue.Info, mesh.Healthy
		f.Message += "; the plan leaves them, because migrate_node_pools is false"
		return ""
	}, nil
}

func readIdentity(d drifted) (prereq.State, func(*catalogue.Finding) string, error) {
	now, want := d.now.text("issuer"), d.want.text("issuer")
	if want == "" && now == "" { // it is known only at apply
		want = d.now.text("expected_issuer")
	}
	if want == "" {
		return nil, nil, nil
	}
	membership, err := mesh.ParseMembership(d.now.text("membership"))
	return prereq.SeenIdentity(membership, now, want), always(arrow("issuer", now, want)), err
}

func readManagement(d drifted) (prereq.State, func(*catalogue.Finding) string, error) {
	now, want := d.now.text("management"), d.want.text("management")
	if want == "" {
		return nil, nil, nil
	}
	membership, err := mesh.ParseMembership(d.now.text("membership"))
	return prereq.SeenManagement(membership, now, want), always(arrow("management", now, want)), err
}

func readInjection(d drifted) (prereq.State, func(*catalogue.Finding) string, error) {
	now, injection := d.now.text("revision"), d.now.text("istio_injection")
	want := cmp.Or(d.want.text("revision"), now)
	var changes []string
	if now != want {
		changes = append(changes, arrow("revision", now, want))
	}
	if injection != "" {
		changes = append(changes, arrow("istio_injection", injection, ""))
	}
	return prereq.SeenInjection(d.subject(), now, injection, want), always(strings.Join(changes, ", ")), nil
}

func readDataPlane(d drifted) (prereq.State, func(*catalogue.Finding) string, error) {
	want, known := d.want.flag("managed")
	if !known {
		return nil, nil, nil
	}
	var seen *bool
	change := fmt.Sprintf("managed = null -> %t", want)
	if now, said := d.now.flag("managed"); said {
		seen, change = &now, fmt.Sprintf("managed = %t -> %t", now, want)
	}
	return prereq.SeenDataPlane(d.subject(), seen, want), always(change), nil
}
