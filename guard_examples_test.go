//go:build unix

package main

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// recordedPlan writes a plan that a real provider made.
func recordedPlan(t *testing.T, name string) string {
	t.Helper()
	r, err := zip.OpenReader("internal/guard/testdata/plans.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	in, err := r.Open(name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "plan.json")
	write(t, file, string(raw))
	return file
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
}

// script runs a shell script and returns its exit code and what it wrote.
func script(t *testing.T, env []string, args ...string) (int, string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", args...)
	cmd.Env = append(append(os.Environ(), asProgram+"=1", "ASM="+exe), env...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

// verdicts are recorded plans with the exit codes that every way to run the guard must give.
var verdicts = map[string]int{"empty-plan": 0, "iam-binding-destroyed": 3, "iam-policy-unknown": 4, "extra/show-json-of-state": 1}

// The script makes a plan, or takes one that is there, and writes every report.
func TestGuardScript(t *testing.T) {
	t.Parallel()
	for name, want := range verdicts {
		plan, folder := recordedPlan(t, name), t.TempDir()
		terraform := filepath.Join(folder, "terraform")
		write(t, terraform, "#!/bin/sh\ncase \"$*\" in\n*'show -json'*) cat "+plan+" ;;\n*' plan '*) exit 0 ;;\n*) exit 9 ;;\nesac\n")
		out, summary := filepath.Join(folder, "out"), filepath.Join(folder, "summary.md")
		for _, env := range [][]string{{"PLAN=" + plan}, {"TERRAFORM=" + terraform}} {
			code, said := script(t, append(env, "OUT="+out, "GITHUB_STEP_SUMMARY="+summary), "examples/guard/guard.sh", ".",
				"--fleet-project", "mesh-sim-1=100000000001")
			if code != want {
				t.Errorf("%s with %v: exit %d, want %d: %s", name, env, code, want, said)
			}
			for _, file := range []string{"comment.md", "guard.json", "guard.sarif", "guard.xml", "codequality.json"} {
				if _, err := os.Stat(filepath.Join(out, file)); (err == nil) != (want != 1) {
					t.Errorf("%s: %s: %v", name, file, err)
				}
			}
		}
		if text, _ := os.ReadFile(summary); strings.Contains(string(text), "Mesh guard: ") != (want != 1) {
			t.Errorf("%s: the summary is %q", name, text)
		}
	}
	failing := filepath.Join(t.TempDir(), "terraform")
	write(t, failing, "#!/bin/sh\nexit 1\n")
	if code, _ := script(t, []string{"TERRAFORM=" + failing, "OUT=" + t.TempDir()}, "examples/guard/guard.sh"); code != 1 {
		t.Errorf("terraform fails: exit %d", code)
	}
}

// A pull request has one comment of the guard: the first run writes it, and later ones update it.
func TestGuardComment(t *testing.T) {
	t.Parallel()
	for known, want := range map[string]string{
		"":  "--method POST repos/o/r/issues/7/comments",
		"9": "--method PATCH repos/o/r/issues/comments/9",
	} {
		folder := t.TempDir()
		log := filepath.Join(folder, "log")
		write(t, filepath.Join(folder, "gh"), "#!/bin/sh\necho \"$*\" >>"+log+"\ncase \"$*\" in *--paginate*) echo '"+known+"' ;; esac\n"+
			"for a; do case $a in body=@*) cat \"${a#body=@}\" >>"+log+" ;; esac; done\n")
		write(t, filepath.Join(folder, "comment.md"), "## Mesh guard\n")
		code, said := script(t, []string{"PATH=" + folder + ":" + os.Getenv("PATH")}, "examples/guard/comment.sh", "o/r", "7",
			filepath.Join(folder, "comment.md"))
		calls, _ := os.ReadFile(log)
		if code != 0 || !strings.Contains(string(calls), want) || !strings.Contains(string(calls), "<!-- mesh-guard -->\n## Mesh guard") ||
			strings.Count(string(calls), "--method") != 1 {
			t.Errorf("known %q: exit %d, %s\n%s", known, code, said, calls)
		}
	}
}

// The steps of the composite action, as a runner runs them.
func TestGuardAction(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var action struct {
		Runs struct {
			Using string
			Steps []struct{ Name, Uses, Run, Shell string }
		}
	}
	if err := yaml.Unmarshal(raw, &action); err != nil || action.Runs.Using != "composite" {
		t.Fatal(err, action.Runs.Using)
	}
	steps := map[string]string{}
	for _, s := range action.Runs.Steps {
		if s.Uses != "" || s.Shell != "sh" {
			t.Errorf("step %s uses %q and shell %q", s.Name, s.Uses, s.Shell)
		}
		steps[s.Name] = s.Run
	}
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range verdicts {
		folder := t.TempDir()
		output := filepath.Join(folder, "output")
		code, said := script(t, []string{
			"PLAN=" + recordedPlan(t, name), "FLEETS=mesh-sim-1=100000000001 other-fleet", "OUT=" + filepath.Join(folder, "reports"),
			"ACTION=" + root, "GITHUB_OUTPUT=" + output,
		}, "-c", steps["Guard"])
		outputs, _ := os.ReadFile(output)
		if (code == 0) != (want != 1) || !strings.Contains(string(outputs), "code="+string(rune('0'+want))+"\n") {
			t.Errorf("%s: exit %d, outputs %q: %s", name, code, outputs, said)
		}
		for allow, passes := range map[string]bool{"true": want == 0 || want == 4, "false": want == 0} {
			if code, _ := script(t, []string{"CODE=" + string(rune('0'+want)), "ALLOW=" + allow}, "-c", steps["Verdict"]); (code == 0) != passes {
				t.Errorf("%s, unknown allowed %s: exit %d", name, allow, code)
			}
		}
	}
}

// What the examples of other systems run is there, and they are YAML.
func TestGuardExamples(t *testing.T) {
	t.Parallel()
	for file, wants := range map[string][]string{
		"examples/guard/github-actions.yml":     {"terraform_wrapper: false", "pull-requests: write"},
		"examples/guard/gitlab-ci.yml":          {"guard.sh", "codequality: mesh-guard/codequality.json", "junit: mesh-guard/guard.xml"},
		"examples/guard/atlantis.yaml":          {"guard.sh", `PLAN="$SHOWFILE"`},
		"examples/guard/pre-commit-config.yaml": {"mesh-guard-plan", "mesh-guard-manifests"},
		".pre-commit-hooks.yaml":                {"id: mesh-guard-plan", "id: mesh-guard-manifests", "entry: terraform-provider-asm guard"},
	} {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Error(err)
		}
		for _, want := range wants {
			if !strings.Contains(string(raw), want) {
				t.Errorf("%s lacks %q", file, want)
			}
		}
		var document any
		if yaml.UnmarshalStrict(raw, &document) != nil {
			t.Errorf("%s is not YAML", file)
		}
	}
}
