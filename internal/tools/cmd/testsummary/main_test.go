package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	gotestsum, err := filepath.Abs(filepath.Join("..", "..", "..", "..", ".tools", "bin", "gotestsum"))
	if err != nil {
		t.Fatal(err)
	}
	const passing = "package x\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nfunc TestIt(t *testing.T) {\n" +
		"\tif os.Getenv(\"ASM_TESTED\") == \"\" {\n\t\tt.Skip(\"needs ASM_TESTED\")\n\t}\n}\n"
	for name, test := range map[string]struct {
		source string
		args   []string
		failed bool
		last   string
		says   string
	}{
		"everything passes": {source: passing,
			args: []string{"-setenv", "ASM_TESTED=echo yes", "-check", "true=true", "-module", "more", "-suites", "suites", "--", "./..."},
			last: "3 passed, 0 failed, 0 skipped", says: "DONE 2 tests"},
		"one more run": {
			source: strings.Replace(passing, "TestIt", "TestScaleIt", 1),
			args: []string{"-setenv", "ASM_TESTED=echo yes", "-suites", "suites", "-also", "-count=1 -run ^TestScale .", "--", "-skip",
				"^TestScale", "./..."},
			last: "1 passed, 0 failed, 0 skipped",
			says: "DONE 1 tests",
		},
		"one more run that does not start": {
			source: passing,
			args:   []string{"-setenv", "ASM_TESTED=echo yes", "-also", "-mod=nonsense .", "--", "./..."},
			failed: true, last: "1 passed, 1 failed, 0 skipped",
			says: "gotestsum: exit status",
		},
		"a suite that was skipped": {
			source: passing,
			args:   []string{"-suites", "suites", "--", "./..."},
			failed: true, last: "0 passed, 1 failed, 1 skipped",
			says: ".: 0 tests ran, at least 1 were expected",
		},
		"a check that fails": {
			source: passing,
			args:   []string{"-check", "false=exit 3", "--", "./..."},
			failed: true, last: "0 passed, 1 failed, 1 skipped",
			says: "the check false: exit status 3",
		},
		"a variable without a value": {
			source: passing,
			args:   []string{"-setenv", "ASM_TESTED=exit 3", "--", "./..."},
			failed: true, last: "0 passed, 1 failed, 1 skipped",
			says: "finding a value for ASM_TESTED: exit status 3",
		},
		"a failing test is shown with what it wrote, before the counts": {
			source: "package x\n\nimport \"testing\"\n\nfunc TestIt(t *testing.T) { t.Error(\"got 1, want 2\") }\n",
			args:   []string{"-check", "true=true", "--", "./..."},
			failed: true, last: "1 passed, 1 failed, 0 skipped",
			says: "x_test.go:5: got 1, want 2",
		},
		"a skipped test is named with its reason": {source: passing, args: []string{"--", "./..."}, last: "0 passed, 0 failed, 1 skipped",
			says: "x_test.go:10: needs ASM_TESTED"},
		"a failing run is not made up for by one that passes": {
			source: "package x\n\nimport \"testing\"\n\nfunc TestIt(*testing.T) {}\n\nfunc TestExit(*testing.T) { panic(\"over\") }\n",
			args:   []string{"-also", "-count=1 -run ^TestIt$ .", "--", "./..."},
			failed: true, last: "1 passed, 1 failed, 0 skipped",
			says: "panic: over",
		},
		"tests that do not build": {
			source: "package x\n\nfunc broken() { undefinedName() }\n",
			args:   []string{"--", "./..."},
			failed: true, last: "0 passed, 1 failed, 0 skipped",
			says: "undefined: undefinedName",
		},
		"a go test that does not start": {
			source: passing,
			args:   []string{"--", "-mod=nonsense", "./..."},
			failed: true, last: "0 passed, 1 failed, 0 skipped",
			says: "gotestsum: exit status",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := os.Stat(gotestsum); err != nil {
				t.Skip("make tools builds gotestsum: ", err)
			}
			t.Setenv("ASM_TESTED", "")
			root := t.TempDir()
			for file, text := range map[string]string{
				"go.mod":         "module example.test/x\n\ngo 1.26.0\n",
				"x_test.go":      test.source,
				"suites":         ". 1\n",
				"more/go.mod":    "module example.test/x/more\n\ngo 1.26.0\n",
				"more/m.go":      "package more\n",
				"more/m_test.go": "package more\n\nimport \"testing\"\n\nfunc TestMore(*testing.T) {}\n",
			} {
				path := filepath.Join(root, filepath.FromSlash(file))
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			below, err := filepath.Rel(root, gotestsum)
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			err = run(t.Context(), &out, append([]string{"-root", root, "-gotestsum", below}, test.args...))
			if test.failed != errors.Is(err, errFailed) || !test.failed && err != nil {
				t.Errorf("run() = %v", err)
			}
			if !strings.HasSuffix(out.String(), "\n"+test.last+"\n") || !strings.Contains(out.String(), test.says) {
				t.Errorf("it said\n%s\nwant %q, and at the end %q", out.String(), test.says, test.last)
			}
		})
	}
}
