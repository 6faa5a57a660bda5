package runbook_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/control"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

const (
	fleetProject = simtest.Project
	member       = simtest.Membership
)

// world is a simulated Google Cloud. Its clock goes on when a run waits.
type world struct {
	*simtest.World
	t testing.TB
}

func newWorld(t testing.TB, o sim.Options) *world {
	t.Helper()
	return &world{t: t, World: simtest.Start(t, o)}
}

// writes returns the requests since Forget that changed something, or attempted to.
func (w *world) writes() (all []string) {
	for _, e := range w.Writes() {
		all = append(all, control.Line(e))
	}
	return all
}

// newEngine works on the world at an address as a caller, with the runs of a folder.
func newEngine(ctx context.Context, url, caller, dir string, clock wait.Clock) (*engine.Engine, error) {
	client, err := gcp.New(ctx, gcp.Config{AccessToken: simtest.Token(caller), Clock: clock, Endpoints: gcp.EndpointsBelow(url)})
	if err != nil {
		return nil, err
	}
	clusters := prereq.NewClusters(client, cluster.Config{FindEndpoint: simtest.FindEndpoint(url)})
	redactor := journal.NewRedactor()
	return &engine.Engine{
		Client: client, Clusters: clusters, Redactor: redactor, Clock: clock, Version: "test",
		Store: store.NewLocal(dir, store.Options{Redactor: redactor}),
	}, nil
}

// runs is a folder for journals: in memory where the machine has such a place, for
// every entry is synced, and what a disk takes for that is not what is tested.
func runs(t testing.TB) string {
	t.Helper()
	if _, err := os.Stat("/dev/shm"); err != nil {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp("/dev/shm", "runs")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func (w *world) engine(dir string) *engine.Engine {
	w.t.Helper()
	e, err := newEngine(w.t.Context(), w.URL(), simtest.Owner, dir, w.Clock)
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

func (w *world) diagnose(e *engine.Engine) *diagnosis.Report {
	w.t.Helper()
	e.Client.Forget()
	r, err := diagnosis.Run(w.t.Context(), diagnosis.Reader{Client: e.Client, Clusters: e.Clusters}, w.options())
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) options() diagnosis.Options {
	return diagnosis.Options{FleetProjects: []string{fleetProject}, Clock: w.Clock, Since: time.Hour}
}

// alarms are the findings that are not for information only.
func alarms(r *diagnosis.Report) []string {
	names := []string{}
	for _, f := range r.Findings {
		if f.Severity == catalogue.Info {
			continue
		}
		name := string(f.Code)
		if f.Detail != "" {
			name += ":" + f.Detail
		}
		if f.Root() {
			name += " (root)"
		}
		if f.Waiting {
			name += " (waiting)"
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func builtIn(t testing.TB) *runbook.Library {
	t.Helper()
	books, err := runbook.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	return books
}

// job is a built-in runbook on the world's one membership.
func job(t testing.TB, name string) runbook.Job {
	t.Helper()
	book, found := builtIn(t).Find(name)
	if !found {
		t.Fatalf("there is no runbook %q", name)
	}
	return runbook.Job{Runbook: book.Runbook, File: book.File, Target: target(t, member)}
}

// own is a runbook of a test.
func own(t testing.TB, text string) runbook.Job {
	t.Helper()
	r, file, err := runbook.Load("test.hcl", []byte(text), "")
	if err != nil {
		t.Fatal(err)
	}
	return runbook.Job{Runbook: r, File: file, Target: target(t, member)}
}

func target(t testing.TB, name string) runbook.Target {
	t.Helper()
	at, err := runbook.ParseTarget(lang.TargetMembership, name, "")
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func plan(t testing.TB, e *engine.Engine, j runbook.Job) *engine.Prepared {
	t.Helper()
	p, err := e.Plan(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var yes = engine.Approvals{All: true, Approver: "tester@example.com"}

func run(t testing.TB, e *engine.Engine, p *engine.Prepared, a engine.Approvals) *runbook.Result {
	t.Helper()
	r, err := e.Run(t.Context(), p, a)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// told is everything that a result says, for a failing test.
func told(r *runbook.Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s on %s: %s %s\n", r.Runbook, r.Target, r.Outcome, r.Error)
	for _, s := range r.Steps {
		fmt.Fprintf(&b, "  %s %s %s %s\n", s.Step, s.Status, s.Text, s.Error)
	}
	return b.String()
}

func asHeld(err error, held **store.HeldError) bool { return errors.As(err, held) }
