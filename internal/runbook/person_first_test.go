package runbook_test

import (
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

// A person is not asked to do something about a target that does not exist.
func TestNoOneIsAskedAboutATargetThatDoesNotExist(t *testing.T) {
	w := newWorld(t, sim.Options{})
	e := w.engine(runs(t))
	const places = "projects/" + simtest.Project + "/locations/us-central1/"
	for _, c := range []struct {
		kind  lang.TargetKind
		name  string
		there bool
	}{
		{lang.TargetProject, simtest.Project, true}, {lang.TargetProject, "nope-123456", false},
		{lang.TargetMembership, simtest.Membership, true}, {lang.TargetMembership, simtest.Membership + "0", false},
		{lang.TargetCluster, places + "clusters/cluster-1", true}, {lang.TargetCluster, places + "clusters/nope", false},
	} {
		for _, action := range []string{"instruct {\n text = \"Call them.\"\n }", "approve {\n message = \"Now?\"\n }"} {
			j := own(t, "runbook \"by-hand\" {\n title = \"T\"\n target \""+string(c.kind)+"\" {}\n step \"call\" {\n "+action+"\n }\n}\n")
			var err error
			if j.Target, err = runbook.ParseTarget(c.kind, c.name, ""); err != nil {
				t.Fatal(err)
			}
			if p, err := e.Plan(t.Context(), j); (err == nil) != c.there {
				t.Errorf("%s: %v, %v", c.name, p, err)
			}
		}
	}
}
