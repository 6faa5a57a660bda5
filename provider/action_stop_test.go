package provider_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
	"github.com/managed-mesh/terraform-provider-asm/provider"
)

// waiting waits for something that does not come.
const waiting = `
runbook "waiting" {
  title = "Waits in vain"
  step "forever" {
    wait "findings_gone" {
      membership = target.membership
      codes      = ["service-agent-binding-missing"]
      timeout    = "20m"
    }
  }
}
`

// patient lets the stage's provider wait by the machine's clock.
func (s *stage) patient() {
	s.plugin = newPlugin(s.t, provider.Options{})
	s.configureAs(s.t, s.world, simtest.Owner)
}

// Terraform answers Ctrl-C with StopProvider and then waits for the provider.
func TestStopInterruptsARun(t *testing.T) {
	s := newStage(t, simtest.Owner, "binding-revoked")
	s.patient()
	var stop sync.Once
	config := with(ownRunbook(waiting), "state_dir", text(s.dir))
	stream, err := s.actions().InvokeAction(t.Context(),
		&tfprotov6.InvokeActionRequest{ActionType: "asm_run_runbook",
			Config: object(t, s.schemas.ActionSchemas["asm_run_runbook"].Schema, config)})
	if err != nil {
		t.Fatal(err)
	}
	var diags []*tfprotov6.Diagnostic
	for event := range stream.Events {
		switch e := event.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			if strings.Contains(e.Message, "forever: waiting:") {
				stop.Do(func() {
					if _, err := s.StopProvider(t.Context(), &tfprotov6.StopProviderRequest{}); err != nil {
						t.Error(err)
					}
				})
			}
		case tfprotov6.CompletedInvokeActionEventType:
			diags = e.Diagnostics
		}
	}
	if len(diags) != 1 || diags[0].Summary != "Interrupted ("+member+")" {
		t.Errorf("%s", shown(diags))
	}
	mustSay(t, shown(diags), "was stopped before its end", "runbook resume ")
	if _, held, err := store.NewLocal(s.dir, store.Options{}).Holder(t.Context(), member); err != nil || held {
		t.Errorf("the lock is held still (%v)", err)
	}
}

func TestRunStopsAtItsTimeout(t *testing.T) {
	s := newStage(t, simtest.Owner, "binding-revoked")
	s.patient()
	kind := s.schemas.ActionSchemas["asm_run_runbook"].Schema.ValueType().(tftypes.Object).AttributeTypes["timeouts"]
	s.invokeBadly("asm_run_runbook",
		with(ownRunbook(waiting), "timeouts", tftypes.NewValue(kind, map[string]tftypes.Value{"invoke": text("300ms")})),
		"Runbook waiting ran out of time ("+member+")", "300ms, which timeouts.invoke sets")
}
