package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
)

// teller says how a run ended, when it did not come to a good end.
type teller struct {
	order
	caller gcp.Config
	late   time.Duration       // the timeout that ended the run, or 0
	words  func(string) string // without secrets
	diags  *diag.Diagnostics
}

func (t teller) add(summary, detail string) {
	t.diags.AddError(t.words(summary+" ("+t.job.Target.Name+")"), t.words(detail))
}

// tell adds the error of a run. plan is nil where none was made, and err is of what
// kept the run from being begun or recorded.
func (t teller) tell(plan *engine.Prepared, result *runbook.Result, err error) {
	name := t.job.Runbook.Name
	var held *store.HeldError
	begun := result != nil && result.Run != ""
	switch {
	case err != nil && t.late > 0 && !begun:
		t.add("Runbook "+name+" ran out of time", fmt.Sprintf("Nothing was started within %s, which timeouts.invoke sets.", t.late))
	case errors.Is(err, context.Canceled) && !begun:
		t.add("Interrupted", "Runbook "+name+" was stopped before anything was started.")
	case errors.As(err, &held) && !begun:
		t.add("Target is locked by another run", sentence(err.Error())+"\n\nNothing was started.")
	case err != nil && plan == nil:
		t.add("Cannot plan runbook "+name, sentence(err.Error())+"\n\nNothing was started.")
	case err != nil:
		t.add("Cannot record runbook "+name, sentence(err.Error())+"\n\nWhat cannot be recorded is not done."+t.goOn(result))
	case result.Outcome == journal.Succeeded:
	case result.Outcome == journal.NeedsApprove:
		t.gate(plan, result)
	case result.Outcome == journal.Stopped && t.late > 0:
		t.add("Runbook "+name+" ran out of time",
			fmt.Sprintf("It was stopped after %s, which timeouts.invoke sets.", t.late)+t.done(result)+t.goOn(result))
	case result.Outcome == journal.Stopped:
		t.add("Interrupted", "Runbook "+name+" was stopped before its end."+t.done(result)+t.goOn(result))
	default:
		t.failure(plan, result)
	}
}

// failure names the step, its cause and what is left to do.
func (t teller) failure(plan *engine.Prepared, result *runbook.Result) {
	i := slices.IndexFunc(result.Steps, func(s runbook.StepResult) bool { return s.Status == runbook.StepFailed })
	if i < 0 {
		t.add("Runbook "+t.job.Runbook.Name+" failed", sentence(result.Error)+t.done(result)+t.goOn(result))
		return
	}
	step := result.Steps[i]
	var b strings.Builder
	if step.Subject != "" {
		b.WriteString(step.Subject + ": ")
	}
	b.WriteString(sentence(step.Error))
	if step.Next != "" {
		b.WriteString("\n\n" + sentence(step.Next))
	}
	for _, m := range plan.Missing {
		fmt.Fprintf(&b, "\n\nStep %s takes %s on %s, which the caller does not have.", m.Step, m.Permission, m.On)
	}
	t.add(fmt.Sprintf("Runbook %s failed at step %s", t.job.Runbook.Name, step.Step), b.String()+t.done(result)+t.goOn(result))
}

// gate names the step that waits for somebody, and how it goes on.
func (t teller) gate(plan *engine.Prepared, result *runbook.Result) {
	name := result.Gates[0]
	why := result.Error
	if i := slices.IndexFunc(result.Steps, func(s runbook.StepResult) bool { return s.Status == runbook.StepWaits }); i >= 0 {
		why = sentence(result.Steps[i].Text)
		if result.Steps[i].Error != "" {
			why += "\n\n" + sentence(result.Steps[i].Error)
		}
	}
	if i := slices.IndexFunc(plan.Steps, func(s runbook.PlannedStep) bool { return s.Step == name }); i >= 0 {
		why += changes(plan.Steps[i])
	}
	base, _, _ := strings.Cut(name, "[")
	st := t.job.Runbook.Step(base)
	if st != nil && st.Action.Kind == lang.Instruct {
		how := "When it is done, the run goes on: it is looked at again."
		if st.Action.Verify == nil {
			how = fmt.Sprintf("When it is done, say so: approve = [%q] in the action.", name)
		}
		t.add(fmt.Sprintf("Runbook %s needs a person at step %s", t.job.Runbook.Name, name), why+"\n\n"+how+t.done(result)+t.goOn(result))
		return
	}
	how := fmt.Sprintf("To agree, add %q to approve in the action", name)
	if st != nil {
		if risk, _ := gateOf(st); slices.Contains(risks(), string(risk)) {
			how += fmt.Sprintf(", or set approve_risk = %q", risk)
		}
	}
	t.add(fmt.Sprintf("Runbook %s needs approval at step %s", t.job.Runbook.Name, name), why+"\n\n"+how+"."+t.done(result)+t.goOn(result))
}

const mostChanges = 20 // of a step that are shown

// changes are what a step would change, one line each.
func changes(s runbook.PlannedStep) string {
	var lines []string
	for _, field := range slices.Sorted(maps.Keys(s.Desired)) {
		lines = append(lines, fmt.Sprintf("  %s: %s -> %s", field, oneLine(runbook.Show(s.Current[field])),
			oneLine(runbook.Show(s.Desired[field]))))
	}
	if len(lines) == 0 {
		return ""
	}
	if n := len(lines) - mostChanges; n > 0 {
		lines = append(lines[:mostChanges], fmt.Sprintf("  and %d more", n))
	}
	return "\n\n" + s.Subject + "\n" + strings.Join(lines, "\n")
}

// done says what was changed before the end.
func (t teller) done(result *runbook.Result) string {
	var changed []string
	for _, s := range result.Steps {
		if s.Status == runbook.StepChanged {
			changed = append(changed, s.Step)
		}
	}
	if len(changed) == 0 {
		return ""
	}
	return "\n\nChanged and verified before that: " + strings.Join(changed, ", ") + "."
}

// goOn says how the run goes on. Terraform forgets an action that failed.
func (t teller) goOn(result *runbook.Result) string {
	if result == nil || result.Run == "" {
		return ""
	}
	command := result.Next
	if command == "" {
		command = "terraform-provider-asm runbook resume " + result.Run
	}
	for _, flag := range []struct{ name, value string }{{"--state-dir", t.dir}, {"--impersonate-service-account", t.caller.Impersonate}} {
		if flag.value != "" {
			command += " " + flag.name + "=" + runbook.ShellWord(flag.value)
		}
	}
	for _, in := range t.job.Runbook.Inputs {
		if _, given := t.job.Inputs[in.Name]; given && in.Sensitive {
			command = "ASM_INPUT_" + in.Name + "=... " + command
		}
	}
	return "\n\nTerraform does not repeat an action by itself. The run goes on with\n\n  " + command +
		"\n\nwith the credentials of GOOGLE_* in the environment; or invoke the action again, which leaves alone what is done:\n\n  terraform " +
		"apply -invoke=ADDRESS"
}
