package diagnosis_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

const ownKey = "locations/us-central1/memberships/cluster-1"

// A mesh that is asked for at another place than the cluster's, or in another fleet, has that as its cause.
func TestAMembershipThatIsNotWhereTheMeshIsAskedFor(t *testing.T) {
	for _, c := range []struct {
		name     string
		then     func(w *world)
		roots    []string
		verdict  mesh.Verdict
		projects int
	}{
		{"at another location", func(w *world) {
			w.Edit(func(doc map[string]any) {
				specs := meshFeature(doc)["membershipSpecs"].(map[string]any)
				specs["locations/global/memberships/cluster-1"] = specs[ownKey]
				delete(specs, ownKey)
			})
		}, []string{"membership-at-other-location of membership"}, mesh.Unhealthy, 1},
		{"at another location, too", func(w *world) {
			w.Edit(func(doc map[string]any) {
				specs := meshFeature(doc)["membershipSpecs"].(map[string]any)
				specs["locations/global/memberships/cluster-1"] = specs[ownKey]
			})
		}, []string{}, mesh.Healthy, 1},
		{"of a name that the fleet does not have", func(w *world) {
			w.Edit(func(doc map[string]any) {
				specs := meshFeature(doc)["membershipSpecs"].(map[string]any)
				specs["locations/us-central1/memberships/another"] = specs[ownKey]
			})
		}, []string{"membership-spec-orphaned of membership"}, mesh.Unhealthy, 1},
		{"the cluster is in another fleet", func(w *world) {
			w.Edit(func(doc map[string]any) {
				of := project(doc, fleetProject)["clusters"].([]any)[0].(map[string]any)
				of["fleet"] = map[string]any{"project": "100000000002",
					"membership": "//gkehub.googleapis.com/projects/mesh-sim-2/" + ownKey}
			})
		}, []string{"cluster-in-other-fleet of membership"}, mesh.Unhealthy, 2},
		{"the cluster was unregistered", func(w *world) {
			w.CallAs(simtest.Owner, "gcloud", http.MethodDelete,
				"/gkehub.googleapis.com/v1/projects/"+fleetProject+"/"+ownKey+"?force=true", "")
		}, []string{"cluster-not-registered of cluster"}, mesh.Unhealthy, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sim.Options{Projects: c.projects, Clusters: 2})
			w.Advance(time.Hour)
			quiet(t, w.diagnose(diagnosis.Options{})) // a cluster is made at its first access
			c.then(w)
			w.Advance(time.Hour)
			r := w.diagnose(diagnosis.Options{})
			if got := rootNames(r); !slices.Equal(got, c.roots) || r.Verdict != c.verdict {
				t.Errorf("root causes are %q, want %q\n%s", got, c.roots, told(r))
			}
		})
	}
}
