package journal

import (
	"strings"
	"testing"
	"time"
)

func fold(t *testing.T, payloads ...Payload) *State {
	t.Helper()
	s, err := Fold(entries(t, content(t, write(t, Options{}, append([]Payload{story[0]}, payloads...)...))))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func undo(s *State) string {
	var all []string
	for _, m := range s.ToUndo() {
		text := m.Step + "=" + m.Change.Before["of"].(string)
		if m.Doubtful {
			text += "?"
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

func TestStateOfTheStory(t *testing.T) {
	s := fold(t, story[1:]...)
	if s.Run != "20261122-120000-00000000" || s.Runbook != "restore" || s.Fence != 7 || s.Fingerprint != "f1" || s.Outcome != Failed ||
		s.Inputs["name"] != "web" {
		t.Errorf("the run is %+v", s)
	}
	var steps []string
	for _, step := range s.Steps() {
		steps = append(steps, step.Step+" "+string(step.Status))
	}
	if got, want := strings.Join(steps, ", "), "one verified, two failed, three skipped"; got != want {
		t.Errorf("the steps are %s, want %s", got, want)
	}
	if e := s.Step("two").Error; e != "403: no" {
		t.Errorf("step two failed with %q", e)
	}
	if got, want := undo(s), "two=a one=one"; got != want {
		t.Errorf("to undo: %s, want %s", got, want)
	}
	if r, _ := s.Step("one").Result.(map[string]any); r["role"] != "agent" {
		t.Errorf("the result of step one is %v", r)
	}
}

func TestApprovals(t *testing.T) {
	s := fold(t, story[1:4]...)
	for name, c := range map[string]struct {
		step, fingerprint string
		after             time.Duration
		want              bool
	}{
		"given":        {"one", "f1", 59 * time.Minute, true},
		"expired":      {"one", "f1", time.Hour, false},
		"another plan": {"one", "f2", 0, false},
		"another step": {"two", "f1", 0, false},
	} {
		a, ok := s.Approved(c.step, c.fingerprint, noon.Add(c.after), func(Approval) bool { return true })
		if ok != c.want || ok && a.Approver != "bob" {
			t.Errorf("%s: approved is %v by %q, want %v", name, ok, a.Approver, c.want)
		}
	}
}

func TestActsInFlight(t *testing.T) {
	intended := func(of string) ActIntended { return ActIntended{Step: "one", Change: change(of)} }
	done := func(of string) ActDone { return ActDone{Step: "one", Change: change(of)} }
	for name, c := range map[string]struct {
		after  []Payload
		status Status
		acts   int
		undo   string
	}{
		"killed in the act": {[]Payload{intended("x")}, InFlight, 1, "one=x?"},
		"resumed, not looked at yet": {[]Payload{intended("x"), RunResumed{}, StepStarted{Step: "one", Attempt: 2}}, InFlight, 1,
			"one=x?"},
		"resumed, had been done":  {[]Payload{intended("x"), RunResumed{}, done("x")}, Done, 0, "one=x"},
		"resumed, found in order": {[]Payload{intended("x"), RunResumed{}, StepVerified{Step: "one"}}, Verified, 0, "one=x?"},
		"resumed, had not been done": {[]Payload{intended("x"), RunResumed{}, ActFailed{Step: "one", Error: "it did not happen"}},
			Started, 0, ""},
		"failed, and nobody knows how": {[]Payload{intended("x"), ActFailed{Step: "one", Error: "cut", Doubtful: true}}, InFlight, 1,
			"one=x?"},
		"failed, and tried again": {[]Payload{intended("x"), ActFailed{Step: "one", Error: "cut", Doubtful: true}, intended("y"),
			done("y")}, Done, 0, "one=y one=x?"},
		"failed half way": {[]Payload{intended("x"), ActFailed{Step: "one", Error: "e", Change: change("half")}}, Started, 0,
			"one=half"},
		"nothing had to be changed": {[]Payload{intended("x"), ActDone{Step: "one"}}, Done, 0, ""},
		"one of two acts": {[]Payload{intended("x"), ActIntended{Step: "one", Act: "2", Change: change("y")}, done("x")},
			InFlight, 1, "one=x one=y?"},
		"the step failed with it in flight": {[]Payload{intended("x"), StepFailed{Step: "one", Error: "timeout"}}, InFlight, 1, "one=x?"},
	} {
		s := fold(t, c.after...)
		step := s.Step("one")
		if step.Status != c.status || len(step.Acts) != c.acts || undo(s) != c.undo {
			t.Errorf("%s: the step is %s with %d acts in flight, to undo %q; want %s, %d, %q", name, step.Status, len(step.Acts), undo(s), c.status,
				c.acts, c.undo)
		}
	}
}

func TestUndoneChanges(t *testing.T) {
	s := fold(t,
		UndoOf{Run: "r", Seq: 9, Step: "undo two"}, ActIntended{Step: "undo two", Change: change("x")},
		ActDone{Step: "undo two", Change: change("x")},
		UndoOf{Run: "r", Seq: 7, Step: "undo one"}, StepVerified{Step: "undo one"},
		UndoOf{Run: "r", Seq: 5, Step: "undo zero"}, ActIntended{Step: "undo zero", Change: change("z")})
	for seq, want := range map[int64]bool{9: true, 7: true, 5: false, 1: false} {
		if got := s.taken[Origin{"r", seq}]; got != want {
			t.Errorf("the change of entry %d is undone: %v, want %v", seq, got, want)
		}
	}
}

func TestResumedRunIsNotFinished(t *testing.T) {
	s := fold(t, RunFinished{Outcome: NeedsApprove}, RunResumed{Fence: 9})
	if s.Outcome != "" || s.Fence != 9 || s.Resumed != 1 {
		t.Errorf("it is %+v", s)
	}
}

// What was redacted cannot be restored, and the undo has to know.
func TestPreImageWithASecret(t *testing.T) {
	c := change("x")
	c.Before["key"] = []any{"ya29.abcdefghijklmnop"}
	s := fold(t, ActDone{Step: "one", Change: c}, ActDone{Step: "two", Change: change("y")})
	all := s.ToUndo()
	if len(all) != 2 || all[0].Redacted || !all[1].Redacted {
		t.Errorf("to undo: %+v", all)
	}
}
