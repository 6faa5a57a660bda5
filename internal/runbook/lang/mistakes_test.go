package lang_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

var update = flag.Bool("update", false, "write what is shown into testdata/mistakes.txtar; read the difference")

// TestMistakes holds every kind of mistake to what people are shown of it.
func TestMistakes(t *testing.T) {
	path := filepath.Join("testdata", "mistakes.txtar")
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c := catalogue(t)
	for i := 0; i+1 < len(archive.Files); i += 2 {
		source, want := archive.Files[i], &archive.Files[i+1]
		name := strings.TrimSuffix(source.Name, ".hcl")
		if want.Name != name+".txt" {
			t.Fatalf("%s is followed by %s", source.Name, want.Name)
		}
		t.Run(name, func(t *testing.T) {
			file, diags := lang.Check(source.Name, source.Data, c)
			if len(diags) == 0 {
				t.Fatal("no mistake was found")
			}
			got := render(t, diags, file)
			if *update {
				want.Data = []byte(got)
				return
			}
			if diff := cmp.Diff(string(want.Data), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	if *update {
		if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
