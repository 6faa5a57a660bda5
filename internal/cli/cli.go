// Package cli is the command line of terraform-provider-asm: one file for each command.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/managed-mesh/terraform-provider-asm/internal/report"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// The exit codes of this package's commands.
const (
	exitOK    = 0
	exitError = 1
)

// Main runs the command line and returns its exit code. It ends early when the context does.
func Main(ctx context.Context, version string, args []string, stdout, stderr io.Writer) int {
	return program{version: version, clock: wait.Real}.main(ctx, args, stdout, stderr)
}

// program is what every command needs.
type program struct {
	version string
	clock   wait.Clock // for the waits of runs
	answers io.Reader  // answers to questions; nil for the terminal
}

func (p program) main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot(p)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var code exitCode
	if err == nil {
		return exitOK
	}
	if errors.As(err, &code) {
		return int(code)
	}
	for _, one := range parts(err) {
		// A reader that has gone knows it: it was head, or a pager that was left.
		if !errors.Is(one, syscall.EPIPE) {
			text := strings.TrimPrefix(report.CleanLines(one.Error()), "Error: ") // a mistake in a runbook brings its own
			fmt.Fprintln(stderr, "Error:", text)
		}
	}
	var unreported *unreportedError
	if errors.As(err, &unreported) {
		return unreported.code
	}
	return exitError
}

func newRoot(p program) *cobra.Command {
	root := &cobra.Command{
		Use:   "terraform-provider-asm",
		Short: "Keep the prerequisites of managed Anthos Service Mesh in place",
		Long: "terraform-provider-asm is a Terraform provider, and a command line of its own.\n" +
			"Terraform starts it without arguments; a person uses the commands below.",
		Args:              onlyCommands,
		Version:           p.version,
		SilenceUsage:      true,
		SilenceErrors:     true, // Main prints them once
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(mistakenFlag)
	root.SetVersionTemplate("terraform-provider-asm {{.Version}}\n")
	root.AddCommand(newDiagnose(p.version), newExplain(), newGuard(p.version), newPlanReport(p.version), newRemediate(p), newRunbook(p),
		newSimulate(), newVersion(p.version))
	return root
}
