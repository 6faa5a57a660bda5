package mesh

import "slices"

// Selector is a Kubernetes label selector (meta/v1 LabelSelector). The zero
// value selects everything, as an empty selector of a webhook does.
type Selector struct {
	Labels      map[string]string
	Expressions []Expression
}

// Expression is one requirement of a selector.
type Expression struct {
	Key      string
	Operator string // In, NotIn, Exists, DoesNotExist
	Values   []string
}

// Selects reports whether an object with these labels meets every requirement. As in Kubernetes, NotIn is met by an
// object without the label. An operator that does not exist selects nothing; the API server never stores one.
func (s Selector) Selects(labels map[string]string) bool {
	for key, want := range s.Labels {
		if value, found := labels[key]; !found || value != want {
			return false
		}
	}
	for _, e := range s.Expressions {
		if !e.met(labels) {
			return false
		}
	}
	return true
}

func (e Expression) met(labels map[string]string) bool {
	value, found := labels[e.Key]
	switch e.Operator {
	case "In":
		return found && slices.Contains(e.Values, value)
	case "NotIn":
		return !found || !slices.Contains(e.Values, value)
	case "Exists":
		return found
	case "DoesNotExist":
		return !found
	}
	return false
}

// Empty reports whether s selects everything.
func (s Selector) Empty() bool { return len(s.Labels) == 0 && len(s.Expressions) == 0 }
