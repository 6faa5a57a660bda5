package lang

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// Risk is how much harm a change can do.
type Risk string

// The risks, least first.
const (
	NoRisk     Risk = "none"   // reads only
	LowRisk    Risk = "low"    // adds what was missing; running workloads are not affected
	MediumRisk Risk = "medium" // running workloads may be affected, and recover by themselves
	HighRisk   Risk = "high"   // running workloads are interrupted, or the change cannot be undone
)

// Risks lists the risks, least first.
func Risks() []Risk { return []Risk{NoRisk, LowRisk, MediumRisk, HighRisk} }

// Arg is an argument of a kind.
type Arg struct {
	Name     string
	Type     cty.Type
	Required bool
	Default  cty.Value // cty.NilVal: null
	Doc      string
	// Check returns an error for a value that is not valid. It is called with known
	// values that are not null, before anything runs, so it does no I/O.
	Check func(cty.Value) error
}

// Kind is something that can be ensured, asserted or waited for.
type Kind struct {
	Action      ActionKind // Ensure, Assert or Wait
	Name        string
	Doc         string
	Args        []Arg
	Risk        Risk
	Permissions []string // IAM permissions and Kubernetes verbs that it takes
	Result      cty.Type // of step.NAME.result; cty.NilType where there is none
	// Success, Transitional and Failure are the states at which a wait succeeds,
	// continues and fails. It also continues at any other state, which is unknown.
	Success, Transitional, Failure []string
}

func (k *Kind) arg(name string) *Arg {
	for i := range k.Args {
		if k.Args[i].Name == name {
			return &k.Args[i]
		}
	}
	return nil
}

func (k *Kind) argNames() []string { return names(k.Args, func(a Arg) string { return a.Name }) }

// Catalogue holds everything that runbooks can ensure, assert and wait for.
type Catalogue struct {
	kinds []*Kind
	named map[ActionKind]map[string]*Kind
}

// snakeCase is the form of the names of kinds, arguments and inputs.
var snakeCase = regexp.MustCompile(`^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$`)

// NewCatalogue builds a catalogue. It returns an error for a bug in the program: a
// duplicate kind, or one that no runbook could use.
func NewCatalogue(kinds ...Kind) (*Catalogue, error) {
	c := &Catalogue{named: map[ActionKind]map[string]*Kind{Ensure: {}, Assert: {}, Wait: {}}}
	for _, k := range kinds {
		k.Args = slices.Clone(k.Args)
		named, is := c.named[k.Action]
		if !is {
			return nil, fmt.Errorf("catalogue: %s %q: only ensure, assert and wait have kinds", k.Action, k.Name)
		}
		if err := k.check(); err != nil {
			return nil, fmt.Errorf("catalogue: %s %q: %w", k.Action, k.Name, err)
		}
		if named[k.Name] != nil {
			return nil, fmt.Errorf("catalogue: %s %q is defined twice", k.Action, k.Name)
		}
		c.kinds, named[k.Name] = append(c.kinds, &k), &k
	}
	return c, nil
}

func (k *Kind) check() error {
	switch {
	case !snakeCase.MatchString(k.Name):
		return fmt.Errorf("the name is not in lower-case letters, digits and underscores")
	case k.Doc == "":
		return fmt.Errorf("it is not documented")
	case !slices.Contains(Risks(), k.Risk):
		return fmt.Errorf("%q is not a risk", k.Risk)
	case k.Action == Wait && len(k.Success) == 0:
		return fmt.Errorf("no state means success")
	}
	reserved := runbookBlock.block("step").block(string(k.Action)).attributeNames()
	seen := map[string]bool{}
	for i, a := range k.Args {
		switch {
		case !snakeCase.MatchString(a.Name):
			return fmt.Errorf("argument %q: the name is not in lower-case letters, digits and underscores", a.Name)
		case slices.Contains(reserved, a.Name):
			return fmt.Errorf("argument %q: the name is reserved by the language", a.Name)
		case seen[a.Name]:
			return fmt.Errorf("argument %q is defined twice", a.Name)
		case a.Type == cty.NilType:
			return fmt.Errorf("argument %q has no type", a.Name)
		case a.Required && a.Default != cty.NilVal:
			return fmt.Errorf("argument %q is required and has a default", a.Name)
		}
		seen[a.Name] = true
		if a.Default != cty.NilVal {
			value, err := convert.Convert(a.Default, a.Type)
			if err != nil {
				return fmt.Errorf("argument %q: the default: %w", a.Name, err)
			}
			k.Args[i].Default = value
		}
	}
	return nil
}

// Kinds lists the kinds of an action in the order in which they were given.
func (c *Catalogue) Kinds(action ActionKind) []*Kind {
	var list []*Kind
	for _, k := range c.kinds {
		if k.Action == action {
			list = append(list, k)
		}
	}
	return list
}

// Kind returns a kind, or nil.
func (c *Catalogue) Kind(action ActionKind, name string) *Kind { return c.named[action][name] }

func (c *Catalogue) kindNames(action ActionKind) []string {
	return names(c.Kinds(action), func(k *Kind) string { return k.Name })
}
