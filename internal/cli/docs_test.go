package cli_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/cli"
	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
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

// The table has every exit code, and the guide on runbooks every command of theirs.
func TestGuidesNameEveryCommandAndCode(t *testing.T) {
	read := func(name string) string {
		t.Helper()
		text, err := os.ReadFile("../../docs/guides/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	codes, guide := read("exit-codes.md"), read("runbooks.md")
	_, runs, _ := strings.Cut(codes, "Runbooks have the same codes")
	for code, word := range map[int]string{
		0: "clean", 1: "error", diagnosis.ExitChanges: "changes", diagnosis.ExitUnhealthy: "unhealthy", diagnosis.ExitUnknown: "unknown",
		runbook.ExitApproval: "approval", runbook.ExitFailed: "failed", runbook.ExitThreshold: "stopped",
	} {
		if row := fmt.Sprintf("\n| %d | %s | ", code, word); !strings.Contains(runs, row) {
			t.Errorf("docs/guides/exit-codes.md lacks the row %q", row)
		}
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	guardGuide, err := os.ReadFile("../docs/templates/guides/guard.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range cli.Commands() {
		name, of, _ := strings.Cut(command, " ")
		if of != "" && name != "guard" && !strings.Contains(guide, command) {
			t.Errorf("docs/guides/runbooks.md does not name %q", command)
		}
		if name == "guard" && !strings.Contains(string(guardGuide), command) {
			t.Errorf("the guide of guard does not name %q", command)
		}
		if name != "version" && name != "help" && !strings.Contains(string(readme), "| `"+name+"` |") {
			t.Errorf("README.md has no row for %q", name)
		}
	}
}

// The simulator runs in the background: what is pasted must wait for the env file before it reads it.
func TestPastedCommandsWaitForTheEnvFile(t *testing.T) {
	for _, file := range []string{"../../README.md", "../docs/templates/guides/simulator.md.tmpl", "simulate.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, after, started := strings.Cut(string(text), "simulate ")
		for started {
			before, read, sourced := strings.Cut(after, ". ./sim.env")
			if sourced && strings.Contains(before, "sim.env &") && !strings.Contains(before, "until [ -f sim.env ]") {
				t.Errorf("%s reads sim.env before the simulator has written it", file)
			}
			after, started = read, sourced
		}
	}
}
