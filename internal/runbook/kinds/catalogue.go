package kinds

import (
	"slices"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

var (
	all      = allDefs()
	index    = indexOf(all)
	language = catalogueOf(all)
)

// All lists all kinds, in the order of the documentation.
func All() []Def { return all }

// Find returns the kind of an action, or nil.
func Find(action lang.ActionKind, name string) *Def { return index[action][name] }

// Catalogue is what the language knows of all kinds.
func Catalogue() *lang.Catalogue { return language }

// allDefs lists all kinds in the order of the documentation: ensures, asserts, waits,
// and in each group what others depend on first.
func allDefs() []Def {
	var ensureDefs, assertDefs []Def
	for _, e := range ensures() {
		ensureDefs = append(ensureDefs, e.Def)
		if e.assertDoc != "" {
			assertDefs = append(assertDefs, assertOf(e))
		}
	}
	return slices.Concat(ensureDefs, assertDefs, asserts, waits)
}

func indexOf(defs []Def) map[lang.ActionKind]map[string]*Def {
	index := map[lang.ActionKind]map[string]*Def{}
	for i := range defs {
		d := &defs[i]
		if index[d.Action] == nil {
			index[d.Action] = map[string]*Def{}
		}
		index[d.Action][d.Name] = d
	}
	return index
}

func catalogueOf(defs []Def) *lang.Catalogue {
	known := make([]lang.Kind, len(defs))
	for i, d := range defs {
		known[i] = d.Kind
	}
	c, err := lang.NewCatalogue(known...)
	if err != nil {
		panic(err) // a mistake in the table, which the tests find
	}
	return c
}
