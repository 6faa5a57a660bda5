package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
)

// undoRisk is the risk of taking back a change of a kind.
func undoRisk(def *kinds.Def) lang.Risk {
	switch {
	case def.UndoRisk != "":
		return def.UndoRisk
	case def.Risk == lang.LowRisk:
		return lang.MediumRisk
	}
	return def.Risk
}

// place is what a change was made to.
type place struct{ kind, subject string }

// maxReliers bounds how many later runs are read for one undo.
const maxReliers = 200

// reliers says, of what a run changed, which later runs on other targets found it in order: they may rely on it.
func (e *Engine) reliers(ctx context.Context, of *journal.State, changes []journal.Made) (map[place]string, error) {
	changed := map[place]bool{}
	for _, m := range changes {
		changed[place{m.Change.Kind, m.Change.Subject}] = true
	}
	if len(changed) == 0 {
		return nil, nil
	}
	later, err := e.Store.List(ctx, store.Filter{Since: of.Started, Limit: maxReliers})
	if err != nil {
		return nil, err
	}
	found, unread := map[place][]string{}, 0
	for _, info := range later {
		if info.Target == of.Target || info.UndoOf != "" {
			continue
		}
		state, _, err := e.History(ctx, info.Run)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			unread++
			continue
		}
		for _, s := range state.Plan {
			p := place{s.What, s.Subject}
			if s.Kind == string(lang.Ensure) && s.Status == string(runbook.StatusSatisfied) && changed[p] {
				found[p] = append(found[p], fmt.Sprintf("%s (run %s)", state.Target, state.Run))
			}
		}
	}
	text := map[place]string{}
	for p := range changed {
		if on := found[p]; len(on) > 0 {
			text[p] += fmt.Sprintf(" Others may rely on it: %s of it was in order for %s.", p.kind, strings.Join(on, ", "))
		}
		if unread > 0 || len(later) == maxReliers {
			text[p] += fmt.Sprintf(" Not all later runs were read (%d looked at, %d unreadable).", len(later), unread)
		}
	}
	return text, nil
}
