package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// onlyCommands is the Args of a command that has commands of its own and takes nothing else.
func onlyCommands(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var known []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			known = append(known, c.Name())
		}
	}
	return fmt.Errorf("unknown command %q for %q%s \"%s --help\" lists its commands", args[0], cmd.CommandPath(),
		sentence(lang.Suggest(args[0], known)), cmd.CommandPath())
}

// mistakenFlag suggests the flag that was probably meant.
func mistakenFlag(cmd *cobra.Command, err error) error {
	given, unknown := strings.CutPrefix(err.Error(), "unknown flag: --")
	if !unknown {
		return err
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			known = append(known, f.Name)
		}
	})
	near := strings.Replace(lang.Suggest(given, known), `mean "`, `mean "--`, 1)
	return fmt.Errorf("%w%s \"%s --help\" lists the flags", err, sentence(near), cmd.CommandPath())
}

// sentence is a suggestion after which another one follows: a list of all names is left to --help.
func sentence(suggestion string) string {
	if strings.HasPrefix(suggestion, "; did you mean ") {
		return suggestion
	}
	return ";"
}
