package main

import (
	"bytes"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"os"
	"strings"
	"testing"
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
	have, err := os.ReadFile("../../../docs/guides/findings.md")
	if err != nil {
		t.Fatal(err)
	}
	if page(t) != string(have) {
		t.Error("docs/guides/findings.md is stale; run make docs")
	}
}

func TestPageHasEverythingOnce(t *testing.T) {
	text := page(t)
	for _, d := range catalogue.Catalogue() {
		if n := strings.Count(text, "\n## "+string(d.Code)+"\n"); n != 1 {
			t.Errorf("%s has %d sections", d.Code, n)
		}
	}
	for _, c := range catalogue.Conditions() {
		if n := strings.Count(text, "\n| [`"+c.Code+"`]"); n != 1 {
			t.Errorf("%s has %d rows", c.Code, n)
		}
	}
	for _, s := range catalogue.StopCodes() {
		if n := strings.Count(text, "\n| `"+string(s.Code)+"`"); n != 1 {
			t.Errorf("%s has %d rows", s.Code, n)
		}
	}
}

// A cell with a bar in it would shift its row.
func TestTablesAreEven(t *testing.T) {
	columns := 0
	for line := range strings.Lines(page(t)) {
		if !strings.HasPrefix(line, "|") {
			columns = 0
			continue
		}
		n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
		if columns != 0 && n != columns {
			t.Errorf("a row of %d columns in a table of %d: %s", n-1, columns-1, line)
		}
		columns = n
	}
}

func TestLinksLeadSomewhere(t *testing.T) {
	text := page(t)
	for _, part := range strings.Split(text, "](#")[1:] {
		anchor, _, _ := strings.Cut(part, ")")
		if !strings.Contains(text, "\n## "+anchor+"\n") {
			t.Errorf("a link leads to %q, which is not there", anchor)
		}
	}
}
