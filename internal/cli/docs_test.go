package cli_test

import (
	"os"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// The guide names every fault, in the words of --list-faults.
func TestGuideNamesEveryFault(t *testing.T) {
	guide, err := os.ReadFile("../../docs/guides/simulator.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range sim.Faults() {
		if row := "| `" + f.Name + "` | " + f.Description + " |"; !strings.Contains(string(guide), row) {
			t.Errorf("docs/guides/simulator.md lacks the row\n%s", row)
		}
	}
}
