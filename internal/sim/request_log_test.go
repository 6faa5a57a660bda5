package sim

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestRequestLogIsBounded(t *testing.T) {
	var j requestLog
	body := json.RawMessage(`"` + strings.Repeat("x", 1000) + `"`)
	const extra = 5
	for i := range maxLoggedRequests + extra {
		j.add(loggedRequest{Status: i, Body: body})
	}
	list, truncated := j.all()
	if !truncated || len(list) != maxLoggedRequests || list[0].Status != extra ||
		list[maxLoggedRequests-1].Status != maxLoggedRequests+extra-1 {
		t.Errorf("%d requests, from %d to %d, truncated %t", len(list), list[0].Status, list[len(list)-1].Status, truncated)
	}
	total := 0
	for _, s := range list {
		total += len(s.Body)
	}
	if total > maxLoggedBytes || list[maxLoggedRequests-1].Body == nil || list[0].Body != nil {
		t.Errorf("%d bytes of bodies", total)
	}
	j.add(loggedRequest{Body: json.RawMessage("no JSON")})
	j.add(loggedRequest{Body: json.RawMessage(`"` + strings.Repeat("x", maxLoggedBody) + `"`)})
	list, _ = j.all()
	if list[maxLoggedRequests-1].Body != nil || list[maxLoggedRequests-2].Body != nil {
		t.Error("a body that is no JSON, or too long, was kept")
	}
	j.clear()
	if list, truncated := j.all(); len(list) != 0 || truncated {
		t.Errorf("%d requests after clear, truncated %t", len(list), truncated)
	}
}
