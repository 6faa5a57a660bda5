package engine

import (
	"cmp"
	"encoding/json"
	"maps"
	"os"
	"os/user"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// Engine plans and runs. It is safe for concurrent use.
type Engine struct {
	Client   *gcp.Client
	Clusters *prereq.Clusters
	Store    store.Store
	// Redactor is the one that Store has: it learns the secrets among the inputs.
	Redactor *journal.Redactor
	// Signer signs approvals. When nil, an approval lets only the executor go ahead that recorded it: who resumes asks again.
	Signer  *journal.Signer
	Clock   wait.Clock // of the waits of runs; wait.Real when nil
	Version string     // of this program
	Reason  string     // why, as X-Goog-Request-Reason tells Google
	Lease   time.Duration
	// Events receives every entry of every journal as it is written, and what waits see. Calls do not overlap.
	Events func(Event)

	eventMu sync.Mutex
	askMu   sync.Mutex
	sharing atomic.Int32 // how many callers of ShareReads are under way
}

// Event is something that happened in a run.
type Event struct {
	Run, Runbook, Target string
	Entry                journal.Entry // zero for what a wait saw
	Step, Seen           string        // what the step's wait saw last
}

// MarshalJSON writes an event as one line of --events: the journal's entry with
// the run that it is of, or step and seen.
func (e Event) MarshalJSON() ([]byte, error) {
	fields := map[string]any{}
	if e.Entry.Seq > 0 {
		raw, err := e.Entry.MarshalJSON()
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(raw, &fields); err != nil {
			return nil, err
		}
	} else {
		maps.Copy(fields, map[string]any{"kind": "seen", "step": e.Step, "seen": e.Seen})
	}
	maps.Copy(fields, map[string]any{"run": e.Run, "runbook": e.Runbook, "target": e.Target})
	return json.Marshal(fields)
}

// ShareReads lets plans share what was read until the function that it returns is
// called: many targets of one fleet are then planned with few requests.
func (e *Engine) ShareReads() (stop func()) {
	e.sharing.Add(1)
	return func() { e.sharing.Add(-1) }
}

// Emit passes an event to Events.
func (e *Engine) Emit(event Event) {
	if e.Events == nil {
		return
	}
	e.eventMu.Lock()
	defer e.eventMu.Unlock()
	e.Events(event)
}

// WaitClock is Clock, or the machine's clock where that is nil.
func (e *Engine) WaitClock() wait.Clock {
	if e.Clock == nil {
		return wait.Real
	}
	return e.Clock
}

// LeaseTime is how long a lock lasts without being renewed, which happens three times in it.
func (e *Engine) LeaseTime() time.Duration { return cmp.Or(e.Lease, 30*time.Second) }

// Tool is how this program signs what it writes.
func (e *Engine) Tool() string { return "terraform-provider-asm " + cmp.Or(e.Version, "dev") }

// executor is this process.
func (e *Engine) executor() journal.Executor {
	by := journal.Executor{User: "unknown user", Host: "unknown host", PID: strconv.Itoa(os.Getpid()), Version: cmp.Or(e.Version, "dev")}
	if u, err := user.Current(); err == nil {
		by.User = u.Username
	}
	if host, err := os.Hostname(); err == nil && host != "" {
		by.Host = host
	}
	return by
}

// hideSecrets has the redactor take these texts out of journals, plans and events.
func (e *Engine) hideSecrets(texts ...string) {
	if e.Redactor != nil {
		e.Redactor.Add(texts...)
	}
}

// Redact takes the secrets that are known out of a text.
func (e *Engine) Redact(text string) string {
	if e.Redactor == nil {
		return text
	}
	return e.Redactor.String(text)
}

// RedactFields takes the secrets that are known out of the fields of a prerequisite.
func (e *Engine) RedactFields(of map[string]any) map[string]any {
	if e.Redactor == nil || of == nil {
		return of
	}
	clean, _ := e.Redactor.Value(runbook.Normalize(of)).(map[string]any)
	return clean
}
