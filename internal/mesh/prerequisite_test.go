package mesh_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// A kind without a row would be judged by nothing, and nothing would say so.
func TestEveryKindHasARow(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "prerequisite.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []mesh.Kind
	ast.Inspect(file, func(n ast.Node) bool {
		spec, isSpec := n.(*ast.ValueSpec)
		if !isSpec {
			return true
		}
		if of, named := spec.Type.(*ast.Ident); named && of.Name == "Kind" {
			name, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			kinds = append(kinds, mesh.Kind(name))
		}
		return true
	})
	if len(kinds) < 11 {
		t.Fatalf("only %d kinds were found in the source", len(kinds))
	}
	rows := mesh.Order()
	for _, k := range kinds {
		if !slices.Contains(rows, k) {
			t.Errorf("%s has no row in prerequisites", k)
		}
	}
	if len(rows) != len(kinds) {
		t.Errorf("%d kinds have %d rows", len(kinds), len(rows))
	}
	resources := map[string]bool{}
	for _, p := range mesh.Prerequisites() {
		switch {
		case p.Title == "":
			t.Errorf("%s has no title", p.Kind)
		case (p.Resource == "") != (p.Drift == ""):
			t.Errorf("%s: a resource warns of drift, and nothing else does: resource %q, drift %q", p.Kind, p.Resource, p.Drift)
		case p.Resource != "" && (resources[p.Resource] || mesh.KindOf(p.Resource) != p.Kind):
			t.Errorf("%s: resource %s is of another kind, too", p.Kind, p.Resource)
		}
		resources[p.Resource] = true
	}
}

func TestLost(t *testing.T) {
	for _, tc := range []struct {
		kind    mesh.Kind
		details []string
		want    string
	}{
		{mesh.APIs, []string{"mesh.googleapis.com"}, "mesh.googleapis.com was disabled"},
		{mesh.APIs, []string{"a", "b"}, "2 APIs were disabled"},
		{mesh.ClusterPool, []string{""}, "the workload pool was changed"},
		{mesh.ControlPlane, []string{""}, "it was changed"},
		{"later", nil, "it was changed"},
	} {
		if got := tc.kind.Row().Lost(tc.details...); got != tc.want {
			t.Errorf("%s %v: got %q, want %q", tc.kind, tc.details, got, tc.want)
		}
	}
}
