package runbook_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/control"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

// meddle stands between an engine and a world and does something to one write, the nth that is asked for.
func (w *world) meddle(dir string, n int, with trouble) *engine.Engine {
	w.t.Helper()
	var mu sync.Mutex
	count := 0
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		forward := func() *http.Response {
			again, err := http.NewRequestWithContext(r.Context(), r.Method, w.URL()+r.URL.RequestURI(), bytes.NewReader(body))
			if err != nil {
				panic(http.ErrAbortHandler)
			}
			again.Header = r.Header.Clone()
			resp, err := http.DefaultTransport.RoundTrip(again)
			if err != nil {
				panic(http.ErrAbortHandler)
			}
			return resp
		}
		mu.Lock()
		if control.IsWrite(sim.Exchange{Method: r.Method, Path: r.URL.Path}) {
			count++
		} else {
			mu.Unlock()
			pipe(rw, forward()) //nolint:bodyclose // pipe closes it
			return
		}
		hit := count == n
		mu.Unlock()
		if !hit {
			pipe(rw, forward()) //nolint:bodyclose // pipe closes it
			return
		}
		with.do(rw, forward)
	}))
	w.t.Cleanup(server.Close)
	e, err := newEngine(w.t.Context(), server.URL, simtest.Owner, dir, w.Clock)
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

func pipe(rw http.ResponseWriter, resp *http.Response) {
	defer resp.Body.Close()
	for name, values := range resp.Header {
		rw.Header()[name] = values
	}
	rw.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(rw, resp.Body)
}

// trouble is what becomes of a write.
type trouble struct {
	name string
	do   func(rw http.ResponseWriter, forward func() *http.Response)
}

func refusal(code int, status string) trouble {
	return trouble{fmt.Sprint(code), func(rw http.ResponseWriter, _ func() *http.Response) {
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(code)
		fmt.Fprintf(rw, `{"error":{"code":%d,"message":"not now","status":%q},"kind":"Status","apiVersion":"v1","status":"Failure","message":"not now","code":%d}`, code, status, code)
	}}
}

var troubles = []trouble{
	refusal(429, "RESOURCE_EXHAUSTED"),
	refusal(503, "UNAVAILABLE"),
	refusal(409, "ABORTED"),
	{"cut before", func(http.ResponseWriter, func() *http.Response) { panic(http.ErrAbortHandler) }},
	{"cut after", func(_ http.ResponseWriter, forward func() *http.Response) {
		resp := forward()
		_ = resp.Body.Close()
		panic(http.ErrAbortHandler)
	}},
}

// TestTroubleAtEveryWrite does something to each write of each runbook. The run gets over it, or stops and says where
// and how to go on; it never succeeds without the world being well.
func TestTroubleAtEveryWrite(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.runbook+"/"+s.fault, func(t *testing.T) {
			t.Parallel()
			ref := suffer(t, s.fault).reference(s.runbook)
			for _, with := range troubles {
				for n := 1; n <= len(ref.writes); n += stride {
					what := fmt.Sprintf("%s at write %d of %d", with.name, n, len(ref.writes))
					w, dir := suffer(t, s.fault), runs(t)
					e := w.meddle(dir, n, with)
					r := run(t, e, plan(t, e, job(t, s.runbook)), yes)
					if r.Outcome != journal.Succeeded {
						if r.Outcome != journal.Failed || !strings.Contains(r.Error, "step ") || !strings.Contains(r.Next, "runbook resume "+r.Run) {
							t.Errorf("%s: it does not say where it stopped and how to go on: %q, next %q\n%s", what, r.Error, r.Next, told(r))
						}
						t.Logf("%s: stopped: %s", what, r.Error)
						var err error
						if r, err = e.Resume(t.Context(), r.Run, nil, yes); err != nil {
							t.Errorf("%s: %v", what, err)
							continue
						}
					}
					if left := alarms(w.diagnose(w.engine(dir))); r.Outcome != journal.Succeeded || len(left) > 0 {
						t.Errorf("%s: left are %q\n%s", what, left, told(r))
					}
					// What was done and not answered is asked for once more where that does no harm.
					if got := w.acts(); with.name != "cut after" && !within(got, ref.writes) {
						t.Errorf("%s: it wrote\n  %s\nwithout the trouble it was\n  %s\n%s", what, strings.Join(got, "\n  "),
							strings.Join(ref.writes, "\n  "), told(r))
					}
				}
			}
		})
	}
}

// TestFixThatDoesNotHoldIsAFailure has an API that answers 200 and does nothing.
func TestFixThatDoesNotHoldIsAFailure(t *testing.T) {
	w, dir := suffer(t, "binding-revoked"), runs(t)
	e := w.meddle(dir, 1, trouble{"swallowed", func(rw http.ResponseWriter, _ func() *http.Response) {
		rw.Header().Set("Content-Type", "application/json")
		fmt.Fprint(rw, `{"version":3,"etag":"BwX","bindings":[]}`)
	}})
	r := run(t, e, plan(t, e, job(t, "restore-service-agent-binding")), yes)
	if r.Outcome != journal.Failed || !strings.Contains(r.Error, "made without an error") ||
		!strings.Contains(r.Error, "still not satisfied") {
		t.Errorf("%s", told(r))
	}
	if got := w.acts(); len(got) != 0 {
		t.Errorf("the world was written to: %q", got)
	}
	r, err := e.Resume(t.Context(), r.Run, nil, yes)
	if err != nil || r.Outcome != journal.Succeeded {
		t.Fatalf("resumed: %v\n%s", err, told(r))
	}
}

// TestOperationsThatDoNotEndOrFail has operations that are half done.
func TestOperationsThatDoNotEndOrFail(t *testing.T) {
	for _, fault := range []string{"failing-operations", "stuck-operations"} {
		for _, s := range scenarios {
			t.Run(fault+"/"+s.runbook+"/"+s.fault, func(t *testing.T) {
				t.Parallel()
				w, dir := suffer(t, s.fault), runs(t)
				w.Fault(fault)
				e := w.engine(dir)
				r := run(t, e, plan(t, e, job(t, s.runbook)), yes)
				w.ClearFault(fault)
				if r.Outcome != journal.Succeeded {
					if r.Error == "" || !strings.Contains(r.Next, "runbook resume "+r.Run) {
						t.Errorf("%q, next %q", r.Error, r.Next)
					}
					var err error
					if r, err = e.Resume(t.Context(), r.Run, nil, yes); err != nil {
						t.Fatal(err)
					}
				}
				if left := alarms(w.diagnose(e)); r.Outcome != journal.Succeeded || len(left) > 0 {
					t.Errorf("left are %q\n%s", left, told(r))
				}
			})
		}
	}
}

// TestNowhereToKeepTheJournal wants an error before anything is changed.
func TestNowhereToKeepTheJournal(t *testing.T) {
	if os.Geteuid() == 0 {
		// root may write anywhere, so the place is taken by a file instead.
		w := suffer(t, "binding-revoked")
		dir := filepath.Join(runs(t), "runs")
		if err := os.WriteFile(dir, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		refusedBeforeAnything(t, w, dir)
		return
	}
	w := suffer(t, "binding-revoked")
	dir := filepath.Join(runs(t), "runs")
	if err := os.Mkdir(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	refusedBeforeAnything(t, w, dir)
}

func refusedBeforeAnything(t *testing.T, w *world, dir string) {
	t.Helper()
	e := w.engine(dir)
	_, err := e.Run(t.Context(), plan(t, e, job(t, "restore-service-agent-binding")), yes)
	if err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("it does not name the folder: %v", err)
	}
	if got := w.writes(); len(got) > 0 {
		t.Errorf("it wrote %q", got)
	}
}

// TestFrozenExecutorCannotWriteOverItsSuccessor lets another take the lock over while one is frozen.
func TestFrozenExecutorCannotWriteOverItsSuccessor(t *testing.T) {
	w, dir := suffer(t, "everything-broken"), runs(t)
	frozen := w.engine(dir)
	frozen.Lease = 300 * time.Millisecond
	p := plan(t, frozen, job(t, "restore-service-agent-binding"))
	before := 0
	frozen.Events = func(event engine.Event) {
		if event.Entry.Kind != journal.KindStepStarted || before > 0 {
			return
		}
		before++
		// The successor is another machine to the lock: it knows no process here.
		next := w.engine(dir)
		next.Store = elsewhere{next.Store}
		deadline := time.Now().Add(20 * time.Second)
		for {
			r, err := next.Resume(context.Background(), event.Run, nil, yes)
			var held *store.HeldError
			if errors.As(err, &held) && time.Now().Before(deadline) {
				time.Sleep(50 * time.Millisecond)
				continue
			}
			if err != nil || r.Outcome != journal.Succeeded {
				t.Errorf("the successor: %v, %+v", err, r)
			}
			return
		}
	}
	stopRenewing := frozen.Store
	frozen.Store = forgetful{stopRenewing}
	_, err := frozen.Run(t.Context(), p, yes)
	if err == nil {
		t.Error("the executor that was frozen past its lease came to an end as if nothing had happened")
	} else if !strings.Contains(err.Error(), "taken") && !strings.Contains(err.Error(), "another executor") {
		t.Errorf("it does not say that it lost its lock: %v", err)
	}
	if got := w.acts(); len(got) != 2 || got[0] == got[1] { // the API, and the grant
		t.Errorf("both together wrote %q", got)
	}
}

// forgetful keeps locks that are never renewed, as a frozen process does.
type forgetful struct{ store.Store }

func (f forgetful) Acquire(ctx context.Context, target string, owner store.Owner, lease time.Duration) (store.Lock, error) {
	lock, err := f.Store.Acquire(ctx, target, owner, lease)
	return noRenewal{lock}, err
}

type noRenewal struct{ store.Lock }

func (noRenewal) Renew(context.Context) error { return nil }

// elsewhere asks for locks as a process of another machine.
type elsewhere struct{ store.Store }

func (e elsewhere) Acquire(ctx context.Context, target string, owner store.Owner, lease time.Duration) (store.Lock, error) {
	owner.Host = "another-machine"
	return e.Store.Acquire(ctx, target, owner, lease)
}
