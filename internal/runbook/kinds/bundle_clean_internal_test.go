package kinds

import (
	"reflect"
	"testing"
)

func TestCleanBundleKeepsWhatIsNoCredential(t *testing.T) {
	clean := cleanBundle(map[string]any{
		"Annotations": map[string]any{"istio.io/rev": "a", "mesh.cloud.google.com/proxy": "b", "xistio.io/rev": "c", "istio.io": "d"},
		"selector":    map[string]any{"key": "istio.io/rev", "operator": "Exists"},
		"env":         []any{map[string]any{"name": "DB_PASSWORD", "value": "x"}, map[string]any{"name": "REVISION", "value": "y"}},
		"apiKey":      "x", "webhook-secret": map[string]any{"deep": []any{"x", true, ""}}, "hasToken": true, "Monkey": "m",
	})
	want := map[string]any{
		"Annotations": map[string]any{"istio.io/rev": "a", "mesh.cloud.google.com/proxy": "b"},
		"selector":    map[string]any{"key": "istio.io/rev", "operator": "Exists"},
		"env":         []any{map[string]any{"name": "DB_PASSWORD", "value": "[redacted]"}, map[string]any{"name": "REVISION", "value": "y"}},
		"apiKey":      "[redacted]", "webhook-secret": map[string]any{"deep": []any{"[redacted]", true, ""}}, "hasToken": true, "Monkey": "m",
	}
	if !reflect.DeepEqual(clean, want) {
		t.Errorf("%v\nwant\n%v", clean, want)
	}
}
