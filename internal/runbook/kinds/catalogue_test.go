package kinds_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// ensured are the kinds of ensure with the risk of each.
var ensured = map[string]lang.Risk{
	"project_services": lang.LowRisk, "service_agent_binding": lang.LowRisk, "workload_pool": lang.MediumRisk,
	"node_pool_metadata": lang.HighRisk, "membership_identity": lang.MediumRisk, "membership_registration": lang.LowRisk,
	"mesh_feature": lang.LowRisk, "mesh_management": lang.MediumRisk, "control_plane_provisioned": lang.MediumRisk,
	"revision_channel": lang.MediumRisk, "revision_type": lang.MediumRisk, "revision_removed": lang.HighRisk,
	"webhook_url": lang.MediumRisk, "namespace_injection": lang.MediumRisk, "managed_data_plane": lang.LowRisk,
	"rolling_restart": lang.MediumRisk, "evidence": lang.NoRisk,
}

func TestCatalogueHasEverything(t *testing.T) {
	known := map[lang.ActionKind][]string{
		lang.Assert: {"diagnosed", "no_findings", "mesh_healthy", "revisions_listed", "injector_present", "log_quiet", "debug_configz"},
		lang.Wait:   {"service_usable", "control_plane_state", "data_plane_state", "revision_ready", "proxies_current", "findings_gone"},
	}
	for name, risk := range ensured {
		if d := find(t, lang.Ensure, name); d.Risk != risk || d.Prerequisite == nil || d.Observe != nil {
			t.Errorf("ensure %s: risk %s, want %s", name, d.Risk, risk)
		}
		known[lang.Ensure] = append(known[lang.Ensure], name)
		if name != "rolling_restart" && name != "evidence" {
			known[lang.Assert] = append(known[lang.Assert], name)
		}
	}
	for _, d := range kinds.All() {
		if !slices.Contains(known[d.Action], d.Name) {
			t.Errorf("%s %s is in no table of this test", d.Action, d.Name)
		}
		known[d.Action] = slices.DeleteFunc(known[d.Action], func(n string) bool { return n == d.Name })
	}
	for action, left := range known {
		for _, name := range left {
			t.Errorf("there is no %s %s", action, name)
		}
	}
}

// What an assert of an ensure's name looks at is what the ensure brings about.
func TestAssertsTakeWhatTheirEnsuresTake(t *testing.T) {
	for _, d := range kinds.All() {
		a := kinds.Find(lang.Assert, d.Name)
		if d.Action != lang.Ensure || a == nil {
			continue
		}
		var have, want []string
		for _, arg := range a.Args {
			have = append(have, arg.Name+" "+arg.Type.GoString())
		}
		for _, arg := range d.Args {
			want = append(want, arg.Name+" "+arg.Type.GoString())
		}
		if !slices.Equal(have, want) {
			t.Errorf("assert %s takes %v, the ensure %v", d.Name, have, want)
		}
		if a.Doc == d.Doc || a.Risk != lang.NoRisk || (a.Result == cty.NilType) != (d.Result == cty.NilType) {
			t.Errorf("assert %s: %+v", d.Name, a.Kind)
		}
		for _, p := range a.Permissions {
			if regexp.MustCompile(`^(patch|delete|create) |\.(update|create|delete|enable|patch|post|setIamPolicy)$`).MatchString(p) {
				t.Errorf("assert %s, which only looks, takes %q", d.Name, p)
			}
		}
	}
}

func TestKindsAreDescribed(t *testing.T) {
	permission := regexp.MustCompile(`^([a-z]+\.[a-zA-Z]+\.[a-zA-Z]+|(get|list|create|patch|delete) [a-z]+(/[a-z]+)?(\.[a-z0-9.]+)?)$`)
	for _, d := range kinds.All() {
		what := string(d.Action) + " " + d.Name
		if !strings.HasSuffix(d.Doc, ".") {
			t.Errorf("%s: %q", what, d.Doc)
		}
		for _, a := range d.Args {
			if !strings.HasSuffix(a.Doc, ".") || a.Required && a.Default != cty.NilVal {
				t.Errorf("%s: argument %s: %q", what, a.Name, a.Doc)
			}
		}
		for _, p := range d.Permissions {
			if !permission.MatchString(p) {
				t.Errorf("%s: %q is no permission", what, p)
			}
		}
		if d.Action != lang.Ensure && d.Observe == nil || d.Action == lang.Ensure && d.UsualDuration == 0 {
			t.Errorf("%s is not whole", what)
		}
		if d.Action == lang.Ensure && (d.ResultValue == nil) != (d.Result == cty.NilType) {
			t.Errorf("%s: result %v", what, d.Result)
		}
	}
}

func TestArgumentsAreCheckedBeforeAnythingRuns(t *testing.T) {
	for _, c := range []struct {
		name, arg string
		value     cty.Value
		want      string
	}{
		{"project_services", "project", cty.StringVal("Not A Project"), "neither a project ID"},
		{"project_services", "services", cty.SetVal([]cty.Value{cty.StringVal("connectgatway.googleapis.com")}),
			`did you mean "connectgateway.googleapis.com"`},
		{"project_services", "services", cty.SetVal([]cty.Value{cty.NullVal(cty.String)}), "an element is null"},
		{"workload_pool", "cluster", cty.StringVal("cluster-1"), "is not a cluster's resource name"},
		{"membership_identity", "membership", cty.StringVal(gke), "is not a membership's resource name"},
		{"membership_identity", "issuer", cty.StringVal("http://x"), "https"},
		{"membership_registration", "name", cty.StringVal("No"), "is not a membership name"},
		{"membership_registration", "location", cty.StringVal("here"), "neither \"global\" nor a region"},
		{"mesh_management", "management", cty.StringVal("AUTOMATIC"), "is not one of MANAGEMENT_AUTOMATIC"},
		{"revision_channel", "revision", cty.StringVal("ASM"), "cannot be a revision"},
		{"namespace_injection", "namespace", cty.StringVal("Shop"), "Shop"},
		{"rolling_restart", "scope", cty.StringVal("some"), "is not one of needed, all"},
		{"evidence", "since", cty.StringVal("a day"), "is not a duration"},
		{"evidence", "since", cty.StringVal("1000h"), "30 days"},
		{"evidence", "since", cty.StringVal("-1h"), "30 days"},
	} {
		d := find(t, lang.Ensure, c.name)
		i := slices.IndexFunc(d.Args, func(a lang.Arg) bool { return a.Name == c.arg })
		if i < 0 {
			t.Errorf("%s has no %s", c.name, c.arg)
		} else if err := d.Args[i].Check(c.value); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s.%s: %v, want %q in it", c.name, c.arg, err, c.want)
		}
	}
	codes := find(t, lang.Assert, "no_findings").Args[1]
	if err := codes.Check(cty.SetVal([]cty.Value{cty.StringVal("revision-stalled:channel-missing")})); err != nil {
		t.Error(err)
	}
	if err := codes.Check(cty.SetVal([]cty.Value{cty.StringVal("no-such-finding")})); err == nil {
		t.Error("a finding that there is not was taken")
	}
}

func TestClusterIsNamedOneWay(t *testing.T) {
	w := newWorld(t)
	d := find(t, lang.Ensure, "revision_type")
	for want, given := range map[string]map[string]any{
		"both membership and cluster": {"membership": member, "cluster": gke, "revision": "asm-managed"},
		"no cluster is named":         {"revision": "asm-managed"},
	} {
		if _, err := d.Prerequisite(w.env, args(t, d, given)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	d = find(t, lang.Ensure, "managed_data_plane")
	for _, given := range []map[string]any{
		{"membership": member},
		{"membership": member, "namespace": "shop", "revision": "asm-managed"},
	} {
		if _, err := d.Prerequisite(w.env, args(t, d, given)); err == nil || !strings.Contains(err.Error(), "either namespace or revision") {
			t.Error(err)
		}
	}
	if asked := w.Lines(); len(asked) > 0 {
		t.Errorf("it asked %q", asked)
	}
}

func TestPermissionsAreNeededWhereTheThingIs(t *testing.T) {
	place := func(name string, given map[string]any) string {
		d := find(t, lang.Ensure, name)
		p := d.PermissionScope(args(t, d, given))
		if p.Cluster != nil {
			return p.Project + " and inside of " + p.Cluster.String()
		}
		return p.Project
	}
	for _, c := range []struct{ got, want string }{
		{place("service_agent_binding", map[string]any{"project": "mesh-sim-2", "fleet_project": fleet}), "mesh-sim-2"},
		{place("workload_pool", map[string]any{"cluster": gke}), fleet},
		{place("mesh_management", map[string]any{"membership": member}), fleet},
		{place("revision_type", map[string]any{"membership": member, "revision": "asm-managed"}), fleet + " and inside of " + member},
		{place("revision_type", map[string]any{"cluster": gke, "revision": "asm-managed"}), " and inside of " + gke},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestArgumentsSurviveAJournal(t *testing.T) {
	d := find(t, lang.Ensure, "rolling_restart")
	for _, namespaces := range []any{nil, []string{}, []string{"shop", "till"}} {
		given := args(t, d, map[string]any{"membership": member, "namespaces": namespaces})
		raw, err := given.JSON()
		if err != nil || !json.Valid(raw) {
			t.Fatalf("%s: %v", raw, err)
		}
		back, err := kinds.ReadArgs(&d.Kind, raw)
		if err != nil || back.Text("membership") != member || back.Text("scope") != "needed" || back.Bool("stateful_sets") {
			t.Errorf("%s: %v", raw, err)
		}
		// None given is all, an empty set is none.
		if have, want := back.Texts("namespaces"), given.Texts("namespaces"); !slices.Equal(have, want) || (have == nil) != (want == nil) {
			t.Errorf("namespaces are %v, want %v", have, want)
		}
	}
}

// Every state that the fleet reports is one of a wait's, or is known to be unknown.
func TestWaitsKnowEveryState(t *testing.T) {
	for _, name := range []string{"control_plane_state", "data_plane_state"} {
		d := find(t, lang.Wait, name)
		for _, s := range catalogue.States() {
			n := 0
			for _, list := range [][]string{d.Success, d.Transitional, d.Failure} {
				if slices.Contains(list, s.State) {
					n++
				}
			}
			if n != 1 {
				t.Errorf("%s has the state %s %d times", name, s.State, n)
			}
		}
	}
}
