package kinds

// defs are all kinds, in the order of the documentation: in each part as things
// depend on each other.
func defs() []Def {
	var changes, checks []Def
	for _, e := range ensures() {
		changes = append(changes, e.Def)
		if e.check != "" {
			checks = append(checks, assertOf(e))
		}
	}
	all := append(changes, checks...)
	all = append(all, asserts...)
	return append(all, waits...)
}
