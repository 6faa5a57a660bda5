// Package lint has no code, only a test that the import rules in .golangci.yml fire. A rule whose pattern
// matches no file looks like a rule that no file breaks.
package lint

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/managed-mesh/terraform-provider-asm"

// mayImport has the rooms that each room may import: those below it.
var mayImport = map[string][]string{
	"internal/mesh":      {},
	"internal/wait":      {},
	"internal/sim":       {},
	"internal/gcp":       {"internal/mesh", "internal/wait"},
	"internal/cluster":   {"internal/mesh", "internal/wait"},
	"internal/prereq":    {"internal/mesh", "internal/wait", "internal/gcp", "internal/cluster"},
	"internal/diagnosis": {"internal/mesh", "internal/wait", "internal/gcp", "internal/cluster", "internal/prereq"},
	"internal/runbook":   {"internal/mesh", "internal/wait", "internal/gcp", "internal/cluster", "internal/prereq", "internal/diagnosis"},
	"internal/report": {"internal/mesh", "internal/wait", "internal/gcp", "internal/cluster", "internal/prereq", "internal/diagnosis",
		"internal/runbook", "internal/guard"},
	"provider": {"internal/mesh", "internal/wait", "internal/gcp", "internal/cluster", "internal/prereq", "internal/diagnosis",
		"internal/runbook", "internal/report", "internal/guard"},
	"internal/cli": {"internal/mesh", "internal/wait", "internal/gcp", "internal/cluster", "internal/prereq", "internal/diagnosis",
		"internal/runbook", "internal/report", "internal/guard", "internal/sim"},
	"internal/guard":    {"internal/mesh"},
	"internal/contract": {},
	"internal/simtest":  {},
}

// floors are the packages inside of a room, and which of its others they may import; "." is the room's own package.
var floors = map[string]map[string][]string{
	"internal/mesh": {
		"text": {}, "catalogue": {".", "text"}, "health": {".", "text", "catalogue"}, "explain": {".", "text", "catalogue", "health"},
	},
	"internal/sim": {
		"api": {"world", "wire", "kube", "logfilter"}, "world": {"wire", "kube"}, "wire": {}, "kube": {}, "logfilter": {},
	},
	"internal/runbook": {
		"engine": {".", "lang", "kinds", "journal", "store"},
		"fleet":  {".", "engine", "lang", "kinds", "journal", "store"},
		"lang":   {}, "journal": {}, "kinds": {"lang", "journal"}, "store": {"journal"},
	},
}

// unruled are imports that no rule allows or forbids.
var unruled = map[string][]string{
	"internal/contract": {"internal/mesh", "internal/wait", "internal/sim", "internal/gcp", "internal/cluster", "internal/prereq",
		"internal/diagnosis", "internal/runbook", "internal/report", "internal/guard", "internal/cli", "provider"},
	"internal/simtest": {"internal/mesh", "internal/wait", "internal/sim", "internal/gcp", "internal/cluster", "internal/prereq",
		"internal/diagnosis", "internal/runbook", "internal/report", "internal/guard", "internal/cli", "provider"},
}

func TestImportRulesFire(t *testing.T) {
	linter, err := filepath.Abs("../../../.tools/bin/golangci-lint")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(linter); err != nil {
		t.Skip("needs golangci-lint, which make tools builds")
	}
	dir := t.TempDir()
	config, err := os.ReadFile("../../../.golangci.yml")
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, ".golangci.yml", string(config))
	write(t, dir, "go.mod", "module "+module+"\n\ngo 1.26.0\n")
	var want []string
	for room, allowed := range mayImport {
		write(t, dir, room+"/room.go", "package room\n")
		write(t, dir, room+"/below/room.go", "package below\n")
		for other := range mayImport {
			if other == room || slices.Contains(unruled[room], other) {
				continue
			}
			// A package of its own for each import, directly below the room and so that no cycle arises.
			probe := room + "/probe" + filepath.Base(other)
			write(t, dir, probe+"/x.go", "package probe\n\nimport _ \""+module+"/"+other+"\"\n")
			if !slices.Contains(allowed, other) {
				want = append(want, probe+"/x.go")
			}
		}
		// What is inside of a room is its own business, and tests may import anything.
		write(t, dir, room+"/inner.go", "package room\n\nimport _ \""+module+"/"+room+"/below\"\n")
		write(t, dir, room+"/outer_test.go", "package room_test\n\nimport _ \""+module+"/internal/contract/below\"\n")
	}
	for room, inner := range floors {
		for floor, allowed := range inner {
			write(t, dir, room+"/"+floor+"/floor.go", "package floor\n")
			write(t, dir, room+"/"+floor+"/up/x.go", "package up\n\nimport _ \""+module+"/"+room+"\"\n")
			if !slices.Contains(allowed, ".") {
				want = append(want, room+"/"+floor+"/up/x.go")
			}
			for other := range inner {
				probe := room + "/" + floor + "/probe" + other + "/x.go"
				write(t, dir, probe, "package probe\n\nimport _ \""+module+"/"+room+"/"+other+"\"\n")
				if other != floor && !slices.Contains(allowed, other) {
					want = append(want, probe)
				}
			}
		}
	}
	// A file directly in a room, as opposed to a folder in it.
	write(t, dir, "internal/mesh/direct.go", "package room\n\nimport _ \""+module+"/internal/wait\"\n")
	want = append(want, "internal/mesh/direct.go")
	for _, above := range []string{"engine", "fleet", "store"} {
		file := "internal/runbook/imports" + above + ".go"
		write(t, dir, file, "package room\n\nimport _ \""+module+"/internal/runbook/"+above+"\"\n")
		want = append(want, file)
	}

	got := lintedFiles(t, linter, dir)
	slices.Sort(want)
	for _, file := range want {
		if !slices.Contains(got, file) {
			t.Errorf("%s breaks a rule, and the linter does not report it", file)
		}
	}
	for _, file := range got {
		if !slices.Contains(want, file) {
			t.Errorf("%s keeps the rules, and the linter complains", file)
		}
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// lintedFiles returns the files about which depguard complains in dir.
func lintedFiles(t *testing.T, linter, dir string) []string {
	t.Helper()
	report := filepath.Join(t.TempDir(), "report.json")
	cmd := exec.CommandContext(t.Context(), linter, "run", "--enable-only=depguard", "--allow-parallel-runners",
		"--output.json.path="+report, "./...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOLANGCI_LINT_CACHE="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	data, err := os.ReadFile(report)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var issues struct {
		Issues []struct {
			FromLinter string
			Pos        struct{ Filename string }
		}
	}
	if err := json.Unmarshal(data, &issues); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var files []string
	for _, issue := range issues.Issues {
		if issue.FromLinter != "depguard" {
			t.Errorf("the linter says: %s", strings.TrimSpace(string(out)))
			continue
		}
		files = append(files, filepath.ToSlash(issue.Pos.Filename))
	}
	slices.Sort(files)
	return slices.Compact(files)
}
