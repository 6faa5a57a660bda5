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
	// What each takes alone is the most that both may take.
	alone := map[string][]string{}
	for _, f := range worldFaults {
		w := suffer(t, f.name)
		w.remediate(w.engine(runs(t)))
		alone[f.name] = w.acts()
	}
	for i, a := range worldFaults {
		for _, b := range worldFaults[i+1:] {
			t.Run(a.name+"+"+b.name, func(t *testing.T) {
				t.Parallel()
				w := suffer(t, a.name, b.name)
				e := w.engine(runs(t))
				m := w.remediate(e)
				acts := w.writes()
				if more := needless(acts); len(more) > 0 {
					t.Errorf("nobody needed %q\n%s", more, tale(m))
				}
				did := slices.DeleteFunc(w.acts(), func(act string) bool { return strings.HasSuffix(act, ":batchEnable 200") }) // two in one
				if most := slices.Concat(alone[a.name], alone[b.name]); !within(did, most) {
					t.Errorf("it wrote\n  %s\nalone they take\n  %s\n%s", strings.Join(did, "\n  "), strings.Join(most, "\n  "), tale(m))
				}
				if a.person == nil && b.person == nil {
					if r := w.diagnose(e); r.Verdict != mesh.Healthy || len(alarms(r)) > 0 {
						t.Errorf("%s: left are %q\n%s", r.Verdict, alarms(r), tale(m))
					}
				} else {
					// A person does their part, and remediate the rest.
					for _, f := range []worldFault{b, a} {
						if f.person != nil {
							w.ClearFault(f.name)
						}
					}
					w.Advance(2 * time.Hour)
					m = w.remediate(e)
					if r := w.diagnose(e); r.Verdict != mesh.Healthy || len(alarms(r)) > 0 {
						t.Errorf("after the person's part: %s: left are %q\n%s", r.Verdict, alarms(r), tale(m))
					}
				}
				w.Forget()
				again := w.remediate(e)
				if more := w.writes(); len(more) > 0 {
					t.Errorf("run again it wrote %q\n%s", more, tale(again))
				}
			})
		}
	}
}
