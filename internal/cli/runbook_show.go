package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/managed-mesh/terraform-provider-asm/internal/report"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
)

type showFlags struct {
	stateFlags
	outputs outputs
}

func newRunbookShow(p program) *cobra.Command {
	f := showFlags{outputs: listOutputs()}
	cmd := &cobra.Command{
		Use:   "show RUN",
		Short: "Show a run: who, when, why, each change, and the outcome",
		Long: `Show the journal of a run: who ran which runbook, when and why, who approved what,
each change with the values before and after, and the outcome. It shows an
unfinished run, too.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, p, args[0]) },
	}
	f.outputs.flag(cmd.Flags())
	f.flags(cmd.Flags())
	return cmd
}

func (f *showFlags) run(cmd *cobra.Command, p program, typed string) error {
	journals, err := f.open(nil, journal.NewRedactor())
	if err != nil {
		return err
	}
	run, err := findRun(cmd.Context(), journals, typed)
	if err != nil {
		return err
	}
	e := &engine.Engine{Store: journals, Clock: p.clock}
	state, entries, broken := e.History(cmd.Context(), run)
	if state == nil {
		return broken
	}
	shown := f.outputs.print(cmd.OutOrStdout(), &report.List{JSON: entries, Table: func(w io.Writer, o report.Options) error {
		f.print(cmd.Context(), newPage(w, o), journals, state, entries)
		return nil
	}})
	return errors.Join(shown, broken)
}

// print writes a run for a person: its head, then its entries in order.
func (f *showFlags) print(ctx context.Context, p *page, journals store.Store, state *journal.State, entries []journal.Entry) {
	outcome := string(state.Outcome)
	if outcome == "" {
		outcome = "unfinished"
		if holder, held, err := journals.Holder(ctx, state.Target); err == nil && held && holder.Run == state.Run {
			outcome = "running, by " + holder.String()
		}
	}
	p.text("", p.Paint("1", "Run "+state.Run)+"  "+report.Clean(outcome))
	p.item("Runbook", state.Runbook)
	p.item("Target", state.Target)
	p.item("Undo of", state.UndoOf)
	p.item("Job", state.Job)
	p.item("Reason", state.Reason)
	if state.Outcome != journal.Succeeded {
		p.command("Next", resumes+state.Run+f.again())
	}
	for _, name := range slices.Sorted(maps.Keys(state.Inputs)) {
		p.item("Input", fmt.Sprintf("%s = %s", name, runbook.Show(state.Inputs[name])))
	}
	fmt.Fprintln(p.w)
	for _, e := range entries {
		p.entry(e)
	}
}

// entry writes one entry of a journal.
func (p *page) entry(e journal.Entry) {
	at := e.Time.UTC().Format(time.DateTime) + "Z  "
	p.text(at, report.Clean(journal.Describe(e)))
	switch d := e.Data.(type) {
	case journal.RunStarted:
		p.item("By", executor(d.By))
		p.item("Reason", d.Reason)
	case journal.RunResumed:
		p.item("By", executor(d.By))
		p.item("Reason", d.Reason)
	case journal.Plan:
		for _, s := range d.Steps {
			if !s.Satisfied {
				p.text("    ", report.Clean(s.Step)+"  "+report.Clean(s.Subject))
				p.changes(s.Current, s.Desired)
			}
		}
	case journal.ActDone:
		p.changes(d.Change.Before, d.Change.After)
	case journal.ActFailed:
		p.changes(d.Change.Before, d.Change.After)
	case journal.StepFailed:
		p.item("Next", d.Next)
	}
}

// executor describes who ran a run, and where.
func executor(x journal.Executor) string {
	return fmt.Sprintf("%s on %s (process %s, version %s)", x.User, x.Host, x.PID, x.Version)
}

// changes writes the values of fields before and after.
func (p *page) changes(before, after map[string]any) {
	fields := slices.Collect(maps.Keys(after))
	for name := range before {
		if _, both := after[name]; !both {
			fields = append(fields, name)
		}
	}
	slices.Sort(fields)
	for _, name := range fields {
		from, to := runbook.ShowChange(before[name], after[name])
		p.text("      ", report.Clean(fmt.Sprintf("%s: %s -> %s", name, from, to)))
	}
}
