package runbook_test

import (
	"bytes"
	"embed"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
)

// What the version before wrote, at commit 2ef5daf, on the world of
// "simulate --clusters 5 --fault binding-revoked" with mesh-api-disabled and an hour passed:
//
//	runbook plan --file gated.hcl --membership M --out plan.json       approval.json has its fingerprint
//	runbook run --file gated.hcl --membership M                        ...-twtnzke8, which waits for approval
//	runbook run plan.json --approval-file approval.json                ...-jkha2cev, finished
//	runbook undo ...-jkha2cev --yes                                    ...-wh527r8a
//	runbook run --file gated.hcl --membership M --yes                  ...-bbszmy63, SIGKILL at "grant: changing"
//
// The last ran with --latency 1s and without mesh-api-disabled. M is member.
//
//go:embed testdata/earlier
var earlier embed.FS

const (
	earlierWaiting    = "20261128-210537-twtnzke8"
	earlierFinished   = "20261128-210538-jkha2cev"
	earlierUndo       = "20261128-210551-wh527r8a"
	earlierUnfinished = "20261128-210633-bbszmy63"
)

// earlierRuns is a folder with the runs of the version before.
func earlierRuns(t *testing.T) string {
	t.Helper()
	dir := runs(t)
	kept, err := fs.Sub(earlier, "testdata/earlier/runs")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, kept); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestEarlierVersionsRunsAreRead(t *testing.T) {
	dir := earlierRuns(t)
	e := &engine.Engine{Store: store.NewLocal(dir, store.Options{})}
	listed, err := e.Store.List(t.Context(), store.Filter{})
	if err != nil || len(listed) != 4 {
		t.Fatalf("listed are %+v, %v", listed, err)
	}
	for run, want := range map[string]struct {
		outcome journal.Outcome
		changed int
		gates   string
		undoOf  string
	}{
		earlierWaiting:    {outcome: journal.NeedsApprove, gates: "grant"},
		earlierFinished:   {outcome: journal.Succeeded, changed: 2},
		earlierUndo:       {outcome: journal.Succeeded, changed: 2, undoOf: earlierFinished},
		earlierUnfinished: {},
	} {
		reader, err := e.Store.Read(t.Context(), run)
		if err != nil {
			t.Fatal(err)
		}
		if v, err := journal.Verify(reader.Reader); err != nil || !v.OK() {
			t.Errorf("%s: the audit says %+v, %v", run, v, err)
		}
		if err := reader.Close(); err != nil {
			t.Error(err)
		}
		_, entries, err := e.History(t.Context(), run)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if journal.Describe(entry) == "" {
				t.Errorf("%s: entry %d (%s) is shown as nothing", run, entry.Seq, entry.Kind)
			}
		}
		r, err := runbook.ResultOf(entries)
		if err != nil {
			t.Fatal(err)
		}
		if r.Outcome != want.outcome || r.Changed() != want.changed || strings.Join(r.Gates, " ") != want.gates || r.UndoOf != want.undoOf {
			t.Errorf("%s: outcome %q, %d changed, gates %q, undo of %q", run, r.Outcome, r.Changed(), r.Gates, r.UndoOf)
		}
	}
}

// Its executor was killed while a change was in flight, which has not happened here:
// it is made, once.
func TestEarlierVersionsRunsAreResumed(t *testing.T) {
	w := suffer(t, "binding-revoked")
	e := w.engine(earlierRuns(t))
	done, err := e.Resume(t.Context(), earlierUnfinished, nil, yes)
	if err != nil || done.Outcome != journal.Succeeded || done.Changed() != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	if got := w.acts(); len(got) != 1 || !strings.Contains(got[0], "setIamPolicy") {
		t.Errorf("it wrote %q", got)
	}
	w.Forget()
	if done, err := e.Resume(t.Context(), earlierWaiting, nil, yes); err != nil || done.Outcome != journal.Succeeded || len(w.acts()) > 0 {
		t.Errorf("the one that waited: %+v, %v; it wrote %q", done, err, w.acts())
	}
	for _, run := range []string{earlierFinished, earlierUndo} {
		if _, err := e.Resume(t.Context(), run, nil, yes); err == nil || !strings.Contains(err.Error(), "nothing to resume") {
			t.Errorf("%s: %v", run, err)
		}
	}
}

func TestEarlierVersionsPlanAndApproval(t *testing.T) {
	w := suffer(t, "binding-revoked")
	w.Fault("mesh-api-disabled")
	w.Advance(time.Hour)
	file, err := earlier.ReadFile("testdata/earlier/plan.json")
	if err != nil {
		t.Fatal(err)
	}
	saved, err := runbook.ReadPlan(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	j, err := saved.Job(nil)
	if err != nil {
		t.Fatal(err)
	}
	e := w.engine(runs(t))
	fresh := plan(t, e, j)
	if err := saved.Same(fresh.Plan); err != nil {
		t.Fatal(err)
	}
	text, err := earlier.ReadFile("testdata/earlier/approval.json")
	if err != nil {
		t.Fatal(err)
	}
	approval, err := runbook.ReadApprovals(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if r := run(t, e, fresh, engine.Approvals{Files: []*runbook.ApprovalFile{approval}}); r.Outcome != journal.Succeeded || r.Changed() != 2 {
		t.Errorf("%+v", r)
	}
}
