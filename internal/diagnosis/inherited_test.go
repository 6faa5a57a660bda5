package diagnosis_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// moveGrants takes the agents' roles from the project of the clusters, and grants them to a folder above it.
func moveGrants(doc map[string]any, hidden bool) {
	p := project(doc, "mesh-sim-2")
	p["parent"] = map[string]any{"type": "folder", "id": "77"}
	policy := p["policy"].(map[string]any)
	var moved []any
	policy["bindings"] = slices.DeleteFunc(policy["bindings"].([]any), func(b any) bool {
		role := b.(map[string]any)["role"].(string)
		if role == mesh.AgentRole || role == mesh.HubAgentRole {
			moved = append(moved, b)
			return true
		}
		return false
	})
	doc["ancestors"] = map[string]any{"folders/77": map[string]any{
		"parent": map[string]any{"type": "organization", "id": "123456789012"}, "hidden": hidden, "policy": map[string]any{"bindings": moved},
	}}
}

// A role that is held through a folder is no missing binding, and where the folder cannot be read, not a known one.
func TestARoleThatAFolderGrants(t *testing.T) {
	w := newWorld(t, two)
	w.Edit(func(doc map[string]any) { moveGrants(doc, false) })
	w.Advance(time.Hour)
	quiet(t, w.diagnose(diagnosis.Options{}))

	hidden := newWorld(t, two)
	hidden.Edit(func(doc map[string]any) { moveGrants(doc, true) })
	hidden.Advance(time.Hour)
	r := hidden.diagnose(diagnosis.Options{})
	if got := rootNames(r); !slices.Equal(got, []string{"cannot-read of project"}) || r.Verdict != mesh.Unknown {
		t.Errorf("root causes are %q\n%s", got, told(r))
	}
	for _, f := range unreadable(r) {
		if !strings.Contains(f.Message, "folder") || f.Runbook != "" || !strings.Contains(f.Evidence[0].Text, "folders/77") {
			t.Errorf("%s, with %v", f.Message, f.Evidence)
		}
	}
}

// A role that nothing above grants is missing, whether or not that can be read, where the mesh complains.
func TestARoleThatNothingGrants(t *testing.T) {
	for _, hidden := range []bool{false, true} {
		w := newWorld(t, two)
		w.Edit(func(doc map[string]any) {
			moveGrants(doc, hidden)
			doc["ancestors"].(map[string]any)["folders/77"].(map[string]any)["policy"] = map[string]any{}
		})
		w.Advance(time.Hour)
		r := w.diagnose(diagnosis.Options{})
		want := []string{"hub-agent-binding-missing of project", "service-agent-binding-missing of project"}
		if hidden { // no mesh shows whether the GKE Hub service agent has its role
			want = []string{"cannot-read of project", "service-agent-binding-missing of project"}
		}
		if got := rootNames(r); !slices.Equal(got, want) {
			t.Errorf("hidden %t: root causes are %q, want %q\n%s", hidden, got, want, told(r))
		}
	}
}
