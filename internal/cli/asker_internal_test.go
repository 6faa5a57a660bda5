package cli

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
)

// What was typed before a question is no answer to it.
func TestAnswersFromBeforeTheQuestionDoNotCount(t *testing.T) {
	lines := make(chan answer, 3)
	a := &asker{lines: lines, to: io.Discard}
	lines <- answer{"yes", time.Now().Add(-time.Second)}
	lines <- answer{"yes", time.Now().Add(-time.Millisecond)}
	lines <- answer{"no", time.Now().Add(time.Minute)}
	if ok, err := a.answer(t.Context()); ok || err != nil || len(lines) > 0 {
		t.Errorf("agreed: %v, error %v, %d lines left", ok, err, len(lines))
	}
}

// Flags that approve one plan let no other run that nobody was shown.
func TestFlagsAgreeToTheirOwnPlansOnly(t *testing.T) {
	one := &runbook.Plan{Fingerprint: "1", Steps: []runbook.PlannedStep{{Step: `restart["web"]`}}}
	two := &runbook.Plan{Fingerprint: "2", Steps: []runbook.PlannedStep{{Step: "grant"}}}
	file := func(fingerprint string, valid time.Duration) *runbook.ApprovalFile {
		return &runbook.ApprovalFile{Fingerprint: fingerprint, Expires: time.Now().Add(valid)}
	}
	for name, c := range map[string]struct {
		flags approvalFlags
		files []*runbook.ApprovalFile
		want  bool
	}{
		"nothing":            {},
		"yes":                {flags: approvalFlags{yes: true}, want: true},
		"risk":               {flags: approvalFlags{risk: "low"}, want: true},
		"file of another":    {files: []*runbook.ApprovalFile{file("0", time.Hour)}},
		"file of one":        {files: []*runbook.ApprovalFile{file("1", time.Hour)}},
		"expired file":       {files: []*runbook.ApprovalFile{file("1", time.Hour), file("2", -time.Hour)}},
		"files of both":      {files: []*runbook.ApprovalFile{file("1", time.Hour), file("2", time.Hour)}, want: true},
		"step of neither":    {flags: approvalFlags{steps: []string{"other"}}},
		"step of one":        {flags: approvalFlags{steps: []string{"restart"}}},
		"steps of both":      {flags: approvalFlags{steps: []string{"restart", "grant"}}, want: true},
		"a step and a file":  {flags: approvalFlags{steps: []string{"grant"}}, files: []*runbook.ApprovalFile{file("1", time.Hour)}, want: true},
		"a part of the name": {flags: approvalFlags{steps: []string{"rest", "grant"}}},
	} {
		if got := c.flags.agree(engine.Approvals{Files: c.files}, []*runbook.Plan{one, two}, time.Now()); got != c.want {
			t.Errorf("%s: agreed: %v", name, got)
		}
		later := time.Now().Add(2 * time.Hour) // by the program's clock
		if len(c.files) > 0 && c.flags.agree(engine.Approvals{Files: c.files}, []*runbook.Plan{one, two}, later) {
			t.Errorf("%s: agreed after the files expired", name)
		}
	}
}

// A file that lasts would approve the same plan again next month, and what follows it was not read by who wrote it.
func TestApprovalFilesAreReadStrictly(t *testing.T) {
	for name, c := range map[string]struct {
		expires time.Duration
		tail    string
		valid   time.Duration
		wrong   string
	}{
		"tomorrow":          {expires: 24 * time.Hour, valid: time.Hour},
		"spaces after it":   {expires: time.Hour, valid: time.Hour, tail: " \n\n"},
		"a month":           {expires: 30 * 24 * time.Hour, valid: time.Hour, wrong: "--approval-valid"},
		"a month, allowed":  {expires: 30 * 24 * time.Hour, valid: 31 * 24 * time.Hour},
		"another after it":  {expires: time.Hour, valid: time.Hour, tail: "{}", wrong: "more after its end"},
		"rubbish after it":  {expires: time.Hour, valid: time.Hour, tail: "]", wrong: "more after its end"},
		"a life of century": {expires: 100 * 365 * 24 * time.Hour, valid: time.Hour, wrong: "--approval-valid"},
	} {
		file := filepath.Join(t.TempDir(), "approval.json")
		text, err := json.Marshal(runbook.ApprovalFile{
			Fingerprint: strings.Repeat("0", 64), Approver: "boss", Expires: time.Now().Add(c.expires),
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(text, c.tail...), 0o600); err != nil {
			t.Fatal(err)
		}
		f := approvalFlags{files: []string{file}, valid: c.valid}
		if a, err := f.read(time.Now()); (err != nil) != (c.wrong != "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %v, %v", name, a.Files, err)
		}
	}
}
