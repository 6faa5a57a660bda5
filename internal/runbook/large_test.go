package runbook_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
)

// A plan that no journal can hold is refused before the run is begun.
func TestPlanThatDoesNotFitIntoAJournal(t *testing.T) {
	var names []string
	for i := range 1200 {
		names = append(names, fmt.Sprintf("%q", fmt.Sprintf("%s-%d", strings.Repeat("n", 150), i)))
	}
	w, dir := suffer(t, "binding-revoked"), runs(t)
	e := w.engine(dir)
	text := strings.Replace(twoChanges, "TAIL", `  step "look" {
    for_each = toset([`+strings.Join(names, ", ")+`])
    approve {
      risk    = "low"
      message = "Look at ${each.value}, and again at ${each.value}."
    }
  }
`, 1)
	text = strings.Replace(text, `step "grant" {`, `step "grant" {
    depends_on = [step.look]`, 1)
	_, err := e.Run(t.Context(), plan(t, e, own(t, text)), yes)
	var long *journal.TooLongError
	if !errors.As(err, &long) || !strings.Contains(err.Error(), "two-changes") {
		t.Error(err)
	}
	if left := w.runs(dir); len(left) > 0 || len(w.writes()) > 0 {
		t.Errorf("it began %v, and wrote %q", left, w.writes())
	}
}
