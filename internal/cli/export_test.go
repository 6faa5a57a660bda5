package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// MainAt is Main with another clock for the waits of runs, and, unless nil, with answers to the questions.
func MainAt(ctx context.Context, clock wait.Clock, answers io.Reader, args []string, stdout, stderr io.Writer) int {
	return program{version: "1.2.3", clock: clock, answers: answers}.main(ctx, args, stdout, stderr)
}

// Commands lists every command with a run of its own, by its words.
func Commands() []string {
	var all []string
	var walk func(c *cobra.Command, words string)
	walk = func(c *cobra.Command, words string) {
		for _, inner := range c.Commands() {
			walk(inner, words+" "+inner.Name())
		}
		if !c.HasSubCommands() && words != "" {
			all = append(all, words[1:])
		}
	}
	walk(newRoot(program{}), "")
	return all
}
