package cli

import (
	"github.com/spf13/cobra"
)

func newRunbook(p program) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "runbook",
		Short: "Plan, run, resume and undo runbooks",
		Long: `Plan, run, resume and undo runbooks. A runbook corrects one problem step by
step: it reads what is there, says what it would change, asks where it should,
changes that and no more, and verifies each change with the check that found it.
Every run leaves a journal, from which one that was killed goes on and one that
was a mistake is taken back.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newRunbookList(), newRunbookPrint(),
		newRunbookPlan(p), newRunbookRun(p), newRunbookResume(p), newRunbookUndo(p),
		newRunbookHistory(p), newRunbookShow(p), newRunbookAudit(), newRunbookMerge(p), newRunbookPrune(p),
		newRunbookValidate(), newRunbookFmt(), newRunbookTest(p), newRunbookCatalogue(), newRunbookReference(), newRunbookSchema(),
	)
	return cmd
}
