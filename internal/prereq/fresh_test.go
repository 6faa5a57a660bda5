package prereq_test

import (
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
)

// Others take a prerequisite away after this process read that it is met. Apply must not believe that read: it writes,
// and what it returns is so.
func TestApplyBelievesNoEarlierRead(t *testing.T) {
	cached := []string{"services", "binding", "workload pool", "node pools", "identity", "management", "feature"}
	for _, trip := range trips() {
		for _, name := range cached {
			if name != trip.name {
				continue
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, two)
				p := trip.of(w)
				if s, err := p.Check(t.Context(), false); err != nil || !s.Met() {
					t.Fatalf("not met in a healthy world: %v", err)
				}
				// As another process does: it tells this one nothing.
				others := *w
				others.client = w.Client("admin@example.com")
				trip.spoil(&others)
				w.wrote()
				change := w.apply(p)
				if wrote := w.wrote(); len(wrote) != len(trip.writes) || change.Empty() {
					t.Errorf("wrote %q, changed %v", wrote, change.After)
				}
				if !w.check(p).Met() {
					t.Error("not met afterwards")
				}
			})
		}
	}
}

// Others grant the role again after this process read that it is not granted. A revocation must not believe that read.
func TestARevocationBelievesNoEarlierRead(t *testing.T) {
	w := newWorld(t, two)
	p := &prereq.ServiceAgentBinding{Client: w.client, Project: "mesh-sim-1", FleetProject: "mesh-sim-1"}
	w.Fault("binding-revoked")
	w.check(p)
	w.ClearFault("binding-revoked")
	w.undo(p, prereq.Change{After: map[string]any{"member": mesh.ServiceAgentMember("100000000001")}})
	if w.check(p).Met() {
		t.Error("the role is still granted")
	}
}
