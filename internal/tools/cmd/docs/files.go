package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// generated are the folders of docs/ that hold nothing but generated pages, so that a page which is not
// generated any more is removed from them. Guides may be templates or be written in docs/ directly.
var generated = []string{"actions", "data-sources", "ephemeral-resources", "functions", "list-resources", "resources"}

// A difference is a page that docs/ lacks, has otherwise, or should not have.
type difference struct {
	name     string // below docs/, with slashes
	have     string
	want     string
	unwanted bool
}

// differences compares docs/ with what was rendered.
func differences(docs, rendered string) ([]difference, error) {
	have, err := readAll(docs)
	if err != nil {
		return nil, err
	}
	want, err := readAll(rendered)
	if err != nil {
		return nil, err
	}
	var diffs []difference
	for name, text := range want {
		if old, ok := have[name]; !ok || old != text {
			diffs = append(diffs, difference{name: name, have: old, want: text})
		}
	}
	for name, text := range have {
		folder, _, _ := strings.Cut(name, "/")
		if _, ok := want[name]; !ok && slices.Contains(generated, folder) {
			diffs = append(diffs, difference{name: name, have: text, unwanted: true})
		}
	}
	slices.SortFunc(diffs, func(a, b difference) int { return strings.Compare(a.name, b.name) })
	return diffs, nil
}

// compare prints how docs/ differs from what was rendered, and fails when it does.
func compare(docs, rendered string) error {
	diffs, err := differences(docs, rendered)
	if err != nil {
		return err
	}
	if len(diffs) == 0 {
		fmt.Println("docs/ is up to date.")
		return nil
	}
	for _, d := range diffs {
		fmt.Print(udiff.Unified("docs/"+d.name, "docs/"+d.name+" (generated)", d.have, d.want))
	}
	return fmt.Errorf("docs/ is stale in %s; run make docs and commit the result", files(len(diffs)))
}

func files(n int) string {
	if n == 1 {
		return "1 file"
	}
	return fmt.Sprintf("%d files", n)
}

// replace makes docs/ what was rendered and returns how many files changed.
func replace(docs, rendered string) (int, error) {
	diffs, err := differences(docs, rendered)
	if err != nil {
		return 0, err
	}
	for _, d := range diffs {
		path := filepath.Join(docs, filepath.FromSlash(d.name))
		if d.unwanted {
			if err := os.Remove(path); err != nil {
				return 0, err
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return 0, err
		}
		if err := os.WriteFile(path, []byte(d.want), 0o644); err != nil {
			return 0, err
		}
	}
	return len(diffs), nil
}

// readAll returns the text of every file below dir; a folder that is missing is an empty one.
func readAll(dir string) (map[string]string, error) {
	texts := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		below, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		texts[filepath.ToSlash(below)] = string(data)
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return texts, nil
	}
	return texts, err
}
