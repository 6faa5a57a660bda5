package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
)

type pruneFlags struct {
	stateFlags
	before string
	yes    bool
}

func newRunbookPrune(p program) *cobra.Command {
	var f pruneFlags
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Remove the journals of runs that ended long ago",
		Long: `Remove the journals of runs that ended before a time. A removed run can be neither
shown nor undone. Unreadable runs stay, and so do runs that did not succeed, because
they can be resumed, unless a later run of the same runbook on the target did.
Without --yes, the runs are listed and none is removed.`,
		Example: `  terraform-provider-asm runbook prune --before 2160h
  terraform-provider-asm runbook prune --before 2026-01-01 --yes`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd, p) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.before, "before", "", "only runs that ended before a day (2026-01-01), or longer ago than a duration (2160h)")
	flags.BoolVar(&f.yes, "yes", false, "remove them")
	f.flags(flags)
	return cmd
}

func (f *pruneFlags) run(cmd *cobra.Command, p program) error {
	if f.before == "" {
		return errors.New("--before: give the age of the runs to remove, such as 2160h for ninety days")
	}
	before, err := ago(f.before, p.clock.Now())
	if err != nil {
		return fmt.Errorf("--before: %w", err)
	}
	journals, err := f.open(nil, journal.NewRedactor())
	if err != nil {
		return err
	}
	var old []store.Info
	if f.yes {
		old, err = store.Prune(cmd.Context(), journals, before)
	} else if old, err = journals.List(cmd.Context(), store.Filter{}); err == nil {
		old = store.Prunable(old, before)
	}
	if len(old) > 0 {
		if err := (outputs{}).print(cmd.OutOrStdout(), historyOf(old)); err != nil {
			return err
		}
	}
	switch {
	case err != nil:
		return err
	case f.yes:
		fmt.Fprintf(cmd.ErrOrStderr(), "Removed %d from %s.\n", len(old), f.where())
	default:
		fmt.Fprintf(cmd.ErrOrStderr(), "Would remove these %d from %s; --yes removes them.\n", len(old), f.where())
	}
	return nil
}
