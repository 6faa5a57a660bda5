package sim

import (
	"encoding/json"
	"strings"
	"testing"
)

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
