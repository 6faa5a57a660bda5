package journal

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// children are what the test binary does instead of tests, by the variable that asks for it.
var children = map[string]func(string) int{}

func TestMain(m *testing.M) {
	for variable, child := range children {
		if value := os.Getenv(variable); value != "" {
			os.Exit(child(value))
		}
	}
	os.Exit(m.Run())
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func change(step string) FieldChange {
	return FieldChange{Kind: "binding", Subject: "projects/p", Before: map[string]any{"granted": false, "of": step},
		After: map[string]any{"granted": true}}
}

// story is a whole run: two steps, of which the first needs an approval.
var story = []Payload{
	RunStarted{Run: "20261122-120000-00000000", Runbook: "restore", Target: "projects/p/locations/l/memberships/m",
		By: Executor{User: "alice", Host: "desk", PID: "1", Version: "1.2.3"}, Reason: "INC-1", Inputs: map[string]any{"n": 3, "name": "web"},
		Fence: 7},
	Plan{Fingerprint: "f1", Steps: []PlannedStep{{Step: "one", Kind: "ensure", Approval: "is it night?"}, {Step: "two", Kind: "ensure"},
		{Step: "three", Kind: "assert"}}},
	Waiting{Step: "one", For: "an approval"},
	Approval{Step: "one", Approver: "bob", How: "flag", Expires: noon.Add(time.Hour), Fingerprint: "f1"},
	StepStarted{Step: "one", Attempt: 1},
	ActIntended{Step: "one", Change: change("one")},
	ActDone{Step: "one", Change: change("one")},
	StepVerified{Step: "one", Found: "granted", Result: map[string]any{"role": "agent"}},
	StepStarted{Step: "two", Attempt: 1},
	ActIntended{Step: "two", Act: "a", Change: change("a")},
	ActDone{Step: "two", Act: "a", Change: change("a")},
	ActIntended{Step: "two", Act: "b", Change: change("b")},
	ActFailed{Step: "two", Act: "b", Error: "403: no"},
	StepFailed{Step: "two", Error: "403: no", Next: "ask for the permission"},
	StepSkipped{Step: "three", Why: "two failed"},
	RunFinished{Outcome: Failed, Reason: "step two failed"},
}

// statusAfter is the state of the steps one and two once so many entries of the story are there.
var statusAfter = [][2]Status{
	1: {Pending, Pending}, {Pending, Pending}, {Waits, Pending}, {Waits, Pending}, {Started, Pending}, {InFlight, Pending},
	{Done, Pending}, {Verified, Pending}, {Verified, Started}, {Verified, InFlight}, {Verified, Done}, {Verified, InFlight},
	{Verified, Started}, {Verified, Broken}, {Verified, Broken}, {Verified, Broken},
}

// write makes a journal of these payloads and returns its path.
func write(t testing.TB, o Options, payloads ...Payload) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.jsonl")
	f, err := CreateFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if o.Clock == nil {
		o.Clock = wait.NewManual(noon)
	}
	w := NewWriter(f, Entry{}, o)
	for _, p := range payloads {
		if _, err := w.Append(context.Background(), p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func content(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func entries(t testing.TB, text []byte) []Entry {
	t.Helper()
	all, err := NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all
}
