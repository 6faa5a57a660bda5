package cli

import (
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
)

// flagsOf writes pairs of a flag and its value for a command that a person copies. It leaves out flags without a value.
func flagsOf(pairs ...string) string {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			b.WriteString(" " + pairs[i] + "=" + runbook.ShellWord(pairs[i+1]))
		}
	}
	return b.String()
}
