package runbook_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
)

// TestDerivedSecretsAreNowhere gives a step a text that expressions made of a sensitive input.
func TestDerivedSecretsAreNowhere(t *testing.T) {
	for name, c := range map[string]struct{ expression, input, derived string }{
		"upper":      {`"${input.base}/${upper(input.s)}"`, "hunter-two-secret", "HUNTER-TWO-SECRET"},
		"substr":     {`"${input.base}/${substr(input.s, 0, 10)}"`, "hunter-two-secret", "hunter-two"},
		"jsondecode": {`"${input.base}/${jsondecode(input.s).p}"`, `{"p":"caf\u00e9-planted"}`, "café-planted"},
	} {
		t.Run(name, func(t *testing.T) {
			w := suffer(t, "binding-revoked")
			dir, base := runs(t), t.TempDir()
			e := w.engine(dir)
			var events bytes.Buffer
			e.Events = func(event engine.Event) {
				line, err := event.MarshalJSON()
				if err != nil {
					t.Error(err)
				}
				events.Write(line)
			}
			if err := os.Mkdir(filepath.Join(base, c.derived), 0o700); err != nil {
				t.Fatal(err)
			}
			j := own(t, `
runbook "leaky" {
  title = "Leaky"
  target "membership" {}
  input "s" {
    type      = string
    sensitive = true
  }
  input "base" {
    type = string
  }
  step "collect" {
    ensure "evidence" {
      membership = target.membership
      directory  = `+c.expression+`
    }
  }
}
`)
			j.Inputs = map[string]cty.Value{"s": cty.StringVal(c.input), "base": cty.StringVal(base)}
			p := plan(t, e, j)
			var saved, report bytes.Buffer
			if err := p.Write(&saved); err != nil {
				t.Fatal(err)
			}
			r := run(t, e, p, yes)
			if r.Outcome != journal.Succeeded {
				t.Fatal(told(r))
			}
			if err := (&runbook.Report{Results: []runbook.Result{*r}}).Write(&report); err != nil {
				t.Fatal(err)
			}
			kept, err := os.ReadFile(filepath.Join(dir, r.Run+".jsonl"))
			if err != nil {
				t.Fatal(err)
			}
			for where, text := range map[string]string{
				"plan": saved.String(), "events": events.String(), "report": report.String(), "journal": string(kept),
			} {
				if strings.Contains(text, c.derived) {
					t.Errorf("%s shows %s:\n%s", where, c.derived, text)
				}
			}
			if files, err := filepath.Glob(filepath.Join(base, c.derived, "*.zip")); err != nil || len(files) != 1 {
				t.Errorf("the step did not work with the real value: %q, %v", files, err)
			}
		})
	}
}

// TestSecretInANameIsRefusedBeforeTheFirstAct gives a sensitive input a value that names hold by chance.
func TestSecretInANameIsRefusedBeforeTheFirstAct(t *testing.T) {
	const text = `
runbook "careful" {
  title = "Careful"
  target "membership" {}
  input "s" {
    type      = string
    sensitive = true
  }
  step "grant" {
    when = input.s != ""
    ensure "service_agent_binding" {
      project       = target.project
      fleet_project = target.fleet_project
    }
  }
}
`
	for _, secret := range []string{"mesh", "mesh-sim-1", "cluster-1", "gran", "careful", "target.project"} {
		w := suffer(t, "binding-revoked")
		dir := runs(t)
		e := w.engine(dir)
		j := own(t, text)
		j.Inputs = map[string]cty.Value{"s": cty.StringVal(secret)}
		_, err := e.Run(t.Context(), plan(t, e, j), yes)
		var refused *engine.RedactedNameError
		if !errors.As(err, &refused) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", secret, err)
		}
		left, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
		if got := w.writes(); len(got) > 0 || len(left) > 0 || err != nil {
			t.Errorf("%s: it wrote %q, and kept %q", secret, got, left)
		}
	}
	// Any other value does no harm: the run can be taken back.
	w := suffer(t, "binding-revoked")
	e := w.engine(runs(t))
	j := own(t, text)
	j.Inputs = map[string]cty.Value{"s": cty.StringVal("hunter-two")}
	r := run(t, e, plan(t, e, j), yes)
	p, err := e.PlanUndo(t.Context(), r.Run)
	if err != nil || p.Changes() != 1 {
		t.Errorf("it cannot be taken back: %v", err)
	}
}

// TestSecretInAnArgumentIsNotActedOn gives a step a project by a sensitive input: without its name nothing can be taken back.
func TestSecretInAnArgumentIsNotActedOn(t *testing.T) {
	w := suffer(t, "binding-revoked")
	e := w.engine(runs(t))
	j := own(t, `
runbook "late" {
  title = "Late"
  target "membership" {}
  input "s" {
    type      = string
    sensitive = true
  }
  step "grant" {
    ensure "service_agent_binding" {
      project       = input.s
      fleet_project = target.fleet_project
    }
  }
}
`)
	j.Inputs = map[string]cty.Value{"s": cty.StringVal(fleetProject)}
	_, err := e.Run(t.Context(), plan(t, e, j), yes)
	var refused *engine.RedactedNameError
	if !errors.As(err, &refused) || len(w.writes()) > 0 {
		t.Errorf("%v, wrote %q", err, w.writes())
	}
}

// A runbook whose text the redactor changes cannot be run.
func TestNoBuiltInRunbookLooksLikeItHoldsASecret(t *testing.T) {
	redactor := journal.NewRedactor()
	for _, book := range builtIn(t).All() {
		if text := string(book.File.Bytes); redactor.String(text) != text {
			t.Errorf("%s loses text to the redactor", book.Name)
		}
	}
}
