// Package meshtest has what the tests of several packages of mesh share: published messages and the enums of Google's discovery
// documents.
package meshtest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// HubEnum returns the values of an enum in the GKE Hub API's discovery document.
func HubEnum(t *testing.T, schema, property string) []string {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "google.golang.org/api").Output()
	if err != nil {
		t.Fatalf("cannot find google.golang.org/api: %v", err)
	}
	raw, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "gkehub/v1/gkehub-api.json"))
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Schemas map[string]struct {
			Properties map[string]struct{ Enum []string }
		}
	}
	if err := json.Unmarshal(raw, &document); err != nil {
		t.Fatal(err)
	}
	values := document.Schemas[schema].Properties[property].Enum
	if len(values) == 0 {
		t.Fatalf("%s.%s has no enum in the discovery document", schema, property)
	}
	return values
}
