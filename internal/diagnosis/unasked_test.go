package diagnosis_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

// A membership that nobody asks a mesh of is never healthy without a look at what its cluster runs.
func TestAMembershipThatNobodyAsksAMeshOf(t *testing.T) {
	clear := func(doc map[string]any) { delete(meshFeature(doc), "membershipSpecs") }
	for _, tc := range []struct {
		name  string
		runs  bool // the mesh runs in the cluster
		then  func(doc map[string]any)
		roots []string
	}{
		{"never", false, clear, []string{"mesh-absent of fleet"}},
		{"its configuration was cleared while the mesh runs", true, clear, []string{"spec-differs-from-state of membership"}},
		{"it was registered again without identity", true, func(doc map[string]any) {
			clear(doc)
			for _, m := range project(doc, fleetProject)["fleet"].(map[string]any)["memberships"].([]any) {
				delete(m.(map[string]any), "authority")
			}
		}, []string{"membership-identity-missing of membership", "spec-differs-from-state of membership"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, one)
			w.Advance(time.Hour)
			if tc.runs {
				quiet(t, w.diagnose(diagnosis.Options{})) // a cluster is made at its first access
			}
			w.Edit(tc.then)
			w.Advance(time.Hour)
			r := w.diagnose(diagnosis.Options{})
			if got := rootNames(r); !slices.Equal(got, append([]string{}, tc.roots...)) {
				t.Errorf("root causes are %q, want %q\n%s", got, tc.roots, told(r))
			}
			if (r.Verdict == mesh.Unknown) == tc.runs || r.Verdict == mesh.Healthy {
				t.Errorf("the verdict is %s\n%s", r.Verdict, told(r))
			}
			for _, s := range r.Subjects {
				if s.Type == diagnosis.TypeMembership && len(s.Checks) == 0 {
					t.Errorf("%s is %s without a check", s.Name, s.Verdict)
				}
			}
			said := slices.ContainsFunc(r.Findings, func(f diagnosis.Finding) bool { return f.Code == catalogue.NotManaged })
			if !tc.runs && !said {
				t.Errorf("nothing says that it is not managed: %s", told(r))
			}
		})
	}
}

// A membership whose configuration was cleared is not called unused while its cluster cannot be looked into.
func TestAMembershipThatWasLetGoAndCannotBeRead(t *testing.T) {
	w := newWorld(t, sim.Options{Projects: 1, Clusters: 2})
	w.Advance(time.Hour)
	quiet(t, w.diagnose(diagnosis.Options{}))
	w.CallAs(simtest.Owner, "Terraform/1.9.0", http.MethodPatch,
		"/gkehub.googleapis.com/v1/projects/"+fleetProject+"/locations/global/features/servicemesh?updateMask=membershipSpecs",
		`{"membershipSpecs":{"projects/`+fleetProject+`/`+ownKey+`":{"mesh":{"management":"MANAGEMENT_NOT_INSTALLED"}}}}`)
	w.Edit(func(doc map[string]any) { delete(meshFeature(doc)["membershipSpecs"].(map[string]any), ownKey) })
	w.narrow = true
	w.Fault("unavailable?path=/gkeMemberships/cluster-1/&status=503")
	w.Advance(time.Hour)
	r := w.diagnose(diagnosis.Options{})
	if got := rootNames(r); !slices.Equal(got, []string{"cannot-read of membership"}) || r.Verdict != mesh.Unknown {
		t.Errorf("root causes are %q\n%s", got, told(r))
	}
}
