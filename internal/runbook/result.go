package runbook

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// Exit codes of runs, beside those of the diagnosis; docs/guides/exit-codes.md has them all.
const (
	ExitApproval  = 5 // somebody has to agree or to do something
	ExitFailed    = 6 // some targets failed
	ExitThreshold = 7 // more failed than --max-failures allows, so the rest was not begun
)

// Result is what became of a runbook on one target.
type Result struct {
	Run      string          `json:"run,omitempty"` // "" where there was nothing to run
	Runbook  string          `json:"runbook"`
	Target   string          `json:"target"`
	UndoOf   string          `json:"undo_of,omitempty"`
	Outcome  journal.Outcome `json:"outcome"`
	Steps    []StepResult    `json:"steps"`
	Error    string          `json:"error,omitempty"`
	Next     string          `json:"next,omitempty"`  // what the reader can do, a command first
	Gates    []string        `json:"gates,omitempty"` // steps that wait for somebody
	Started  time.Time       `json:"started"`
	Finished time.Time       `json:"finished"`
}

// StepResult is what became of a step.
type StepResult struct {
	Step    string         `json:"step"`
	Status  StepOutcome    `json:"status"`
	Subject string         `json:"subject,omitempty"`
	Risk    lang.Risk      `json:"risk,omitempty"` // of an ensure
	Text    string         `json:"text,omitempty"`
	Before  map[string]any `json:"before,omitempty"` // of what it changed
	After   map[string]any `json:"after,omitempty"`
	Error   string         `json:"error,omitempty"`
	Next    string         `json:"next,omitempty"`
	Seconds float64        `json:"seconds"`
}

// StepOutcome is how a step ended.
type StepOutcome string

// The outcomes of a step.
const (
	StepAlready StepOutcome = "already" // it was so
	StepChanged StepOutcome = "changed" // and its check says so
	StepPassed  StepOutcome = "passed"  // of assert, wait, approve, instruct
	StepSkipped StepOutcome = "skipped"
	StepFailed  StepOutcome = "failed"
	StepWaits   StepOutcome = "waiting" // for somebody
	StepNotRun  StepOutcome = "not-run"
)

// Changed counts the steps that changed something.
func (r *Result) Changed() (n int) {
	for _, s := range r.Steps {
		if s.Status == StepChanged {
			n++
		}
	}
	return n
}

// ChangedRemote reports that a step changed something other than a file of this machine.
func (r *Result) ChangedRemote() bool {
	return slices.ContainsFunc(r.Steps, func(s StepResult) bool { return s.Status == StepChanged && s.Risk != lang.NoRisk })
}

// ReportSchema is the version of Report as JSON.
const ReportSchema = 1

// Report is what became of runbooks on targets.
type Report struct {
	Schema   int       `json:"schema"`
	Tool     string    `json:"tool"`
	Job      string    `json:"job,omitempty"`
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished"`
	Summary  string    `json:"summary"`
	// Stopped says why the rest was not begun; "" when everything was.
	Stopped string `json:"stopped,omitempty"`
	// Interrupted says that whoever began it ended it before its time.
	Interrupted bool     `json:"interrupted,omitempty"`
	Results     []Result `json:"results"`           // by target, then in the order of the runs
	NotRun      []string `json:"not_run,omitempty"` // targets that were not begun
}

// Count counts the results of an outcome.
func (r *Report) Count(outcome journal.Outcome) (n int) {
	for _, one := range r.Results {
		if one.Outcome == outcome {
			n++
		}
	}
	return n
}

// ExitCode is the exit code that the report deserves.
func (r *Report) ExitCode() int {
	switch failed := r.Count(journal.Failed) + r.Count(journal.Stopped); {
	case r.Stopped != "" && !r.Interrupted && failed > 0:
		return ExitThreshold
	case r.Stopped != "" && !r.Interrupted:
		return ExitApproval
	case failed > 0 || len(r.NotRun) > 0:
		return ExitFailed
	case r.Count(journal.NeedsApprove) > 0:
		return ExitApproval
	}
	return 0
}

// Summarize sets Summary.
func (r *Report) Summarize() {
	changed := 0
	for _, one := range r.Results {
		if one.Changed() > 0 {
			changed++
		}
	}
	r.Summary = fmt.Sprintf("%d of %d succeeded", r.Count(journal.Succeeded), len(r.Results)+len(r.NotRun))
	add := func(n int, what string) {
		if n > 0 {
			r.Summary += fmt.Sprintf(", %d %s", n, what)
		}
	}
	add(changed, "changed something")
	add(r.Count(journal.Failed), "failed")
	add(r.Count(journal.NeedsApprove), "wait for somebody")
	add(r.Count(journal.Stopped), "stopped")
	add(len(r.NotRun), "not begun")
}

// Write writes the report as JSON.
func (r *Report) Write(to io.Writer) error {
	e := json.NewEncoder(to)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// Join makes one report of results from anywhere, in their order. notRun are targets of which there is none.
func Join(tool, job string, results []Result, notRun []string) *Report {
	r := &Report{Schema: ReportSchema, Tool: tool, Job: job, Results: slices.Clone(results), NotRun: notRun}
	for _, one := range results {
		if r.Started.IsZero() || one.Started.Before(r.Started) {
			r.Started = one.Started
		}
		if one.Finished.After(r.Finished) {
			r.Finished = one.Finished
		}
	}
	r.Summarize()
	return r
}
