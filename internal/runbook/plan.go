package runbook

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// PlanSchema is the version of Plan as JSON. It grows when a field changes its
// meaning or goes away; a new field does not change it.
const PlanSchema = 1

// Plan is what a runbook comes to on one target: what is there and what shall be,
// step by step. Its JSON is what runbook plan --out saves.
type Plan struct {
	Schema  int            `json:"schema"`
	Tool    string         `json:"tool"`
	Made    time.Time      `json:"made"`
	Runbook string         `json:"runbook"`
	Title   string         `json:"title,omitempty"`
	File    string         `json:"file"` // name of the file that the runbook is in
	Source  string         `json:"source"`
	Digest  string         `json:"digest"` // SHA-256 of Source
	Target  Target         `json:"target"`
	Inputs  map[string]any `json:"inputs,omitempty"` // as given; sensitive ones are Hidden
	UndoOf  string         `json:"undo_of,omitempty"`
	Steps   []PlannedStep  `json:"steps"`
	// Missing are permissions that the steps need and the caller lacks.
	Missing []MissingPermission `json:"missing_permissions,omitempty"`
	// Usual is how long the steps take when all goes well, AtMost when each wait ends at its last moment; in seconds.
	Usual  int `json:"usual_seconds"`
	AtMost int `json:"at_most_seconds"`
	// Fingerprint is of the runbook, its inputs and target, and of what was read.
	Fingerprint string `json:"fingerprint"`
}

// Hidden stands in a plan and a journal for the value of a sensitive input.
const Hidden = journal.Redacted

// StepStatus is what a plan says of a step.
type StepStatus string

// The statuses of a planned step.
const (
	StatusSatisfied StepStatus = "satisfied" // nothing to do
	StatusChange    StepStatus = "change"    // Current becomes Desired
	StatusLater     StepStatus = "later"     // what it does is known only after the steps in After
	StatusApproval  StepStatus = "approval"  // a person has to agree
	StatusPerson    StepStatus = "person"    // a person has to do something
	StatusWait      StepStatus = "wait"      // something is not so yet
	StatusFails     StepStatus = "fails"     // it would fail as things stand
	StatusUnknown   StepStatus = "unknown"   // what it is about could not be read
	StatusSkipped   StepStatus = "skipped"   // its condition does not hold
	StatusStays     StepStatus = "stays"     // of an undo: it cannot be taken back
)

// PlannedStep is one step of a plan, or one instance of it.
type PlannedStep struct {
	Step    string          `json:"step"` // with its instance: restart["web"]
	Action  lang.ActionKind `json:"action"`
	Kind    string          `json:"kind,omitempty"` // in the catalogue
	Status  StepStatus      `json:"status"`
	Subject string          `json:"subject,omitempty"`
	Current map[string]any  `json:"current,omitempty"` // by field, of what would change
	Desired map[string]any  `json:"desired,omitempty"`
	Risk    lang.Risk       `json:"risk,omitempty"`
	// Approval is why a person has to agree; "" where nobody has to.
	Approval string   `json:"approval,omitempty"`
	After    []string `json:"after,omitempty"` // steps that it waits for
	Text     string   `json:"text,omitempty"`  // what was seen, or is to be done
	Error    string   `json:"error,omitempty"` // of StatusUnknown and StatusFails
	Usual    int      `json:"usual_seconds,omitempty"`
	AtMost   int      `json:"at_most_seconds,omitempty"`
}

// BaseName is the step of restart["web"]: restart.
func BaseName(step string) string {
	name, _, _ := strings.Cut(step, "[")
	return name
}

// MissingPermission is a permission that a step needs and the caller lacks.
type MissingPermission struct {
	Step       string `json:"step"`
	On         string `json:"on"`
	Permission string `json:"permission"`
}

// Changes counts the steps of which something is left to do.
func (p *Plan) Changes() int { return p.count(StatusChange, StatusLater, StatusPerson) }

// Clean reports that everything is as the runbook wants it.
func (p *Plan) Clean() bool {
	return !slices.ContainsFunc(p.Steps, func(s PlannedStep) bool { return !s.NothingToDo() })
}

// NothingToDo reports that nothing is left to do in a step.
func (s PlannedStep) NothingToDo() bool {
	return s.Status == StatusSatisfied || s.Status == StatusSkipped || s.Status == StatusStays
}

func (p *Plan) count(statuses ...StepStatus) (n int) {
	for _, s := range p.Steps {
		if slices.Contains(statuses, s.Status) {
			n++
		}
	}
	return n
}

// ExitCode is that of runbook plan: 2 where something is to be done, 4 where it
// cannot be told, 3 where only what is waited for or asserted is not so, else 0.
func (p *Plan) ExitCode() int {
	switch {
	case p.Changes() > 0:
		return diagnosis.ExitChanges
	case p.count(StatusUnknown) > 0: // and that may be something to do
		return diagnosis.ExitUnknown
	case p.count(StatusWait, StatusFails) > 0:
		return diagnosis.ExitUnhealthy
	}
	return diagnosis.ExitClean
}

// Step returns the planned step of a name, or nil.
func (p *Plan) Step(name string) *PlannedStep {
	for i := range p.Steps {
		if p.Steps[i].Step == name {
			return &p.Steps[i]
		}
	}
	return nil
}

// Seal gives the plan its fingerprint. What waits and asserts saw is not part of it, because that changes by itself.
func (p *Plan) Seal() error {
	type part struct {
		Step     string
		Status   StepStatus
		Subject  string
		Current  map[string]any
		Desired  map[string]any
		Approval string
	}
	parts := []part{}
	for _, s := range p.Steps {
		if s.Action == lang.Assert || s.Action == lang.Wait || s.Action == lang.Approve {
			continue
		}
		parts = append(parts, part{s.Step, s.Status, s.Subject, s.Current, s.Desired, s.Approval})
	}
	raw, err := json.Marshal([]any{p.Runbook, p.Digest, p.Target, p.Inputs, p.UndoOf, parts})
	if err != nil {
		return err
	}
	p.Fingerprint = Digest(raw)
	return nil
}

// Digest is the SHA-256 of a text, in hexadecimal.
func Digest(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// JournalEntry is the plan as the journal keeps it.
func (p *Plan) JournalEntry() journal.Plan {
	e := journal.Plan{Fingerprint: p.Fingerprint, Steps: []journal.PlannedStep{}}
	for _, s := range p.Steps {
		e.Steps = append(e.Steps, journal.PlannedStep{
			Step: s.Step, Kind: string(s.Action), What: s.Kind, Status: string(s.Status), Risk: string(s.Risk), Subject: s.Subject,
			Current: s.Current, Desired: s.Desired, Approval: s.Approval, Satisfied: s.NothingToDo(),
		})
	}
	return e
}

// StepsOf are the steps of a plan as a journal keeps them. Older
// journals do not have the status of a step; it is derived from the rest.
func StepsOf(entry []journal.PlannedStep) (steps []PlannedStep) {
	for _, s := range entry {
		status := StepStatus(s.Status)
		switch {
		case status != "":
		case s.Satisfied:
			status = StatusSatisfied
		case len(s.Desired) > 0:
			status = StatusChange
		default:
			status = StatusLater
		}
		steps = append(steps, PlannedStep{
			Step: s.Step, Action: lang.ActionKind(s.Kind), Kind: s.What, Status: status, Risk: lang.Risk(s.Risk), Subject: s.Subject,
			Current: s.Current, Desired: s.Desired, Approval: s.Approval,
		})
	}
	return steps
}

// Write writes the plan as JSON.
func (p *Plan) Write(to io.Writer) error {
	e := json.NewEncoder(to)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(p)
}

// ReadPlan reads a plan that Write wrote. It is compared with one that is made now, which is then run.
func ReadPlan(from io.Reader) (*Plan, error) {
	d := json.NewDecoder(from)
	d.DisallowUnknownFields()
	var p Plan
	if err := d.Decode(&p); err != nil {
		return nil, fmt.Errorf("it is not a plan of this program: %w", err)
	}
	if p.Schema != PlanSchema {
		return nil, fmt.Errorf("its schema is %d, and this version reads %d: plan again", p.Schema, PlanSchema)
	}
	if Digest([]byte(p.Source)) != p.Digest {
		return nil, fmt.Errorf("the runbook in it is not the one that was planned: the file was altered; plan again")
	}
	was := p.Fingerprint
	if err := p.Seal(); err != nil {
		return nil, err
	}
	if p.Fingerprint != was {
		return nil, fmt.Errorf("its fingerprint is not that of its content: the file was altered; plan again")
	}
	return &p, nil
}

// WorldChangedError is the refusal of a plan because what it read is not so any more.
type WorldChangedError struct {
	Target      string
	Differences []string // one line each
}

func (e *WorldChangedError) Error() string {
	return fmt.Sprintf("%s has changed since the plan was made:\n  %s\n\nNothing was changed. Look at who is at work there, and plan again.",
		e.Target, strings.Join(e.Differences, "\n  "))
}

// Same refuses with a *WorldChangedError when a plan that is made now is not the one that was saved.
func (p *Plan) Same(now *Plan) error {
	if p.Fingerprint == now.Fingerprint {
		return nil
	}
	e := &WorldChangedError{Target: p.Target.Name}
	add := func(format string, args ...any) { e.Differences = append(e.Differences, fmt.Sprintf(format, args...)) }
	if p.Runbook != now.Runbook || p.Digest != now.Digest {
		add("the runbook %s is another text than the plan's", p.Runbook)
	}
	if !reflect.DeepEqual(Normalize(p.Inputs), Normalize(now.Inputs)) {
		add("the inputs are others than the plan's")
	}
	for _, was := range p.Steps {
		is := now.Step(was.Step)
		switch {
		case was.Action == lang.Assert || was.Action == lang.Wait || was.Action == lang.Approve:
		case is == nil:
			add("step %s is not there any more", was.Step)
		case was.Status != is.Status:
			add("step %s was %q and is %q%s", was.Step, was.Status, is.Status, in(is.Subject))
		default:
			for _, field := range union(was.Current, is.Current) {
				if !reflect.DeepEqual(Normalize(was.Current[field]), Normalize(is.Current[field])) {
					add("step %s: %s was %s and is %s%s", was.Step, field, Show(was.Current[field]), Show(is.Current[field]), in(is.Subject))
				}
			}
			for _, field := range union(was.Desired, is.Desired) {
				if !reflect.DeepEqual(Normalize(was.Desired[field]), Normalize(is.Desired[field])) {
					add("step %s: %s would become %s and not %s%s", was.Step, field, Show(is.Desired[field]), Show(was.Desired[field]), in(is.Subject))
				}
			}
			if was.Subject != is.Subject || was.Approval != is.Approval {
				add("step %s is about %s, and was about %s", was.Step, is.Subject, was.Subject)
			}
		}
	}
	for _, is := range now.Steps {
		if p.Step(is.Step) == nil && is.Action != lang.Assert && is.Action != lang.Wait {
			add("step %s is new%s", is.Step, in(is.Subject))
		}
	}
	if len(e.Differences) == 0 {
		add("the target or the order of the steps is another")
	}
	return e
}

// Beyond says what the plan would do that another one, which was shown before, does not have.
func (p *Plan) Beyond(shown *Plan) (more []string) {
	for _, s := range p.Steps {
		if s.Status != StatusChange && s.Status != StatusLater && s.Status != StatusPerson {
			continue
		}
		was := shown.Step(s.Step)
		if was == nil {
			was = shown.Step(BaseName(s.Step) + "[...]")
		}
		switch {
		case was == nil:
			more = append(more, fmt.Sprintf("step %s is new%s", s.Step, in(s.Subject)))
		case was.Status == StatusLater:
		case was.Status != s.Status:
			more = append(more, fmt.Sprintf("step %s was %s and is %s%s", s.Step, was.Status, s.Status, in(s.Subject)))
		case was.Subject != s.Subject || !within(s.Current, was.Current) || !within(s.Desired, was.Desired):
			more = append(more, fmt.Sprintf("step %s would change other values%s", s.Step, in(s.Subject)))
		}
	}
	return more
}

// within reports whether another map has all that one has.
func within(one, other map[string]any) bool {
	for field, value := range one {
		known, have := other[field]
		if !have || !reflect.DeepEqual(Normalize(known), Normalize(value)) {
			return false
		}
	}
	return true
}

func in(subject string) string {
	if subject == "" {
		return ""
	}
	return " (" + subject + ")"
}

func union(a, b map[string]any) []string {
	all := slices.Concat(slices.Collect(maps.Keys(a)), slices.Collect(maps.Keys(b)))
	slices.Sort(all)
	return slices.Compact(all)
}

// Normalize returns a value as it comes back from JSON, for comparing.
func Normalize(v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		return v
	}
	var back any
	if err := json.Unmarshal(raw, &back); err != nil {
		return v
	}
	return back
}

// ShowChange writes what a field is and what it becomes. What is asked for although
// it is so already, to have it looked at once more, says that.
func ShowChange(before, after any) (from, to string) {
	from, to = Show(before), Show(after)
	if from == to {
		to += ", asked for once more"
	}
	return from, to
}

// Show writes a value of a plan's Current or Desired for people: a string in quotes, nothing as (none).
func Show(v any) string {
	switch v := v.(type) {
	case nil:
		return "(none)"
	case string:
		if v == "" {
			return "(none)"
		}
		return fmt.Sprintf("%q", v)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(raw)
}
