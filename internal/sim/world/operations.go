package world

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
)

// An Operation is a long-running operation of any API. Its effect is data, so that a world with running operations can
// be read and written back.
type Operation struct {
	API     string `json:"api"`  // the host of the API
	Name    string `json:"name"` // as the API gives it
	Project string `json:"project"`
	// Location and Type are container's ("us-central1", "UPDATE_CLUSTER").
	Location string `json:"location,omitempty"`
	Type     string `json:"type,omitempty"`
	// Verb and Target are the hub's ("update"); Target is also what a container operation works on, below "projects/P/".
	Verb    string `json:"verb,omitempty"`
	Target  string `json:"target,omitempty"`
	Version string `json:"version,omitempty"` // the API version it was made by
	// RequestID is the hub's requestId: the same one again is the same request.
	RequestID string `json:"requestId,omitempty"`

	Start wire.Timestamp `json:"start"`
	End   wire.Timestamp `json:"end"` // when it ends, or ended
	Done  bool           `json:"done,omitempty"`
	// Stuck operations never end.
	Stuck     bool            `json:"stuck,omitempty"`
	Cancelled bool            `json:"cancelled,omitempty"`
	Error     *wire.RPCStatus `json:"error,omitempty"` // how it ends, or ended

	Effect *Effect `json:"effect,omitempty"`
	// Audit is the entry that is logged when it ends.
	Audit *AuditRecord `json:"audit,omitempty"`
}

// maxOperations bounds how many ended operations are remembered.
const maxOperations = 10_000

func opKey(api, name string) string { return api + "/" + name }

func (op *Operation) key() string { return opKey(op.API, op.Name) }

// Begin registers an operation and starts it. Faults that make operations fail or hang apply here.
func (w *World) Begin(op *Operation, now time.Time, takes wire.Duration) *Operation {
	op.Start = wire.At(now)
	op.End = wire.At(now.Add(time.Duration(takes)))
	if f := w.ActiveFault("failing-operations"); f.matchesOperation(op) && f.UseHit() {
		op.Error = &wire.RPCStatus{Code: 13, Message: "An internal error has occurred. (simulated fault failing-operations)"}
	}
	if f := w.ActiveFault("stuck-operations"); f.matchesOperation(op) && f.UseHit() {
		op.Stuck = true
	}
	w.Operations = append(w.Operations, op)
	w.ops[op.key()] = op
	w.dropOldOperations()
	w.start(op)
	w.enqueue(op)
	return op
}

// dropOldOperations drops the oldest operations that have ended.
func (w *World) dropOldOperations() {
	if len(w.Operations) <= maxOperations+maxOperations/10 {
		return
	}
	drop := len(w.Operations) - maxOperations
	w.Operations = slices.DeleteFunc(w.Operations, func(op *Operation) bool {
		if drop == 0 || !op.Done {
			return false
		}
		drop--
		delete(w.ops, op.key())
		return true
	})
}

func (w *World) enqueue(op *Operation) {
	i, _ := slices.BinarySearchFunc(w.pending, op, func(a, b *Operation) int {
		if c := a.End.Compare(b.End.Time); c != 0 {
			return c
		}
		return cmp.Compare(1, 0) // among equals, behind
	})
	w.pending = slices.Insert(w.pending, i, op)
}

// AdvanceTo advances the world to a time: operations that are due end, in order, each at its own time, and mesh log
// lines that are due are written. Nothing runs in the background; every request advances the world first.
func (w *World) AdvanceTo(now time.Time) {
	for {
		op := w.nextDueOperation(now)
		meshDue := !w.meshDue.IsZero() && !w.meshDue.After(now)
		switch {
		case op != nil && (!meshDue || !op.End.After(w.meshDue)):
			w.end(op)
		case meshDue:
			w.writeMeshLogs(w.meshDue)
		default:
			return
		}
	}
}

func (w *World) nextDueOperation(now time.Time) *Operation {
	for _, op := range w.pending {
		if op.End.After(now) {
			return nil
		}
		if !op.Stuck {
			return op
		}
	}
	return nil
}

// end finishes an operation at its own time.
func (w *World) end(op *Operation) {
	w.dequeue(op)
	op.Done = true
	t := op.End.Time
	if op.Effect != nil {
		w.finish(op, t)
	}
	if op.Audit != nil {
		rec := *op.Audit
		if op.Error != nil {
			rec.Code, rec.Message, rec.Response = op.Error.Code, op.Error.Message, nil
		}
		w.AppendAudit(&rec, t)
	}
	op.Audit = nil
	op.Effect = op.Effect.withoutResources()
}

func (w *World) dequeue(op *Operation) {
	if i := slices.Index(w.pending, op); i >= 0 {
		w.pending = slices.Delete(w.pending, i, i+1)
	}
}

// Cancel ends an operation now, without its effect.
func (w *World) Cancel(op *Operation, now time.Time, message string) {
	op.Cancelled, op.Stuck, op.End = true, false, wire.At(now)
	op.Error = &wire.RPCStatus{Code: 1, Message: message}
	w.end(op)
}

// resumeStuck lets stuck operations finish.
func (w *World) resumeStuck(now time.Time) {
	for _, op := range slices.Clone(w.pending) {
		if !op.Stuck {
			continue
		}
		w.dequeue(op)
		op.Stuck = false
		if op.End.Before(now) {
			op.End = wire.At(now)
		}
		w.enqueue(op)
	}
	w.AdvanceTo(now)
}

// OperationOn finds the operation that a resource is busy with.
func (w *World) OperationOn(api, target string) *Operation {
	for _, op := range w.pending {
		if op.API == api && op.Target == target {
			return op
		}
	}
	return nil
}

// NewOperationName makes an operation id of the form that GKE and the hub use:
// operation-<milliseconds>-<hex>-<hex>-<hex>.
func (w *World) NewOperationName(now time.Time) string {
	n := w.NextSerial()
	u := UUIDFor(fmt.Sprintf("operation %d %d", n, now.UnixNano()))
	return fmt.Sprintf("operation-%d-%s%s-%s-%s", now.UnixMilli(), u[:8], u[9:13], u[14:18]+u[19:23], u[24:32])
}

// Operation finds an operation of an API by its name.
func (w *World) Operation(api, name string) *Operation { return w.ops[opKey(api, name)] }

// HasRunningOperation reports whether an operation of an API runs in a project.
func (w *World) HasRunningOperation(api string, p *Project) bool {
	return slices.ContainsFunc(w.pending, func(op *Operation) bool { return op.API == api && op.Project == p.ProjectID })
}
