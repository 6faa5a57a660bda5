package journal

import (
	"fmt"
	"time"
)

// Describe says in one sentence, without a full stop, what an entry records. Texts
// of others in it may have several lines.
func Describe(e Entry) string {
	switch p := e.Data.(type) {
	case RunStarted:
		return fmt.Sprintf("run %s of %s on %s started", p.Run, p.Runbook, p.Target)
	case RunResumed:
		return "run resumed"
	case LockTakenOver:
		return fmt.Sprintf("took the lock over from %s: %s", p.From, p.Why)
	case RunFinished:
		return fmt.Sprintf("run finished: %s", p.Outcome)
	case Plan:
		return fmt.Sprintf("plan %.12s", p.Fingerprint)
	case Note:
		return join(p.Step, p.Text)
	case Unknown:
		return fmt.Sprintf("%s, which this version does not know", e.Kind)
	}
	return describeStep(e.Data)
}

// describeStep describes the entries that are about a step.
func describeStep(data Payload) string {
	switch p := data.(type) {
	case Approval:
		return join(p.Step, fmt.Sprintf("approved by %s (%s), until %s", p.Approver, p.How, p.Expires.UTC().Format(time.DateTime+"Z")))
	case StepStarted:
		if p.Attempt > 1 {
			return join(p.Step, fmt.Sprintf("attempt %d", p.Attempt))
		}
		return join(p.Step, "started")
	case ActIntended:
		return join(p.Step, "changing "+p.Change.Subject)
	case ActDone:
		return join(p.Step, "changed "+p.Change.Subject)
	case ActFailed:
		if p.Doubtful {
			return join(p.Step, join("the change failed, and may have happened even so", p.Error))
		}
		return join(p.Step, join("the change failed", p.Error))
	case StepVerified:
		return join(p.Step, join("done", p.Found))
	case StepSkipped:
		return join(p.Step, join("skipped", p.Why))
	case StepFailed:
		return join(p.Step, join("failed", p.Error))
	case Waiting:
		return join(p.Step, join("waiting", p.For))
	case UndoOf:
		return join(p.Step, fmt.Sprintf("undoes entry %d of run %s", p.Seq, p.Run))
	}
	return ""
}

// join puts a colon between two texts, either of which may be empty.
func join(text, why string) string {
	switch {
	case why == "":
		return text
	case text == "":
		return why
	}
	return text + ": " + why
}
