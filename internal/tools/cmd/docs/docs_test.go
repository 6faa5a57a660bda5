package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestUnderShortName(t *testing.T) {
	got, err := underShortName([]byte(`{"format_version":"1.0","provider_schemas":{"` + address + `":{"functions":{}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"format_version":"1.0","provider_schemas":{"asm":{"functions":{}}}}`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for text, want := range map[string]string{
		`{"provider_schemas":{"registry.terraform.io/hashicorp/asm":{}}}`: "no schema of " + address,
		`{}`:             "no provider_schemas",
		`Error: no such`: "not JSON",
	} {
		if _, err := underShortName([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("underShortName(%s) says %v, want %q", text, err, want)
		}
	}
}

func TestReplaceLeavesWhatIsWrittenByHand(t *testing.T) {
	docs, rendered := folder(t, map[string]string{
		"index.md":             "old",
		"resources/same.md":    "same",
		"resources/removed.md": "of a resource that is gone",
		"guides/by-hand.md":    "by hand",
		"runbooks.md":          "by hand",
	}), folder(t, map[string]string{
		"index.md":            "new",
		"resources/same.md":   "same",
		"functions/new.md":    "new",
		"guides/generated.md": "new",
	})
	if err := compare(docs, rendered); err == nil || !strings.Contains(err.Error(), "stale in 4 files") {
		t.Errorf("compare() = %v, want four stale files", err)
	}
	changed, err := replace(docs, rendered)
	if err != nil || changed != 4 {
		t.Errorf("replace() = %d, %v; want 4 changes", changed, err)
	}
	if err := compare(docs, rendered); err != nil {
		t.Errorf("after replace(), compare() = %v", err)
	}
	got, err := readAll(docs)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"index.md": "new", "functions/new.md": "new", "guides/generated.md": "new",
		"guides/by-hand.md": "by hand", "runbooks.md": "by hand", "resources/removed.md": "",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
}

func folder(t *testing.T, texts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range texts {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
