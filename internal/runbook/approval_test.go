package runbook_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
)

// agreedAndStopped is a run that was stopped right after its gate was approved.
func agreedAndStopped(t *testing.T, e *engine.Engine) (id string) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	e.Events = func(event engine.Event) {
		if event.Entry.Kind == journal.KindApproval {
			id = event.Run
			cancel(errors.New("stopped by the test"))
		}
	}
	defer func() { e.Events = nil }()
	if _, err := e.Run(ctx, plan(t, e, own(t, gated)), yes); id == "" {
		t.Fatalf("no gate was approved: %v", err)
	}
	return id
}

func resume(t *testing.T, e *engine.Engine, id string) *runbook.Result {
	t.Helper()
	r, err := e.Resume(t.Context(), id, nil, engine.Approvals{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestApprovalInTheJournalCountsWithItsKeyOnly(t *testing.T) {
	w := suffer(t, "binding-revoked")
	dir, key := runs(t), filepath.Join(t.TempDir(), "state", "approval.key")
	e := w.engine(dir)
	e.Signer = journal.NewSigner(key)
	id := agreedAndStopped(t, e)
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key: %v, %v", info, err)
	}
	for name, signer := range map[string]*journal.Signer{
		"another key": journal.NewSigner(filepath.Join(t.TempDir(), "approval.key")), "no key": nil,
	} {
		other := w.engine(dir)
		other.Signer = signer
		if r := resume(t, other, id); r.Outcome != journal.NeedsApprove || len(w.writes()) > 0 {
			t.Errorf("%s: %s, wrote %q", name, told(r), w.writes())
		}
	}
	if r := resume(t, e, id); r.Outcome != journal.Succeeded || len(w.writes()) != 1 {
		t.Errorf("with the key: %s, wrote %q", told(r), w.writes())
	}
}

// TestForgedApprovalDoesNotCount has somebody append to a journal who can write to its folder, and reads the world.
func TestForgedApprovalDoesNotCount(t *testing.T) {
	for name, forge := range map[string]func(genuine, own journal.Approval) journal.Approval{
		"made up":     func(_, own journal.Approval) journal.Approval { return own },
		"another run": func(genuine, _ journal.Approval) journal.Approval { return genuine },
		"another run, renamed": func(genuine, own journal.Approval) journal.Approval {
			genuine.Run = own.Run
			return genuine
		},
		"prolonged": func(genuine, own journal.Approval) journal.Approval {
			genuine.Run, genuine.Expires = own.Run, own.Expires
			return genuine
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := suffer(t, "binding-revoked")
			e := w.engine(runs(t))
			e.Signer = journal.NewSigner(filepath.Join(t.TempDir(), "approval.key"))
			earlier, _, err := e.History(t.Context(), agreedAndStopped(t, e))
			if err != nil || len(earlier.Approvals) != 1 {
				t.Fatalf("%v, %+v", err, earlier)
			}
			r := run(t, e, plan(t, e, own(t, gated)), engine.Approvals{})
			state, _, err := e.History(t.Context(), r.Run)
			if err != nil || r.Outcome != journal.NeedsApprove {
				t.Fatalf("%v, %s", err, told(r))
			}
			lock, err := e.Store.Acquire(t.Context(), member, store.Me(r.Run), time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			writer, _, err := e.Store.Open(t.Context(), lock, r.Run, journal.RunResumed{})
			if err != nil {
				t.Fatal(err)
			}
			forged := forge(earlier.Approvals[0], journal.Approval{
				Step: "grant", Approver: "ciso@example.com", How: "terminal", Run: r.Run, Fingerprint: state.Fingerprint,
				Expires: w.Clock.Now().AddDate(900, 0, 0),
			})
			if _, err := writer.Append(t.Context(), forged); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(writer.Close(), lock.Release(t.Context())); err != nil {
				t.Fatal(err)
			}
			if r := resume(t, e, r.Run); r.Outcome != journal.NeedsApprove || len(w.writes()) > 0 {
				t.Errorf("%s, wrote %q", told(r), w.writes())
			}
		})
	}
}

func TestApprovalFileHoldsNoLongerThanAllowed(t *testing.T) {
	w := suffer(t, "binding-revoked")
	e := w.engine(runs(t))
	p := plan(t, e, own(t, gated))
	now := w.Clock.Now()
	r := run(t, e, p, engine.Approvals{Valid: 2 * time.Hour, Files: []*runbook.ApprovalFile{{
		Fingerprint: p.Fingerprint, Approver: "lead@example.com", Expires: now.AddDate(900, 0, 0),
	}}})
	state, _, err := e.History(t.Context(), r.Run)
	if err != nil || r.Outcome != journal.Succeeded || len(state.Approvals) == 0 {
		t.Fatalf("%v, %s", err, told(r))
	}
	for _, a := range state.Approvals {
		if a.Run != r.Run || a.Expires.After(now.Add(3*time.Hour)) {
			t.Errorf("it names run %q and holds until %s", a.Run, a.Expires)
		}
	}
}
