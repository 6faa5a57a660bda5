package sim

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// What grows with use is bounded. These tests are inside of the package
// because a client would need a hundred thousand requests to see it.

func TestJournalIsBounded(t *testing.T) {
	var j journal
	body := json.RawMessage(`"` + strings.Repeat("x", 1000) + `"`)
	const extra = 5
	for i := range maxServed + extra {
		j.add(served{Status: i, Body: body})
	}
	list, truncated := j.all()
	if !truncated || len(list) != maxServed || list[0].Status != extra || list[maxServed-1].Status != maxServed+extra-1 {
		t.Errorf("%d requests, from %d to %d, truncated %t", len(list), list[0].Status, list[len(list)-1].Status, truncated)
	}
	total := 0
	for _, s := range list {
		total += len(s.Body)
	}
	if total > maxServedBytes || list[maxServed-1].Body == nil || list[0].Body != nil {
		t.Errorf("%d bytes of bodies", total)
	}
	j.add(served{Body: json.RawMessage("no JSON")})
	j.add(served{Body: json.RawMessage(`"` + strings.Repeat("x", maxServedBody) + `"`)})
	list, _ = j.all()
	if list[maxServed-1].Body != nil || list[maxServed-2].Body != nil {
		t.Error("a body that is no JSON, or too long, was kept")
	}
	j.clear()
	if list, truncated := j.all(); len(list) != 0 || truncated {
		t.Errorf("%d requests after clear, truncated %t", len(list), truncated)
	}
}

func TestOperationsAreForgotten(t *testing.T) {
	now := time.Now()
	w := buildWorld(1, 1, now)
	first := w.begin(&Operation{API: hostHub, Name: "first", Project: "mesh-sim-1", Stuck: true}, now, 0)
	for range 2 * maxOperations {
		w.begin(&Operation{API: hostHub, Name: w.longName(now), Project: "mesh-sim-1"}, now, 0)
		w.settle(now)
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
