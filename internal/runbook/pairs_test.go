//go:build !race

package runbook_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// TestRemediateEveryPair does two faults, and corrects both.
func TestRemediateEveryPair(t *testing.T) {
	if testing.Short() {
		t.Skip("some five hundred worlds")
	}
	alone := writesOfEach(t)
	for i, a := range worldFaults {
		for _, b := range worldFaults[i+1:] {
			t.Run(a.name+"+"+b.name, func(t *testing.T) {
				t.Parallel()
				remediateTogether(t, alone, a, b)
			})
		}
	}
}

// writesOfEach are the writes that each fault takes alone: all of them are the most that several may take.
func writesOfEach(t *testing.T) map[string][]string {
	alone := map[string][]string{}
	for _, f := range worldFaults {
		w := suffer(t, f.name)
		w.remediate(w.engine(runs(t)))
		alone[f.name] = w.acts()
	}
	return alone
}

// remediateTogether does several faults to a world, in the order of worldFaults, and wants them corrected without a needless
// write, and nothing written by a second run.
func remediateTogether(t *testing.T, alone map[string][]string, faults ...worldFault) {
	var names, most []string
	person := false
	for _, f := range faults {
		names, most = append(names, f.name), append(most, alone[f.name]...)
		person = person || f.person != nil
	}
	w := suffer(t, names...)
	e := w.engine(runs(t))
	m := w.remediate(e)
	if more := needless(w.writes()); len(more) > 0 {
		t.Errorf("nobody needed %q\n%s", more, tale(m))
	}
	did := slices.DeleteFunc(w.acts(), func(act string) bool { return strings.HasSuffix(act, ":batchEnable 200") }) // two in one
	if !within(did, most) {
		t.Errorf("it wrote\n  %s\nalone they take\n  %s\n%s", strings.Join(did, "\n  "), strings.Join(most, "\n  "), tale(m))
	}
	if person { // A person does their part, and remediate the rest.
		for _, f := range slices.Backward(faults) {
			if f.person != nil {
				w.ClearFault(f.name)
			}
		}
		w.Advance(2 * time.Hour)
		m = w.remediate(e)
	}
	if r := w.diagnose(e); r.Verdict != mesh.Healthy || len(alarms(r)) > 0 {
		t.Errorf("%s: left are %q\n%s", r.Verdict, alarms(r), tale(m))
	}
	w.Forget()
	again := w.remediate(e)
	if more := w.writes(); len(more) > 0 {
		t.Errorf("run again it wrote %q\n%s", more, tale(again))
	}
}
