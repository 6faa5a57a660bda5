package engine

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// RedactedNameError refuses a run because a sensitive value occurs in something that its journal has to keep as it is:
// without it the run could be neither resumed nor undone. The value itself is not shown.
type RedactedNameError struct {
	What string // where it occurs
}

func (e *RedactedNameError) Error() string {
	return fmt.Sprintf("a sensitive value, or a text that looks like a secret, occurs in %s\n\n"+
		"Nothing was done: no journal keeps secrets, and without that text the run could be neither resumed nor undone. "+
		"Give the sensitive input a value that is not part of a name, or keep the secret out of the runbook.", e.What)
}

// checkNames refuses to start or resume a run whose journal would lose a name to the redactor.
func (e *Engine) checkNames(p *Prepared) error {
	if e.Redact(p.Source) != p.Source {
		return &RedactedNameError{What: "the text of runbook " + e.Redact(p.Runbook)}
	}
	if err := e.checkTarget(p); err != nil {
		return err
	}
	for _, s := range p.Steps { // they are redacted already
		switch {
		case strings.Contains(s.Step, journal.Redacted):
			return &RedactedNameError{What: "the name of step " + s.Step}
		case s.Status == runbook.StatusChange && strings.Contains(s.Subject, journal.Redacted):
			return &RedactedNameError{What: fmt.Sprintf("the name of what step %s changes, %s", s.Step, s.Subject)}
		}
	}
	return nil
}

func (e *Engine) checkTarget(p *Prepared) error {
	for what, text := range map[string]string{
		"the name of the runbook": p.Runbook, "the name of the target": p.Target.Name, "the fleet project": p.Target.Fleet,
		"the name of the job": p.job.Name, "the fingerprint of the plan": p.Fingerprint, "the digest of the runbook": p.Digest,
		"the run's name": p.UndoOf,
	} {
		if clean := e.Redact(text); clean != text {
			return &RedactedNameError{What: what + ", " + clean}
		}
	}
	return nil
}

// checkAct refuses an act whose record would lose a name. A step may learn a secret that was not known when the run
// started, from what an earlier step returned.
func (a *act) checkAct() error {
	if err := a.engine.checkTarget(a.plan); err != nil {
		return err
	}
	for _, text := range []string{a.name, a.prerequisite.Subject()} {
		if clean := a.engine.Redact(text); clean != text {
			return &RedactedNameError{What: fmt.Sprintf("the name of what step %s changes, %s", a.engine.Redact(a.name), clean)}
		}
	}
	if kept := runbook.Normalize(a.args); !reflect.DeepEqual(kept, runbook.Normalize(a.engine.RedactFields(a.args))) {
		return &RedactedNameError{What: "an argument of step " + a.name + " that is not sensitive itself"}
	}
	return nil
}

// withoutSecrets puts journal.Redacted in the place of every sensitive text: what a journal keeps of arguments. A
// sensitive value of another type becomes null.
func withoutSecrets(args cty.Value) cty.Value {
	hidden := cty.StringVal(journal.Redacted)
	kept, _ := cty.Transform(args, func(_ cty.Path, v cty.Value) (cty.Value, error) {
		switch {
		case !v.HasMark(lang.Sensitive):
			return v, nil
		case v.Type() == cty.String:
			return hidden, nil
		case v.Type().Equals(cty.List(cty.String)):
			return cty.ListVal([]cty.Value{hidden}), nil
		case v.Type().Equals(cty.Set(cty.String)):
			return cty.SetVal([]cty.Value{hidden}), nil
		}
		return cty.NullVal(v.Type()), nil
	})
	return kept
}
