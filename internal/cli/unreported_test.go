package cli_test

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/cli"
)

// A result that cannot be written does not make a run that changed something one that was never started.
func TestExitCodeOfARunWhoseReportIsLost(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	w := newWorld(t, 1, "binding-revoked")
	run := func(args ...string) (int, string) {
		var errs bytes.Buffer
		code := cli.MainAt(t.Context(), w.Clock, nil, append(args, "--state-dir="+w.dir), full, &errs)
		return code, errs.String()
	}
	code, errs := run("runbook", "run", bindingBook, "--membership", member)
	if code != 6 || !strings.Contains(errs, "no space left") || len(w.wrote()) != 1 {
		t.Errorf("exit %d, want 6: %s", code, errs)
	}
	if code, errs = run("runbook", "run", bindingBook, "--membership", member); code != 1 || len(w.wrote()) > 0 {
		t.Errorf("nothing was to be done, and exit %d: %s", code, errs)
	}
	w.Suffer("binding-revoked")
	if code, errs = run("remediate", "--membership", member, "--yes"); code != 6 || len(w.wrote()) == 0 {
		t.Errorf("remediate: exit %d: %s", code, errs)
	}
	// The same of events.
	w.Suffer("binding-revoked")
	var out, lost bytes.Buffer
	code = cli.MainAt(t.Context(), w.Clock, nil, []string{"runbook", "run", bindingBook, "--membership", member, "--state-dir=" + w.dir,
		"--events=/dev/full"}, &out, &lost)
	if code != 6 || !strings.Contains(out.String(), "SUCCEEDED") || !strings.Contains(lost.String(), "--events") {
		t.Errorf("exit %d\n%s\n%s", code, out.String(), lost.String())
	}
}

// Nothing that an API or a file says reaches a terminal raw, and each of several errors is told as one.
func TestErrorsAreHarmlessLines(t *testing.T) {
	var out, errs bytes.Buffer
	code := cli.Main(context.Background(), "test",
		[]string{"runbook", "run", "\x1b]0;pwned\x07\x1b[2J\u202e", "--max-failures=x", "--canary=-1"}, &out, &errs)
	if code != 1 || strings.ContainsAny(errs.String(), "\x1b\x07\u202e") {
		t.Errorf("exit %d: %q", code, errs.String())
	}
	for line := range strings.Lines(errs.String()) {
		if !strings.HasPrefix(line, "Error: ") {
			t.Errorf("no line of an error: %q of\n%s", line, errs.String())
		}
	}
	if n := strings.Count(errs.String(), "Error: "); n < 3 {
		t.Errorf("%d errors:\n%s", n, errs.String())
	}
}
