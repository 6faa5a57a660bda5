package report_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

// A command that is broken into lines is two commands when it is pasted.
func TestTableBreaksNoCommand(t *testing.T) {
	whole := render(t, report.Table, broken(), report.Options{})
	narrow := render(t, report.Table, broken(), report.Options{Width: 40})
	n := 0
	for line := range strings.Lines(whole) {
		if strings.Contains(line, "next: ") {
			n++
			if !strings.Contains(narrow, line) {
				t.Errorf("in 40 columns this line is missing: %s", line)
			}
		}
	}
	if n == 0 {
		t.Error("no next command to look for")
	}
}

// checkTable holds text to what is harmless in a terminal without colours.
func checkTable(t testing.TB, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Error("not UTF-8")
	}
	for _, r := range text {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			t.Fatalf("control character %U reaches the terminal", r)
		}
	}
}

func TestTableSaysTheCauseFirst(t *testing.T) {
	text := render(t, report.Table, broken(), report.Options{})
	inOrder(t, text, "UNHEALTHY", "3 clusters: 1 unhealthy, 1 unknown, 1 provisioning", "Root causes",
		"error  service-agent-binding-missing  new", "projects/net-host",
		"caused by ci@shop-infra.iam.gserviceaccount.com with Terraform 1.16.0 at 2026-11-22 12:07 UTC",
		"remedy: Grant the role to the agent.", "fixed by: resource asm_service_agent_binding",
		"next: terraform-provider-asm runbook plan restore-service-agent-binding",
		"explains 2 findings:", "revisions-unhealthy", "data-plane-state", "cannot-read", "next: terraform-provider-asm explain cannot-read",
		"Corrected, waiting for the mesh to notice", "PROVISIONING", "For information", "revisions-several", "Unknown", "memberships/wish",
		"gkehub.features.get is missing on",
		"cannot-read on */wish, expired 2026-11-01: moving", "1 finding suppressed, 1 finding of the baseline resolved.")
	if n := strings.Count(text, "Revision(s) reporting unhealthy"); n != 1 {
		t.Errorf("the consequence is there %d times", n)
	}
}

func inOrder(t *testing.T, text string, parts ...string) {
	t.Helper()
	rest := text
	for _, part := range parts {
		at := strings.Index(rest, part)
		if at < 0 {
			t.Fatalf("%q is missing, or comes too early, in\n%s", part, text)
		}
		rest = rest[at+len(part):]
	}
}

func TestTableFoldsALargeFleet(t *testing.T) {
	r := fleet(10_000)
	text := render(t, report.Table, r, report.Options{})
	if lines := strings.Count(text, "\n"); lines > 100 {
		t.Errorf("%d lines are more than a person reads", lines)
	}
	inOrder(t, text, "service-agent-binding-missing",
		"revisions-unhealthy  2,000: cluster-00000, cluster-00001, cluster-00002 and 1,997 more", "workload-pool-missing",
		"findings: cluster-02", "explains", "membership-identity-missing")
}

func TestTableWraps(t *testing.T) {
	for _, width := range []int{40, 80, 120} {
		for _, line := range strings.Split(render(t, report.Table, broken(), report.Options{Width: width}), "\n") {
			if strings.Contains(line, "next: ") {
				continue // a command, which is copied
			}
			if words := strings.Fields(line); utf8.RuneCountInString(line) > width && len(words) > 1 && len(words[0])+len(words[1]) < width-10 {
				t.Errorf("width %d: %d columns: %s", width, utf8.RuneCountInString(line), line)
			}
		}
	}
	if strings.Contains(render(t, report.Table, broken(), report.Options{}), "\x1b") {
		t.Error("colours without being asked for")
	}
}
