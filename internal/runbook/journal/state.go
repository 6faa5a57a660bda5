package journal

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// State is what a journal says of its run: what to resume, what to undo.
type State struct {
	Run, Runbook, Target string
	Digest, Source, Job  string
	Started              time.Time
	Inputs               map[string]any
	UndoOf               string // the run that this one takes back, or ""
	Fence                int64  // of the executor that wrote last
	Fingerprint          string // of the plan that is in force
	Plan                 []PlannedStep
	Approvals            []Approval
	Outcome              Outcome // "" while the run is not finished
	Reason               string  // of the outcome
	Resumed              int     // how often

	steps map[string]*StepState
	order []string
	made  []Made
	taken map[Origin]bool
}

// Status is how far a step has come.
type Status string

// The statuses of a step.
const (
	Pending  Status = "pending"   // planned, not begun
	Started  Status = "started"   // begun, nothing intended yet
	InFlight Status = "in-flight" // an act was begun, and nobody knows how it ended
	Done     Status = "done"      // its acts ended well, its check has not spoken yet
	Verified Status = "verified"
	Skipped  Status = "skipped"
	Broken   Status = "failed"
	Waits    Status = "waiting"
)

// StepState is what a journal says of a step.
type StepState struct {
	Step     string
	Status   Status
	Attempts int
	Error    string
	For      string // what it waits for
	Result   any
	Acts     []ActIntended // in flight: to be checked before anything is done again
	// Announced is when each of its acts was announced, whatever came of it.
	Announced []time.Time
}

// Made is a change that a run made, or may have made.
type Made struct {
	Seq      int64 // of the entry that records it
	Step     string
	Act      string
	Change   FieldChange
	Reverses Origin // the change that this one takes back; zero for one that takes nothing back
	Doubtful bool   // nobody saw how the act ended: compare with the pre-image first
	Redacted bool   // the pre-image or an argument had a secret in it, so that it cannot be restored
}

// Origin is a change of a run, by the entry that records it.
type Origin struct {
	Run string
	Seq int64
}

// Steps are the states of all steps, in the order of the plan.
func (s *State) Steps() []StepState {
	var all []StepState
	for _, name := range s.order {
		all = append(all, *s.steps[name])
	}
	return all
}

// Step is the state of one step; a step that the journal does not know is pending.
func (s *State) Step(name string) StepState {
	if step, ok := s.steps[name]; ok {
		return *step
	}
	return StepState{Step: name, Status: Pending}
}

// Approved returns the approval that lets a step of this plan go ahead now, and that is genuine.
func (s *State) Approved(step, fingerprint string, now time.Time, genuine func(Approval) bool) (Approval, bool) {
	for _, a := range slices.Backward(s.Approvals) {
		if a.Step == step && a.Fingerprint == fingerprint && now.Before(a.Expires) && genuine(a) {
			return a, true
		}
	}
	return Approval{}, false
}

// Changes are all changes that the run made or may have made, the last first.
func (s *State) Changes() []Made {
	all := slices.Clone(s.made)
	slices.SortFunc(all, func(a, b Made) int { return int(b.Seq - a.Seq) })
	return all
}

// ToUndo are the changes in the order in which to take them back: the last first. A change that the run took back itself
// is none of them, and neither is the change that took it back.
func (s *State) ToUndo() []Made {
	return slices.DeleteFunc(s.Changes(), func(m Made) bool {
		return m.Reverses.Run == s.Run && s.Run != "" || s.taken[Origin{s.Run, m.Seq}]
	})
}

// Fold reads what the entries of a journal come to.
func Fold(entries []Entry) (*State, error) {
	s := &State{steps: map[string]*StepState{}, taken: map[Origin]bool{}}
	undoing := map[string]Origin{} // step -> what its next act takes back
	for _, e := range entries {
		switch p := e.Data.(type) {
		case RunStarted:
			s.Run, s.Runbook, s.Target, s.Inputs, s.UndoOf = p.Run, p.Runbook, p.Target, p.Inputs, p.UndoOf
			s.Digest, s.Source, s.Job, s.Started = p.Digest, p.Source, p.Job, e.Time
			s.Fingerprint, s.Fence = p.Fingerprint, p.Fence
		case RunResumed:
			s.Fence, s.Outcome, s.Reason = p.Fence, "", ""
			s.Resumed++
		case Plan:
			s.Fingerprint, s.Plan = p.Fingerprint, p.Steps
			for _, step := range p.Steps {
				s.at(step.Step)
			}
		case Approval:
			s.Approvals = append(s.Approvals, p)
		case StepStarted:
			step := s.at(p.Step)
			step.Attempts, step.Error, step.For = p.Attempt, "", ""
			step.to(Started)
		case ActIntended:
			s.supersede(p.Step, p.Act)
			step := s.at(p.Step)
			step.Acts, step.Announced = append(step.Acts, p), append(step.Announced, e.Time)
			step.to(InFlight)
			m := made(e.Seq, p.Step, p.Act, p.Change, true)
			m.Reverses = undoing[p.Step]
			s.made = append(s.made, m)
		case ActDone:
			m := made(e.Seq, p.Step, p.Act, p.Change, false)
			m.Reverses = undoing[p.Step]
			s.settle(p.Step, p.Act, m)
			s.at(p.Step).to(Done)
			if o, ok := undoing[p.Step]; ok {
				s.taken[o] = true
				delete(undoing, p.Step)
			}
		case ActFailed:
			s.fail(e.Seq, p)
		case StepVerified:
			step := s.at(p.Step)
			step.Acts, step.Error, step.For, step.Result = nil, "", "", p.Result
			step.to(Verified)
			if o, ok := undoing[p.Step]; ok { // it was as it had been already
				s.taken[o] = true
				delete(undoing, p.Step)
			}
		case StepSkipped:
			s.at(p.Step).to(Skipped)
		case StepFailed:
			step := s.at(p.Step)
			step.Error = p.Error
			step.to(Broken)
		case Waiting:
			step := s.at(p.Step)
			step.For = p.For
			step.to(Waits)
		case UndoOf:
			undoing[p.Step] = Origin{p.Run, p.Seq}
		case RunFinished:
			s.Outcome, s.Reason = p.Outcome, p.Reason
		case Note:
		case LockTakenOver:
			s.Fence = p.Fence
		default:
			return nil, fmt.Errorf("entry %d is of the kind %q, which this version does not know: "+
				"use the version that wrote it, or a later one", e.Seq, e.Kind)
		}
	}
	return s, nil
}

// at returns the state of a step, which is pending when nothing was said of it.
func (s *State) at(name string) *StepState {
	step, ok := s.steps[name]
	if !ok {
		step = &StepState{Step: name, Status: Pending}
		s.steps[name] = step
		s.order = append(s.order, name)
	}
	return step
}

// to moves a step on, except that one with an act in flight stays in flight whatever else is said of it.
func (s *StepState) to(status Status) {
	s.Status = status
	if len(s.Acts) > 0 {
		s.Status = InFlight
	}
}

// supersede takes an act out of flight because it is begun anew. What the
// earlier attempt may have changed stays to be undone.
func (s *State) supersede(step, act string) {
	st := s.at(step)
	st.Acts = slices.DeleteFunc(st.Acts, func(a ActIntended) bool { return a.Act == act })
}

// settle puts what an act changed in the place of what it was to change.
func (s *State) settle(step, act string, m Made) {
	s.supersede(step, act)
	for i, earlier := range slices.Backward(s.made) {
		if earlier.Step == step && earlier.Act == act && earlier.Doubtful {
			s.made = slices.Delete(s.made, i, i+1)
			break
		}
	}
	if !m.Change.Empty() {
		s.made = append(s.made, m)
	}
}

func (s *State) fail(seq int64, p ActFailed) {
	m := made(seq, p.Step, p.Act, p.Change, p.Doubtful)
	step := s.at(p.Step)
	if p.Doubtful {
		// What was intended stays to be undone, and to be checked by who resumes.
		step.Error = p.Error
		step.to(InFlight)
		return
	}
	s.settle(p.Step, p.Act, m)
	step.Error = p.Error
	step.to(Started)
}

func made(seq int64, step, act string, c FieldChange, doubtful bool) Made {
	return Made{Seq: seq, Step: step, Act: act, Change: c, Doubtful: doubtful, Redacted: holdsRedacted(c.Before) || holdsRedacted(c.Args)}
}

func holdsRedacted(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.Contains(v, Redacted)
	case []any:
		return slices.ContainsFunc(v, holdsRedacted)
	case map[string]any:
		for key, item := range v {
			if strings.Contains(key, Redacted) || holdsRedacted(item) {
				return true
			}
		}
	}
	return false
}
