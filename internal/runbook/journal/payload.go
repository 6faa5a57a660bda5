package journal

import (
	"encoding/json"
	"time"
)

// Kind says what an entry tells.
type Kind string

// The kinds of entries.
const (
	KindRunStarted    Kind = "run-started"
	KindPlan          Kind = "plan"
	KindApproval      Kind = "approval"
	KindStepStarted   Kind = "step-started"
	KindActIntended   Kind = "act-intended"
	KindActDone       Kind = "act-done"
	KindActFailed     Kind = "act-failed"
	KindStepVerified  Kind = "step-verified"
	KindStepSkipped   Kind = "step-skipped"
	KindStepFailed    Kind = "step-failed"
	KindWaiting       Kind = "waiting"
	KindNote          Kind = "note"
	KindRunResumed    Kind = "run-resumed"
	KindLockTakenOver Kind = "lock-taken-over"
	KindUndoOf        Kind = "undo-of"
	KindRunFinished   Kind = "run-finished"
)

// Payload is what an entry of one kind tells. Numbers stand only directly in a
// payload, not deeper: those are ours and never a secret (see Redactor.Value).
type Payload interface{ Kind() Kind }

// Executor is who runs: a process of a person or of a job on a machine.
type Executor struct {
	User    string `json:"user"` // account on the machine, or of the cloud when that is known
	Host    string `json:"host"`
	PID     string `json:"pid"`
	Version string `json:"version"` // of this program
}

// RunStarted is the first entry of every journal.
type RunStarted struct {
	Run         string         `json:"run"`
	Runbook     string         `json:"runbook"`
	Digest      string         `json:"digest,omitempty"` // SHA-256 of Source
	Source      string         `json:"source,omitempty"` // text of the file that the runbook is in
	Target      string         `json:"target"`           // full resource name
	Fleet       string         `json:"fleet,omitempty"`  // id or number of the fleet's host project, where the target does not tell
	Job         string         `json:"job,omitempty"`    // name that runs on several targets share
	By          Executor       `json:"by"`
	Reason      string         `json:"reason,omitempty"` // why, as X-Goog-Request-Reason tells Google
	Inputs      map[string]any `json:"inputs,omitempty"`
	Fingerprint string         `json:"fingerprint,omitempty"` // of the plan that is run
	Fence       int64          `json:"fence"`                 // of the lock; a later run on the target has a higher one
	UndoOf      string         `json:"undo_of,omitempty"`     // the run that this one takes back
}

// Plan is what the run means to do. The last one in a journal is in force.
type Plan struct {
	Fingerprint string        `json:"fingerprint"`
	Steps       []PlannedStep `json:"steps"`
}

// PlannedStep is a step with what is there and what shall be. Current and
// Desired are by field, and the same when nothing is left to do.
type PlannedStep struct {
	Step      string         `json:"step"`           // with its instance: restart["web"]
	Kind      string         `json:"kind"`           // ensure, assert, wait, approve, instruct
	What      string         `json:"what,omitempty"` // in the catalogue
	Status    string         `json:"status,omitempty"`
	Risk      string         `json:"risk,omitempty"`
	Subject   string         `json:"subject,omitempty"`
	Current   map[string]any `json:"current,omitempty"`
	Desired   map[string]any `json:"desired,omitempty"`
	Approval  string         `json:"approval,omitempty"` // why it has to be approved; "" when it has not
	Satisfied bool           `json:"satisfied,omitempty"`
}

// Approval lets a step of one plan go ahead.
type Approval struct {
	Step        string    `json:"step"`
	Approver    string    `json:"approver"`
	How         string    `json:"how"` // terminal, flag, file, risk
	Expires     time.Time `json:"expires"`
	Fingerprint string    `json:"fingerprint"` // of the plan that the approver saw
	Run         string    `json:"run,omitempty"`
	Signature   string    `json:"signature,omitempty"` // by a Signer; in hexadecimal
}

// StepStarted says that a step was begun, or begun again.
type StepStarted struct {
	Step    string `json:"step"`
	Attempt int    `json:"attempt"` // 1, 2, ...
}

// FieldChange is a change to one thing, by the fields that it touches.
type FieldChange struct {
	Kind    string         `json:"kind"` // prerequisite or other change of the catalogue
	Subject string         `json:"subject"`
	Before  map[string]any `json:"before,omitempty"` // pre-image
	After   map[string]any `json:"after,omitempty"`  // post-image
	// Args are the arguments by which the catalogue finds the thing again.
	Args map[string]any `json:"args,omitempty"`
}

// Empty reports that nothing was changed.
func (c FieldChange) Empty() bool { return len(c.After) == 0 }

// ActIntended is written before an act: what is there, and what is about to be
// written. Without an ActDone or ActFailed after it, the act is in flight.
type ActIntended struct {
	Step   string      `json:"step"`
	Act    string      `json:"act,omitempty"` // which of the step's acts, when it has several
	Change FieldChange `json:"change"`
}

// ActDone is written after an act that succeeded, with what it changed.
type ActDone struct {
	Step   string      `json:"step"`
	Act    string      `json:"act,omitempty"`
	Change FieldChange `json:"change"`
}

// ActFailed is written after an act that failed. Change is what it changed even so. Doubtful says that nobody knows
// whether it happened: the connection was cut, or the answer made no sense.
type ActFailed struct {
	Step     string      `json:"step"`
	Act      string      `json:"act,omitempty"`
	Change   FieldChange `json:"change"`
	Doubtful bool        `json:"doubtful,omitempty"`
	Error    string      `json:"error"`
}

// StepVerified says that the step's own check found it in order.
type StepVerified struct {
	Step   string `json:"step"`
	Found  string `json:"found,omitempty"`
	Result any    `json:"result,omitempty"` // what later steps read of it
}

// StepSkipped says why a step was not run.
type StepSkipped struct {
	Step string `json:"step"`
	Why  string `json:"why"`
}

// StepFailed says that a step ended without being in order.
type StepFailed struct {
	Step  string `json:"step"`
	Error string `json:"error"`
	Next  string `json:"next,omitempty"` // what the reader can do
}

// Waiting says what a step waits for, and for an approval also who stops here.
type Waiting struct {
	Step  string    `json:"step"`
	For   string    `json:"for"`
	Why   string    `json:"why,omitempty"`  // why an approval that was given does not count
	Until time.Time `json:"until,omitzero"` // when it gives up
}

// Note is a remark, of the executor or of the journal itself.
type Note struct {
	Step string `json:"step,omitempty"`
	Text string `json:"text"`
}

// RunResumed is the first entry of an executor that goes on with a run.
type RunResumed struct {
	By     Executor `json:"by"`
	Reason string   `json:"reason,omitempty"`
	Fence  int64    `json:"fence"`
}

// LockTakenOver says that the lock of the target was another's, who is gone.
type LockTakenOver struct {
	From  string `json:"from"` // who, where, which run, since when
	Run   string `json:"run"`  // of the one who is gone
	Why   string `json:"why"`
	Fence int64  `json:"fence"` // that is in force from now on
}

// UndoOf stands before the act that takes back one change of another run.
type UndoOf struct {
	Run  string `json:"run"`
	Seq  int64  `json:"seq"` // of the entry that recorded the change
	Step string `json:"step"`
}

// RunFinished is the last entry, when the executor lived to write it.
type RunFinished struct {
	Outcome Outcome `json:"outcome"`
	Reason  string  `json:"reason,omitempty"`
}

// Outcome is how a run ended.
type Outcome string

// The outcomes.
const (
	Succeeded    Outcome = "succeeded"
	Failed       Outcome = "failed"
	Stopped      Outcome = "stopped" // by a person, or by the failures of other targets
	NeedsApprove Outcome = "needs-approval"
)

// Unknown is the payload of a kind that this version does not know.
type Unknown struct {
	kind Kind
	Raw  json.RawMessage
}

// MarshalJSON gives the payload as it was read.
func (u Unknown) MarshalJSON() ([]byte, error) { return u.Raw, nil }

// Kind and its siblings say which kind of entry a payload belongs to.
func (u Unknown) Kind() Kind { return u.kind }

// Kind is KindRunStarted.
func (RunStarted) Kind() Kind { return KindRunStarted }

// Kind is KindPlan.
func (Plan) Kind() Kind { return KindPlan }

// Kind is KindApproval.
func (Approval) Kind() Kind { return KindApproval }

// Kind is KindStepStarted.
func (StepStarted) Kind() Kind { return KindStepStarted }

// Kind is KindActIntended.
func (ActIntended) Kind() Kind { return KindActIntended }

// Kind is KindActDone.
func (ActDone) Kind() Kind { return KindActDone }

// Kind is KindActFailed.
func (ActFailed) Kind() Kind { return KindActFailed }

// Kind is KindStepVerified.
func (StepVerified) Kind() Kind { return KindStepVerified }

// Kind is KindStepSkipped.
func (StepSkipped) Kind() Kind { return KindStepSkipped }

// Kind is KindStepFailed.
func (StepFailed) Kind() Kind { return KindStepFailed }

// Kind is KindWaiting.
func (Waiting) Kind() Kind { return KindWaiting }

// Kind is KindNote.
func (Note) Kind() Kind { return KindNote }

// Kind is KindRunResumed.
func (RunResumed) Kind() Kind { return KindRunResumed }

// Kind is KindLockTakenOver.
func (LockTakenOver) Kind() Kind { return KindLockTakenOver }

// Kind is KindUndoOf.
func (UndoOf) Kind() Kind { return KindUndoOf }

// Kind is KindRunFinished.
func (RunFinished) Kind() Kind { return KindRunFinished }

// payloads reads the payload of each kind.
var payloads = map[Kind]func(json.RawMessage) (Payload, error){
	KindRunStarted:    read[RunStarted],
	KindPlan:          read[Plan],
	KindApproval:      read[Approval],
	KindStepStarted:   read[StepStarted],
	KindActIntended:   read[ActIntended],
	KindActDone:       read[ActDone],
	KindActFailed:     read[ActFailed],
	KindStepVerified:  read[StepVerified],
	KindStepSkipped:   read[StepSkipped],
	KindStepFailed:    read[StepFailed],
	KindWaiting:       read[Waiting],
	KindNote:          read[Note],
	KindRunResumed:    read[RunResumed],
	KindLockTakenOver: read[LockTakenOver],
	KindUndoOf:        read[UndoOf],
	KindRunFinished:   read[RunFinished],
}

func read[P Payload](raw json.RawMessage) (Payload, error) {
	var p P
	err := json.Unmarshal(raw, &p)
	return p, err
}
