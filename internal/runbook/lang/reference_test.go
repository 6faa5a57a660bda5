package lang_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// The reference has everything that the language has, each with a text.
func TestReferenceIsComplete(t *testing.T) {
	var b bytes.Buffer
	if err := lang.WriteReference(&b); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	var walk func(lang.Block)
	walk = func(block lang.Block) {
		if block.Doc == "" || !strings.Contains(page, block.Doc) {
			t.Errorf("block %q is not documented", block.Type)
		}
		for _, a := range block.Attributes {
			if a.Doc == "" || a.Type == "" || !strings.Contains(page, a.Doc) {
				t.Errorf("argument %s.%s is not documented", block.Type, a.Name)
			}
		}
		for _, inner := range block.Blocks {
			walk(inner)
		}
	}
	walk(lang.Schema())
	for _, f := range lang.Functions() {
		if f.Doc == "" || !strings.Contains(page, "| `"+f.Usage+"` | "+f.Doc+" |") {
			t.Errorf("function %q is not documented", f.Usage)
		}
	}
	for _, kind := range lang.TargetKinds() {
		for _, a := range kind.Attributes() {
			if !strings.Contains(page, "`target."+a.Name+"`") || a.Doc == "" {
				t.Errorf("target.%s is not documented", a.Name)
			}
		}
	}
	if _, err := json.Marshal(lang.Schema()); err != nil {
		t.Error(err)
	}
}

func TestCatalogueReferenceIsComplete(t *testing.T) {
	var b bytes.Buffer
	if err := catalogue(t).WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds() {
		want := []string{"### " + string(k.Action) + " \"" + k.Name + "\"", k.Doc}
		for _, a := range k.Args {
			want = append(want, "| `"+a.Name+"` |", a.Doc)
		}
		want = append(want, k.Permissions...)
		want = append(want, k.Success...)
		for _, w := range want {
			if !strings.Contains(b.String(), w) {
				t.Errorf("%s %q: %q is not in the reference", k.Action, k.Name, w)
			}
		}
	}
	if !strings.Contains(b.String(), "Default: `\"10m\"`.") {
		t.Error("a default is not in the reference")
	}
}
