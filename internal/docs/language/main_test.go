package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
)

func page(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPageIsUpToDate(t *testing.T) {
	have, err := os.ReadFile("../../../docs/guides/runbook-language.md")
	if err != nil {
		t.Fatal(err)
	}
	if page(t) != string(have) {
		t.Error("docs/guides/runbook-language.md is stale; run make docs")
	}
}

// The page has one title, and everything of the catalogue below it.
func TestPageHasEverything(t *testing.T) {
	text := page(t)
	if n := strings.Count(text, "\n# "); n != 1 {
		t.Errorf("the page has %d titles", n)
	}
	for _, k := range kinds.All() {
		if want := "\n#### " + string(k.Action) + " \"" + k.Name + "\"\n"; strings.Count(text, want) != 1 {
			t.Errorf("%q is not there once", want)
		}
	}
	for _, heading := range []string{"## Blocks", "## Functions", "## The catalogue of runbooks", "## Tests of runbooks", "expect"} {
		if !strings.Contains(text, heading) {
			t.Errorf("%q is missing", heading)
		}
	}
}
