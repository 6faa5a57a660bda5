package runbook_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

const labelAndRestart = `
runbook "label-and-restart" {
  title = "Label and restart"
  target "membership" {}
  step "label" {
    approval = "Labels the namespace."
    ensure "namespace_injection" {
      membership = target.membership
      namespace  = "shop"
      revision   = "asm-managed"
    }
  }
  step "restart" {
    depends_on = [step.label]
    timeout    = "2m"
    ensure "rolling_restart" {
      membership = target.membership
      namespaces = ["shop"]
    }
  }
}
`

// restartDeployments restarts the shop's workloads as kubectl does.
func (w *world) restartDeployments(at time.Time) {
	w.t.Helper()
	for _, name := range []string{"backend", "frontend"} {
		w.CallAs(simtest.Owner, "kubectl", http.MethodPatch, simtest.InCluster+"/apis/apps/v1/namespaces/shop/deployments/"+name, fmt.Sprintf(
			`{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":%q}}}}}`, at.UTC().Format(time.RFC3339)))
	}
	w.Advance(time.Minute)
}

// Somebody restarts the workloads after the run began and before their labels are right, so that their pods are still wrong:
// they are restarted again, and that is what the run says that it did.
func TestARestartByOthersDoesNotCountAsTheRunsOwn(t *testing.T) {
	w := suffer(t, "wrong-injection")
	e := w.engine(runs(t))
	r := run(t, e, plan(t, e, own(t, labelAndRestart)), engine.Approvals{Ask: func(context.Context, engine.Question) (bool, string, error) {
		w.restartDeployments(time.Now().Add(time.Second))
		w.Forget()
		return true, "boss", nil
	}})
	if r.Outcome != journal.Succeeded {
		t.Fatal(told(r))
	}
	restarts := slices.DeleteFunc(w.acts(), func(s string) bool { return !strings.Contains(s, "/deployments/") })
	if len(restarts) != 2 {
		t.Errorf("it restarted %q", restarts)
	}
	if left := alarms(w.diagnose(e)); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
}

// Somebody restarts the workloads when their labels are right already: the run restarts nothing, and says that it changed nothing.
func TestWhatOthersRestartedIsNotChangedByTheRun(t *testing.T) {
	w := suffer(t, "wrong-injection")
	e := w.engine(runs(t))
	e.Events = func(event engine.Event) {
		if verified, ok := event.Entry.Data.(journal.StepVerified); ok && verified.Step == "label" {
			w.restartDeployments(time.Now())
			w.Forget()
		}
	}
	r := run(t, e, plan(t, e, own(t, labelAndRestart)), yes)
	if r.Outcome != journal.Succeeded || len(w.writes()) > 0 {
		t.Fatal(told(r), w.writes())
	}
	if s := r.Steps[1]; s.Step != "restart" || s.Status != runbook.StepAlready {
		t.Error(told(r))
	}
}
