package cli_test

import (
	"strings"
	"testing"
)

// A gate is refused after another runbook has succeeded: what ran is in the report, and the step is not asked for again.
func TestRemediateWhereAGateIsRefused(t *testing.T) {
	w := newWorld(t, 1, "binding-revoked", "workload-pool-missing")
	code, out, errs := w.answer("yes\nno\nyes\nyes\n", "remediate", "--fleet-project", "mesh-sim-1")
	if code != 5 || strings.Contains(out, "nothing was run") || strings.Count(errs, "Go ahead?") != 1 {
		t.Errorf("exit %d\n%s\n%s", code, out, errs)
	}
	contains(t, out, bindingBook+" on "+member+"  succeeded", "refused by ")
}
