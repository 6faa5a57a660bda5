package lint

import (
	"io"
	"path/filepath"
	"testing"

	"github.com/rhysd/actionlint"
)

// The workflows, and those that a user copies, are what GitHub accepts.
func TestWorkflows(t *testing.T) {
	var files []string
	for _, pattern := range []string{"../../../.github/workflows/*.yml", "../../../examples/*/github-actions.yml"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatal(pattern, err)
		}
		files = append(files, found...)
	}
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := linter.LintFiles(files, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range wrong {
		t.Errorf("%s:%d: %s", w.Filepath, w.Line, w.Message)
	}
}
