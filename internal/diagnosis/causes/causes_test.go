package causes_test

import (
	"slices"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis/causes"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

func node(code catalogue.Code, detail, at string, reach ...string) causes.Node {
	f := catalogue.NewFinding(code, at, "")
	f.Detail = detail
	return causes.Node{Finding: f, At: []string{at}, Reach: append(reach, at)}
}

func TestLink(t *testing.T) {
	const condition = "MESH_IAM_PERMISSION_DENIED"
	otherFleet := node(catalogue.BindingMissing, "", "project")
	otherFleet.Only = "two"
	ofFleet := node(catalogue.ConditionReported, condition, "member", "project")
	ofFleet.Fleet = "one"
	note := node(catalogue.BindingMissing, "", "project")
	note.Finding.Severity = catalogue.Info
	for _, tc := range []struct {
		name  string
		nodes []causes.Node
		want  []int // roots of the last
	}{
		{"a chain", []causes.Node{node(catalogue.BindingMissing, "", "project"),
			node(catalogue.ConditionReported, condition, "member", "project"),
			node(catalogue.RevisionsUnhealthy, "", "member", "project")}, []int{0}},
		{"out of reach", []causes.Node{node(catalogue.BindingMissing, "", "elsewhere"),
			node(catalogue.ConditionReported, condition, "member", "project")}, nil},
		{"of another fleet", []causes.Node{otherFleet, ofFleet}, nil},
		{"a note", []causes.Node{note, node(catalogue.ConditionReported, condition, "member", "project")}, nil},
		{"a condition that is not known",
			[]causes.Node{node(catalogue.BindingMissing, "", "project"), node(catalogue.ConditionReported, "", "member", "project")}, nil},
	} {
		if got := causes.Link(tc.nodes).Roots(len(tc.nodes) - 1); !slices.Equal(got, tc.want) {
			t.Errorf("%s: roots %v, want %v", tc.name, got, tc.want)
		}
	}
}

// A revision that is at fault itself explains alone why its webhook is missing.
func TestRevisionAtFault(t *testing.T) {
	missing := node(catalogue.InjectorMissing, "", "member", "project")
	missing.Finding.Subject = "member/mutatingwebhookconfigurations/istiod-asm-managed"
	fault := node(catalogue.RevisionMismatch, "", "member")
	fault.Finding.Subject = "member/namespaces/istio-system/controlplanerevisions/asm-managed"
	nodes := []causes.Node{fault, node(catalogue.BindingMissing, "", "project"), missing}
	if got := causes.Link(nodes).Roots(2); !slices.Equal(got, []int{0}) {
		t.Errorf("roots %v", got)
	}
}

func TestCirclesEnd(t *testing.T) {
	g := make(causes.Graph, 3)
	g.Add(0, 1)
	g.Add(1, 0)
	g.Add(2, 2)
	for i := range g {
		if got := g.Roots(i); len(got) != 0 {
			t.Errorf("%d: roots %v", i, got)
		}
	}
}
