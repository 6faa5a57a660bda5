package explain_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/explain"
)

// published is a message or output that somebody published, with what explain has to answer.
type published struct {
	Text, From, Want, Says, Next string
}

func corpus(t testing.TB) map[string][]published {
	t.Helper()
	files, err := filepath.Glob("testdata/corpus/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	all := map[string][]published{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var entries []published
		if err := yaml.UnmarshalStrict(raw, &entries); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".yaml")] = entries
	}
	return all
}

// judged is how an answer compares with the right one.
type judged string

const (
	right      judged = "right"
	silent     judged = "silent"
	misleading judged = "misleading"
)

// judge compares an answer with the right one. To claim what is not ours, to give an all-clear on an error or an alarm on
// what works, and to name another cause are misleading.
func (p published) judge(got []explain.Explanation) (judged, string) {
	wanted := strings.Fields(p.Want)
	switch {
	case len(got) == 0 && len(wanted) == 0:
		return right, ""
	case len(got) == 0:
		return silent, "not known"
	case len(wanted) == 0:
		return misleading, "taken for " + names(got) + " (" + got[0].Evidence + ")"
	}
	first := got[0]
	name := strings.TrimSuffix(string(first.Code)+"/"+first.Detail, "/")
	if !slices.Contains(wanted, name) && !slices.Contains(wanted, string(first.Code)+"/*") {
		return misleading, "is " + names(got)
	}
	text := strings.Join(slices.Concat([]string{first.Title, first.Means, first.Cause, first.Remedy, first.NextCommand}, first.Subjects), " ")
	if !strings.Contains(text, p.Says) {
		return misleading, "does not say " + p.Says + ": " + text
	}
	if !strings.Contains(first.NextCommand, p.Next) {
		return misleading, "next is " + first.NextCommand
	}
	return right, ""
}

// Every message of the corpus has its right answer. The counts are printed, so that a change of the whole is seen.
func TestCorpus(t *testing.T) {
	for name, entries := range corpus(t) {
		count := map[judged]int{}
		for _, p := range entries {
			got := explain.Explain(p.Text)
			verdict, why := p.judge(got)
			count[verdict]++
			if verdict != right {
				t.Errorf("%s: %s\n%s\n(%s)", verdict, why, p.Text, p.From)
			}
			if p.From == "" {
				t.Errorf("no source: %s", p.Text)
			}
			complete(t, got)
		}
		t.Logf("%-10s %3d messages: %d right, %d silent, %d misleading", name, len(entries), count[right], count[silent], count[misleading])
	}
}

// A message that is right stays so, or is answered by nothing, when its lines are quoted, indented or logged: a form is
// no reason to claim another cause.
func TestCorpusInOtherForms(t *testing.T) {
	forms := map[string]func(string) string{
		"quoted mail":       func(s string) string { return "> " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n> ") },
		"Windows lines":     func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		"indented":          func(s string) string { return "    " + strings.ReplaceAll(s, "\n", "\n    ") },
		"between sentences": func(s string) string { return "Hello, this is what I see:\n\n" + s + "\n\nWhat can I do?\n" },
	}
	for name, entries := range corpus(t) {
		for form, apply := range forms {
			for _, p := range entries {
				if verdict, why := p.judge(explain.Explain(apply(p.Text))); verdict == misleading {
					t.Errorf("%s, %s: %s\n%s", name, form, why, p.Text)
				}
			}
		}
	}
}
