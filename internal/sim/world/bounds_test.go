package world

import (
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
)

// What grows with use is bounded. These tests are inside of the package
// because a client would need a hundred thousand requests to see it.

func TestOperationsAreForgotten(t *testing.T) {
	now := time.Now()
	w := Build(1, 1, now)
	first := w.Begin(&Operation{API: wire.HostHub, Name: "first", Project: "mesh-sim-1", Stuck: true}, now, 0)
	for range 2 * maxOperations {
		w.Begin(&Operation{API: wire.HostHub, Name: w.NewOperationName(now), Project: "mesh-sim-1"}, now, 0)
		w.AdvanceTo(now)
	}
	if n := len(w.Operations); n > maxOperations+maxOperations/10 || len(w.ops) != n {
		t.Errorf("%d operations, %d by name", n, len(w.ops))
	}
	if w.ops[first.key()] == nil {
		t.Error("an operation was forgotten that has not ended")
	}
}

func TestLogsAreBounded(t *testing.T) {
	p := &Project{}
	for range 2 * maxLogEntries {
		p.log(time.Now(), map[string]any{"insertId": "x"})
	}
	if n := len(p.Logs); n < maxLogEntries || n > maxLogEntries+maxLogEntries/10 {
		t.Errorf("%d entries", n)
	}
}
