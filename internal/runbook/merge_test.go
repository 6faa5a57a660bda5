package runbook_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/fleet"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// mixed does some of everything that a step can come to.
const mixed = `
runbook "mixed" {
  title = "Some of everything"
  target "membership" {}
  step "grant" {
    for_each = toset([target.project])
    ensure "service_agent_binding" {
      project       = each.value
      fleet_project = target.fleet_project
    }
  }
  step "again" {
    depends_on = [step.grant]
    ensure "service_agent_binding" {
      project       = target.project
      fleet_project = target.fleet_project
    }
  }
  step "never" {
    when = target.location == "the moon"
    ensure "project_services" {
      project  = target.project
      services = ["mesh.googleapis.com"]
    }
  }
  step "ask" {
    depends_on = [step.again]
    approve {
      message = "Is it the right time?"
      risk    = "low"
    }
  }
  step "holds" {
    depends_on = [step.ask]
    assert {
      condition     = target.name != "cluster-3"
      error_message = "It is the third cluster."
    }
  }
  step "services" {
    depends_on = [step.holds]
    ensure "project_services" {
      project  = target.project
      services = ["mesh.googleapis.com"]
    }
  }
}
`

// alike is a result without its times, as JSON.
func alike(t *testing.T, r runbook.Result) string {
	t.Helper()
	r.Started, r.Finished = time.Time{}, time.Time{}
	for i := range r.Steps {
		r.Steps[i].Seconds = 0
	}
	slices.SortFunc(r.Steps, func(a, b runbook.StepResult) int { return strings.Compare(a.Step, b.Step) })
	raw, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestMergeTellsWhatTheExecutorsTold joins runs that ended in every way, and wants
// of each what its executor said of it.
func TestMergeTellsWhatTheExecutorsTold(t *testing.T) {
	w, dir := newWorld(t, sim.Options{Projects: 7, Clusters: 7}), runs(t)
	w.Fault("binding-revoked?project=*")
	w.Fault("mesh-api-disabled?project=*")
	e := w.engine(dir)
	all := map[string]runbook.Target{}
	var targets []runbook.Target
	book, _ := builtIn(t).Find("restore-service-agent-binding")
	found, err := fleet.Targets(t.Context(), e, book.Runbook, fleet.Selection{Fleets: []string{fleetProject}})
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range found {
		all[at.Name[strings.LastIndex(at.Name, "/")+1:]] = at
		targets = append(targets, at)
	}
	on := func(cluster, job string) runbook.Job {
		j := named(own(t, mixed), job)
		j.Target = all[cluster]
		return j
	}
	do := func(cluster, job string, a engine.Approvals, outcome journal.Outcome) runbook.Result {
		t.Helper()
		r, err := fleet.Continue(t.Context(), e, on(cluster, job), a)
		if err != nil {
			t.Fatal(err)
		}
		if r.Outcome != outcome {
			t.Fatalf("%s: %s", cluster, told(r))
		}
		return *r
	}
	nobody := engine.Approvals{}
	want := map[string]runbook.Result{
		"cluster-1": do("cluster-1", "march", yes, journal.Succeeded),
		"cluster-2": do("cluster-2", "march", nobody, journal.NeedsApprove),
		"cluster-3": do("cluster-3", "march", yes, journal.Failed),
	}
	do("cluster-4", "february", yes, journal.Succeeded) // another job's does not count
	left := w.abandon(dir, on("cluster-5", "march"), journal.KindActIntended)
	spoilt := do("cluster-6", "march", yes, journal.Succeeded).Run
	spoil(t, filepath.Join(dir, spoilt+".jsonl"))
	// The newest counts: what was done by hand in between belongs to no job.
	do("cluster-7", "march", nobody, journal.NeedsApprove)
	do("cluster-7", "", yes, journal.Succeeded)
	want["cluster-7"] = do("cluster-7", "march", yes, journal.Succeeded)

	living := store.Me(left)
	time.Sleep(2 * shortLease)
	lock, err := e.Store.Acquire(t.Context(), all["cluster-5"].Name, living, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	report, err := fleet.Merge(t.Context(), e, "march", targets)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]runbook.Result{}
	for _, r := range report.Results {
		got[r.Target[strings.LastIndex(r.Target, "/")+1:]] = r
	}
	for name, ran := range want {
		if got, want := alike(t, got[name]), alike(t, ran); got != want {
			t.Errorf("%s: merged it is\n%s\nand its executor said\n%s", name, got, want)
		}
	}
	if len(got) != 6 || len(report.Results) != 6 || !slices.Equal(report.NotRun, []string{all["cluster-4"].Name}) {
		t.Errorf("it has %d results, and %v were not begun", len(report.Results), report.NotRun)
	}
	if r := got["cluster-5"]; r.Outcome != journal.Stopped || !strings.Contains(r.Error, "still at work, by ") ||
		!strings.Contains(r.Next, "runbook show "+left) {
		t.Errorf("one that is at work is told as %s", told(&r))
	}
	if r := got["cluster-6"]; r.Outcome != journal.Failed || !strings.Contains(r.Error, "broken at line") ||
		!strings.Contains(r.Next, "runbook audit "+spoilt) {
		t.Errorf("one whose journal was altered is told as %s", told(&r))
	}
	if report.ExitCode() != runbook.ExitFailed || !strings.HasPrefix(report.Summary, "2 of 7 succeeded, 3 changed something, 2 failed, 1 "+
		"wait for somebody, 1 stopped, 1 not begun") || report.Job != "march" {
		t.Errorf("the exit code is %d: %s", report.ExitCode(), report.Summary)
	}
	if report.Started.IsZero() || !report.Finished.After(report.Started) {
		t.Errorf("it lasted from %s to %s", report.Started, report.Finished)
	}

	if err := lock.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	report, err = fleet.Merge(t.Context(), e, "march", targets)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(report.Results, func(r runbook.Result) bool { return r.Run == left })
	if r := report.Results[at]; r.Outcome != journal.Stopped || !strings.Contains(r.Error, "without a word") ||
		!strings.Contains(r.Next, "runbook resume "+left) {
		t.Errorf("one whose executor is gone is told as %s", told(&r))
	}
	if none, err := fleet.Merge(t.Context(), e, "may", targets); err != nil || len(none.NotRun) != 7 || none.ExitCode() != runbook.ExitFailed {
		t.Errorf("a job that nobody began is %+v, %v", none, err)
	}
}

// spoil alters the second entry of a journal.
func spoil(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	lines[1] = strings.Replace(lines[1], "grant", "grunt", 1)
	if err := os.WriteFile(path, []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatal(err)
	}
}
