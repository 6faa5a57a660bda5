package prereq_test

import (
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// APIs that depend on each other are taken back, each before what it depends on. What others enabled keeps what it needs.
func TestAPIsAreDisabledInTheOrderOfTheirDependences(t *testing.T) {
	w := newWorld(t, sim.Options{Projects: 1})
	const usage = "/serviceusage.googleapis.com/v1/projects/mesh-sim-1/services"
	names := []string{"compute.googleapis.com", "container.googleapis.com", "gkehub.googleapis.com"}
	w.Clock.Jump = true
	for _, name := range names {
		w.Call("POST", usage+"/"+name+":disable", `{"disableDependentServices":true}`)
		w.Advance(60e9)
	}
	p := &prereq.ProjectServices{Client: w.client, Project: "mesh-sim-1", Names: names}
	change := w.apply(p)
	if len(change.After) != len(names) {
		t.Fatalf("changed %v", change.After)
	}
	w.undo(p, change)
	if s := w.check(p).(prereq.ServicesState); len(s.Disabled()) != len(names) {
		t.Errorf("after the undo: %v", s.Enabled)
	}

	// container.googleapis.com is somebody else's: what it depends on stays, and the rest goes.
	others := &prereq.ProjectServices{Client: w.client, Project: "mesh-sim-1", Names: []string{"compute.googleapis.com",
		"gkehub.googleapis.com"}}
	change = w.apply(others)
	w.apply(p)
	err := others.Undo(t.Context(), change)
	if err == nil || !strings.Contains(err.Error(), "container.googleapis.com") {
		t.Errorf("%v", err)
	}
	s := w.check(p).(prereq.ServicesState)
	if !s.Enabled["compute.googleapis.com"] || !s.Enabled["container.googleapis.com"] || s.Enabled["gkehub.googleapis.com"] {
		t.Errorf("after the undo: %v", s.Enabled)
	}
}
