package runbook_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/fleet"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

// byNumber is a name with the project's number in it.
func byNumber(name string) string {
	return strings.Replace(name, "projects/"+simtest.Project, "projects/"+simtest.ProjectNumber, 1)
}

func TestEverySpellingOfATargetIsOneTarget(t *testing.T) {
	e := suffer(t, "binding-revoked").engine(runs(t))
	j := job(t, "restore-service-agent-binding")
	targets, err := fleet.Targets(t.Context(), e, j.Runbook, fleet.Selection{
		Memberships: []string{member, byNumber(member), "//gkehub.googleapis.com/" + byNumber(member)},
	})
	if err != nil || len(targets) != 1 || targets[0].Name != member {
		t.Errorf("%v, %v", targets, err)
	}
}

func TestLockHoldsForEverySpellingOfATarget(t *testing.T) {
	for _, c := range []struct{ name, locked, target string }{
		{"the number of a project that is locked by id", member, byNumber(member)},
		{"a membership whose cluster is locked", simtest.Cluster, member},
		{"a membership by number whose cluster is locked", simtest.Cluster, byNumber(member)},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := suffer(t, "binding-revoked")
			e := w.engine(runs(t))
			other, err := e.Store.Acquire(t.Context(), c.locked, store.Owner{Host: "another-machine", Run: "other"}, time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			j := job(t, "restore-service-agent-binding")
			j.Target = target(t, c.target)
			w.Forget()
			_, err = e.Run(t.Context(), plan(t, e, j), yes)
			var held *store.HeldError
			if !errors.As(err, &held) || held.Target != c.locked {
				t.Errorf("the run went past the lock on %s: %v", c.locked, err)
			}
			if got := w.writes(); len(got) > 0 {
				t.Errorf("beside the other run it wrote %q", got)
			}
			if err := other.Release(t.Context()); err != nil {
				t.Fatal(err)
			}
			r := run(t, e, plan(t, e, j), yes)
			if r.Target != member || len(w.writes()) != 1 {
				t.Errorf("with the lock free: %s, wrote %q", told(r), w.writes())
			}
			// Nothing stays locked.
			for _, name := range []string{member, simtest.Cluster} {
				if _, live, err := e.Store.Holder(t.Context(), name); live || err != nil {
					t.Errorf("%s is still locked: %v", name, err)
				}
			}
		})
	}
}

func TestTargetsProjectIsReplacedWhole(t *testing.T) {
	for name, want := range map[string]string{
		"projects/123456789012": "projects/my-project",
		"projects/123456789012/locations/global/memberships/123456789012": "projects/my-project/locations/global/memberships/123456789012",
	} {
		if got := (runbook.Target{Kind: lang.TargetProject, Name: name}).InProject("my-project").Name; got != want {
			t.Errorf("%s became %s", name, got)
		}
	}
}

// TestThawedExecutorSendsNoRequest has another take a lock over after an executor has recorded what it is about to do.
func TestThawedExecutorSendsNoRequest(t *testing.T) {
	for _, c := range []struct{ name, fault, runbook, taken string }{
		{"a request to Google Cloud", "binding-revoked", "restore-service-agent-binding", member},
		{"a request to the cluster", "wrong-injection", "correct-injection", member},
		{"the lock on the cluster", "wrong-injection", "correct-injection", simtest.Cluster},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := suffer(t, c.fault)
			e := w.engine(runs(t))
			e.Lease = 300 * time.Millisecond
			others := elsewhere{e.Store}
			e.Store = forgetful{e.Store}
			reached := false
			e.Events = func(event engine.Event) {
				if event.Entry.Kind != journal.KindActIntended || reached {
					return
				}
				reached = true
				for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
					_, err := others.Acquire(context.Background(), c.taken, store.Me("successor"), time.Hour)
					var held *store.HeldError
					if err == nil || !errors.As(err, &held) || time.Now().After(deadline) {
						if err != nil {
							t.Error(err)
						}
						return
					}
				}
			}
			p := plan(t, e, job(t, c.runbook))
			w.Forget()
			r, err := e.Run(t.Context(), p, yes)
			if !reached {
				t.Fatalf("it intended nothing: %v, %+v", err, r)
			}
			if err == nil && r.Outcome == journal.Succeeded {
				t.Errorf("it came to its end as if nothing had happened: %s", told(r))
			}
			if got := w.writes(); len(got) > 0 {
				t.Errorf("beside its successor it wrote %q", got)
			}
		})
	}
}
