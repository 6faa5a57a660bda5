package cli

import (
	"github.com/spf13/cobra"
)

func newRunbook(p program) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "runbook",
		Short: "Plan, run, resume and undo runbooks",
		Long: `Plan, run, resume and undo runbooks. A runbook corrects one problem step by
step: it reads the current state, plans the smallest change, asks for approval
where a step needs it, makes the change, and verifies it with the check that
found the problem. Every run writes a journal, from which a run that was killed
resumes, and a mistaken run is undone.`,
		Args: onlyCommands,
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
