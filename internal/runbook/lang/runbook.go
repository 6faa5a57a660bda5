package lang

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/zclconf/go-cty/cty"
)

// File is a file of runbooks.
type File struct {
	Name     string
	Bytes    []byte
	Runbooks []*Runbook
}

// Runbook corrects one problem, step by step.
type Runbook struct {
	Name        string
	Title       string
	Description string
	Reference   string           // URL of the documentation it follows, or ""
	Fixes       []catalogue.Code // findings that it corrects
	Target      TargetKind
	Inputs      []*Input
	Locals      []*Local
	// Steps are in the order in which they can run: what a step needs comes before it, and otherwise they are as
	// written. Where steps need each other in a cycle they are as written, and Validate says so.
	Steps     []*Step
	DeclRange hcl.Range

	fixRanges []hcl.Range // of Fixes, one each
}

// Input is a value that is given when a run is started.
type Input struct {
	Name        string
	Type        cty.Type
	Description string
	Default     cty.Value // cty.NilVal where the input must be given
	Sensitive   bool      // its value is never shown
	Validations []Validation
	DeclRange   hcl.Range

	optional *typeexpr.Defaults
}

// Required reports whether a run must be given the input.
func (i *Input) Required() bool { return i.Default == cty.NilVal }

// Validation is a condition that an input must meet.
type Validation struct {
	Condition    hcl.Expression
	ErrorMessage hcl.Expression
	DeclRange    hcl.Range
}

// Local is a name for an expression.
type Local struct {
	Name      string
	Expr      hcl.Expression
	DeclRange hcl.Range
}

// OnFailure says what a failed step does to the run.
type OnFailure string

// What a failure can lead to.
const (
	Stop     OnFailure = "stop"     // nothing further is started
	Continue OnFailure = "continue" // steps that do not need the failed one still run
	Undo     OnFailure = "undo"     // what the run changed is undone
)

// Step is one step of a runbook.
type Step struct {
	Name      string
	Action    *Action
	When      hcl.Expression // nil: always
	ForEach   hcl.Expression // nil: once
	DependsOn []hcl.Traversal
	Approval  hcl.Expression // nil: no gate before the step
	OnFailure OnFailure
	DeclRange hcl.Range
	// Needs are the steps that must have ended before this one starts, by
	// depends_on or because an expression reads them, in their order.
	Needs []string

	timeout, attempts, backoff hcl.Expression
	index                      int                  // place in the file
	reads                      map[string]hcl.Range // Needs, and where the source refers to them
	blockRange                 hcl.Range            // the whole block
}

// ActionKind is what a step does.
type ActionKind string

// The kinds of actions.
const (
	Ensure   ActionKind = "ensure"   // change something, unless it is as wanted already
	Assert   ActionKind = "assert"   // fail unless something holds
	Wait     ActionKind = "wait"     // wait until something holds
	Approve  ActionKind = "approve"  // a person approves
	Instruct ActionKind = "instruct" // a person does what no API can
)

// ActionKinds lists the kinds, in the order of the documentation.
func ActionKinds() []ActionKind { return []ActionKind{Ensure, Assert, Wait, Approve, Instruct} }

// Action is what a step does.
type Action struct {
	Kind ActionKind
	Name string // kind in the catalogue, of ensure, wait and assert; "" for assert with a condition
	// Condition and ErrorMessage are set in an assert without a name.
	Condition, ErrorMessage hcl.Expression
	Message                 hcl.Expression // of approve
	Risk                    Risk           // of approve; that of an ensure is in the catalogue
	Text                    hcl.Expression // of instruct
	Verify                  *Action        // of instruct, an assert; nil: the person's confirmation is enough
	DeclRange               hcl.Range

	nameRange                      hcl.Range
	args                           []*hclsyntax.Attribute // of the catalogue's kind, as written
	reported                       map[string]bool        // arguments that are written as blocks
	timeout, interval, consecutive hcl.Expression         // of wait
}

// Runbook returns the runbook of that name, or nil.
func (f *File) Runbook(name string) *Runbook {
	for _, r := range f.Runbooks {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// RunbookNames lists the names of the file's runbooks, sorted.
func (f *File) RunbookNames() []string {
	return names(f.Runbooks, func(r *Runbook) string { return r.Name })
}

// Input returns the input of that name, or nil.
func (r *Runbook) Input(name string) *Input {
	for _, i := range r.Inputs {
		if i.Name == name {
			return i
		}
	}
	return nil
}

// Step returns the step of that name, or nil.
func (r *Runbook) Step(name string) *Step {
	for _, s := range r.Steps {
		if s.Name == name {
			return s
		}
	}
	return nil
}

func (r *Runbook) local(name string) *Local {
	for _, l := range r.Locals {
		if l.Name == name {
			return l
		}
	}
	return nil
}

// InputNames lists the names of the inputs, sorted.
func (r *Runbook) InputNames() []string {
	return names(r.Inputs, func(i *Input) string { return i.Name })
}

func (r *Runbook) localNames() []string {
	return names(r.Locals, func(l *Local) string { return l.Name })
}

// StepNames lists the names of the steps, sorted.
func (r *Runbook) StepNames() []string {
	return names(r.Steps, func(s *Step) string { return s.Name })
}

func names[T any](list []T, name func(T) string) []string {
	all := make([]string, len(list))
	for i, x := range list {
		all[i] = name(x)
	}
	slices.Sort(all)
	return all
}
