package guard_test

import (
	"os"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/guard"
)

// The guide names every type that is judged.
func TestGuideNamesEveryType(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../docs/templates/guides/guard.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range guard.Types() {
		if !strings.Contains(string(guide), "`"+kind+"`") {
			t.Errorf("the guide does not name %s", kind)
		}
	}
}
