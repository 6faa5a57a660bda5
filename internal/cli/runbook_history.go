package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/managed-mesh/terraform-provider-asm/internal/report"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
)

type historyFlags struct {
	stateFlags
	filter  store.Filter
	since   string
	outputs outputs
}

func newRunbookHistory(p program) *cobra.Command {
	f := historyFlags{outputs: listOutputs()}
	cmd := &cobra.Command{
		Use:   "history",
		Short: "List the stored runs, the newest first",
		Example: `  terraform-provider-asm runbook history --unfinished
  terraform-provider-asm runbook history --target projects/prod-fleet/locations/europe-west1/memberships/orders --since 168h`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd, p) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.filter.Target, "target", "", "only runs on this target, by its full resource name")
	flags.StringVar(&f.filter.Runbook, "runbook", "", "only runs of this runbook")
	flags.StringVar(&f.filter.Job, "job", "", "only runs of this job")
	flags.BoolVar(&f.filter.Unfinished, "unfinished", false, "only runs that can be resumed: under way, stopped, failed, or at a gate")
	flags.IntVar(&f.filter.Limit, "limit", 50, "how many runs to list; 0 lists all")
	flags.StringVar(&f.since, "since", "", "only runs that started since a day (2026-11-22), or within a duration (24h)")
	f.outputs.flag(flags)
	f.flags(flags)
	return cmd
}

func (f *historyFlags) run(cmd *cobra.Command, p program) error {
	if f.filter.Limit < 0 {
		return fmt.Errorf("--limit: %d is negative", f.filter.Limit)
	}
	var err error
	if f.filter.Since, err = ago(f.since, p.clock.Now()); err != nil {
		return fmt.Errorf("--since: %w", err)
	}
	f.filter.Target = targetName(f.filter.Target)
	journals, err := f.open(nil, journal.NewRedactor())
	if err != nil {
		return err
	}
	runs, err := journals.List(cmd.Context(), f.filter)
	if err != nil {
		return err
	}
	sinks, err := f.outputs.open(cmd.OutOrStdout())
	if err != nil {
		return err
	}
	defer sinks.close()
	if len(runs) == 0 && sinks.table() {
		fmt.Fprintf(cmd.ErrOrStderr(), "No such run in %s.\n", f.where())
	}
	return sinks.list(historyOf(runs))
}

// targetName is the name by which journals know a target, whichever of its spellings was typed. A project's id and number
// stay two names: nothing is asked here.
func targetName(typed string) string {
	for _, kind := range lang.TargetKinds() {
		if t, err := runbook.ParseTarget(kind, typed, ""); err == nil {
			return t.Name
		}
	}
	return typed
}

// ago parses a day, a time, or a duration before now.
func ago(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no day such as 2026-11-22, no time such as 2026-11-22T14:50:00Z, and no duration such as 24h", text)
}

func historyOf(runs []store.Info) *report.List {
	var heading []string
	if len(runs) > 0 {
		heading = []string{"RUN", "STARTED", "RUNBOOK", "TARGET", "BY", "OUTCOME"}
	}
	var rows [][]string
	for _, r := range runs {
		outcome := string(r.Outcome)
		switch {
		case r.Broken != "":
			rows = append(rows, []string{r.Run, "-", "-", "-", "-", "unreadable: " + report.Clean(r.Broken)})
			continue
		case outcome == "":
			outcome = "unfinished"
		}
		book := r.Runbook
		if r.UndoOf != "" {
			book = "undo of " + r.UndoOf
		}
		by := report.Clean(r.User + "@" + r.Host)
		rows = append(rows, []string{r.Run, stamp(r.Started), report.Clean(book), report.Clean(r.Target), by, outcome})
	}
	return &report.List{JSON: append([]store.Info{}, runs...), Table: report.Rows(heading, rows)}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }
