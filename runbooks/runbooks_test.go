package runbooks_test

import (
	"bytes"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
	"github.com/managed-mesh/terraform-provider-asm/runbooks"
)

// books are the built-in runbooks by name. Each file has one, which it is named after, without a mistake or a warning.
func books(t *testing.T) map[string]*lang.Runbook {
	t.Helper()
	names, err := fs.Glob(runbooks.Files(), "*.hcl")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*lang.Runbook{}
	for _, name := range names {
		if strings.HasSuffix(name, ".test.hcl") {
			continue
		}
		text, err := fs.ReadFile(runbooks.Files(), name)
		if err != nil {
			t.Fatal(err)
		}
		file, diags := lang.Check(name, text, kinds.Catalogue())
		if len(diags) > 0 {
			var b bytes.Buffer
			_ = lang.Render(&b, diags, nil, file)
			t.Fatal(b.String())
		}
		if formatted := lang.Format(text); !bytes.Equal(formatted, text) {
			t.Errorf("%s is not formatted", name)
		}
		if len(file.Runbooks) != 1 || file.Runbooks[0].Name != strings.TrimSuffix(filepath.Base(name), ".hcl") {
			t.Errorf("%s has other runbooks than the one that it is named after", name)
			continue
		}
		all[file.Runbooks[0].Name] = file.Runbooks[0]
	}
	return all
}

func TestRunbooksAreWhole(t *testing.T) {
	all := books(t)
	for _, name := range []string{
		"restore-service-agent-binding", "restore-apis", "restore-connect-gateway", "enable-workload-identity", "register-membership-identity",
		"provision-control-plane", "correct-injection", "enable-managed-data-plane", "restart-proxies", "fix-revision-channel",
		"fix-revision-type",
		"recreate-revision", "correct-webhook-url", "collect-evidence", "upgrade-kubernetes", "unblock-cluster-resources", "join-own-fleet",
		"use-gke-cluster", "restore-fleet-api",
	} {
		if all[name] == nil {
			t.Errorf("there is no %s", name)
		}
	}
	for name, r := range all {
		kind := lang.TargetMembership
		if name == "restore-fleet-api" { // without that API no membership can be read
			kind = lang.TargetProject
		}
		if r.Target != kind || r.Title == "" || r.Description == "" || r.Reference == "" {
			t.Errorf("%s: target %s, %q, %q, %q", name, r.Target, r.Title, r.Description, r.Reference)
		}
		if (len(r.Fixes) == 0) != (name == "collect-evidence") {
			t.Errorf("%s fixes %v", name, r.Fixes)
		}
		for _, in := range r.Inputs {
			if in.Description == "" || in.Required() {
				t.Errorf("%s: input %s must have a description and a default: remediate gives none", name, in.Name)
			}
		}
	}
}

// Whatever the knowledge about findings names as a runbook is one.
func TestEveryRunbookThatIsNamedIsThere(t *testing.T) {
	all := books(t)
	named := map[string]string{}
	for _, d := range catalogue.Catalogue() {
		named[d.Runbook] = string(d.Code)
	}
	for _, s := range catalogue.StopCodes() {
		named[s.Runbook] = string(s.Code)
	}
	for _, c := range catalogue.Conditions() {
		named[c.Runbook] = c.Code
	}
	for _, s := range catalogue.States() {
		named[s.DataPlaneRunbook] = s.State
	}
	for name, by := range named {
		if name != "" && all[name] == nil {
			t.Errorf("%s names the runbook %s, which there is not", by, name)
		}
	}
	// And a runbook that a finding names says so.
	for _, d := range catalogue.Catalogue() {
		r := all[d.Runbook]
		if r == nil || r.Name == "collect-evidence" || slices.Contains(r.Fixes, d.Code) {
			continue
		}
		t.Errorf("%s names %s, which does not say that it fixes it", d.Code, r.Name)
	}
}

// restore-apis enables what managed mesh needs, but for the API whose runbook does more.
func TestRestoreAPIsHasAllButConnectGateway(t *testing.T) {
	in := books(t)["restore-apis"].Input("services")
	var have []string
	for it := in.Default.ElementIterator(); it.Next(); {
		_, name := it.Element()
		have = append(have, name.AsString())
	}
	want := slices.DeleteFunc(mesh.DefaultServices(), func(name string) bool { return name == mesh.GatewayService })
	slices.Sort(have)
	if !slices.Equal(have, want) {
		t.Errorf("it enables %v, want %v", have, want)
	}
	text, err := fs.ReadFile(runbooks.Files(), "restore-apis.hcl")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range want {
		if !strings.Contains(string(text), `"api-disabled:`+name+`"`) {
			t.Errorf("it does not look at what became of %s", name)
		}
	}
}

// Nothing that a runbook changes is left without a look at what became of it, and
// nothing that workloads notice is done unasked.
func TestChangesAreVerifiedAndApproved(t *testing.T) {
	for name, r := range books(t) {
		verified := len(r.Steps) > 0
		for _, st := range r.Steps {
			a := st.Action
			switch {
			case a.Kind == lang.Instruct && a.Verify == nil:
				t.Errorf("%s: nothing verifies step %s", name, st.Name)
			case a.Kind == lang.Instruct, a.Kind == lang.Wait, a.Kind == lang.Assert:
				verified = true
			case a.Kind == lang.Ensure:
				verified = false
				d := kinds.Find(lang.Ensure, a.Name)
				asks := d.Risk == lang.HighRisk || d.Risk == lang.MediumRisk
				if asks && st.Approval == nil && !unasked[name+"."+st.Name] {
					t.Errorf("%s: step %s is of risk %s, and is not asked for", name, st.Name, d.Risk)
				}
			}
		}
		if !verified && name != "collect-evidence" {
			t.Errorf("%s: nothing looks at what became of its last change", name)
		}
	}
}

// unasked are the steps that need nobody's word: they add what was missing, and take nothing from anybody.
var unasked = map[string]bool{
	"register-membership-identity.identity": true,
}
