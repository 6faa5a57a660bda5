package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

func TestGateIsAnErrorThatSaysHowToAgree(t *testing.T) {
	s := newStage(t, simtest.Owner, "binding-revoked")
	said := s.invokeBadly("asm_run_runbook", ownRunbook(gated),
		"Runbook gated needs approval at step grant ("+member+")", "Grants the role to the agent of mesh-sim-1.", "projects/mesh-sim-1\n  "+
			"granted: false -> true\n",
		`add "grant" to approve`, `approve_risk = "low"`, "terraform-provider-asm runbook resume ", "--approve grant --state-dir="+s.dir,
		"does not repeat an action by itself")
	if wrote := s.wrote(""); len(wrote) > 0 {
		t.Errorf("it wrote %q", wrote)
	}
	// The command names a run that is there.
	_, command, _ := strings.Cut(said, "runbook resume ")
	id, _, _ := strings.Cut(command, " ")
	if _, err := os.Stat(filepath.Join(s.dir, id+".jsonl")); err != nil {
		t.Error(err)
	}
}

func TestInstructionIsShown(t *testing.T) {
	s := newStage(t, simtest.Owner)
	own := ownRunbook(`
runbook "by-hand" {
  title = "Something that only a person can do"
  step "call" {
    instruct {
      text = "Call the network team of ${target.project}."
    }
  }
}
`)
	s.invokeBadly("asm_run_runbook", own, "needs a person at step call", "Call the network team of mesh-sim-1.", `approve = ["call"]`)
	mustSay(t, s.invokeWell("asm_run_runbook", with(own, "approve", list("call"))), "call: done")

	own["source"] = text(`
runbook "by-hand" {
  title = "Something that only a person can do, and a look tells"
  step "fix" {
    instruct {
      text = "Give the role back."
      verify "no_findings" {
        membership = target.membership
        codes      = ["service-agent-binding-missing"]
      }
    }
  }
}
`)
	s.world.Fault("binding-revoked")
	s.invokeBadly("asm_run_runbook", with(own, "approve_all", tftypes.NewValue(tftypes.Bool, true)), "needs a person at step fix",
		"Give the role back.", "Not done yet", "looked at again")
	if wrote := s.wrote(""); len(wrote) > 0 {
		t.Errorf("it wrote %q", wrote)
	}
}
