package contract

import (
	"slices"
	"strings"
	"testing"
)

func TestDocumentsLoad(t *testing.T) {
	docs, err := documents()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, d := range docs {
		ids = append(ids, d.ID)
		if len(d.methods) == 0 || len(d.Schemas) == 0 {
			t.Errorf("%s has %d methods and %d schemas", d.ID, len(d.methods), len(d.Schemas))
		}
	}
	want := []string{"cloudresourcemanager:v1", "cloudresourcemanager:v3", "container:v1", "gkehub:v1", "gkehub:v1alpha", "gkehub:v1beta",
		"gkehub:v2", "gkehub:v2alpha", "gkehub:v2beta", "iamcredentials:v1", "logging:v2", "serviceusage:v1", "serviceusage:v1beta1"}
	if !slices.Equal(ids, want) {
		t.Errorf("loaded %v, want %v", ids, want)
	}
}

// Every method is found by a path made from its own template, so that none hides another.
func TestEveryMethodIsFound(t *testing.T) {
	docs, err := documents()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range docs {
		for _, m := range d.methods {
			path := placeholder.ReplaceAllStringFunc(m.Path, func(s string) string {
				name := strings.Trim(s, "{+}")
				if pattern := m.Parameters[name].Pattern; pattern != "" {
					return strings.NewReplacer("^", "", "$", "", "[^/]+", "x", ".*", "x").Replace(pattern)
				}
				return "x"
			})
			found, err := d.find(m.HTTPMethod, "/"+path)
			if err != nil {
				t.Errorf("%s %s %s: %v", d.ID, m.HTTPMethod, path, err)
			} else if found != m {
				t.Errorf("%s %s %s is found to be %s, not %s", d.ID, m.HTTPMethod, path, found.ID, m.ID)
			}
		}
	}
}

// A document with something that would go unchecked is refused.
func TestNewDocumentRefuses(t *testing.T) {
	const head, tail = `{"id":"x:v1","version":"v1",`, `}`
	for _, test := range []struct{ subject, text, want string }{
		{"syntax", `{`, "unexpected end"},
		{"id", `{"id":"y:v1"}`, `its id is "y:v1"`},
		{"type", head + `"schemas":{"A":{"type":"object","properties":{"b":{"type":"tuple"}}}}` + tail, `schemas.A.b: the type "tuple"`},
		{"format", head + `"schemas":{"A":{"type":"array","items":{"type":"string","format":"email"}}}` + tail,
			`schemas.A[]: the format "email"`},
		{"reference", head + `"schemas":{"A":{"type":"object","additionalProperties":{"$ref":"B"}}}` + tail,
			`schemas.A{}: there is no schema "B"`},
		{"neither", head + `"schemas":{"A":{}}` + tail, "neither a type nor a reference"},
		{"items", head + `"schemas":{"A":{"type":"array"}}` + tail, "no type of items"},
		{"parameter", head + `"parameters":{"p":{"type":"string","format":"email"}}` + tail, "parameters.p"},
		{"response", head + `"methods":{"m":{"id":"x.m","path":"v1/m"}}` + tail, "x.m has no response"},
		{"request", head + `"methods":{"m":{"id":"x.m","path":"v1/m","request":{"$ref":"R"},"response":{"type":"any"}}}` + tail,
			`x.m request: there is no schema "R"`},
		{"path parameter", head + `"resources":{"r":{"methods":{"m":{"id":"x.m","path":"v1/{a}","response":{"type":"any"}}}}}` + tail,
			`has no parameter "a"`},
		{"pattern", head + `"methods":{"m":{"id":"x.m","path":"v1/{+a}","response":{"type":"any"},"parameters":{"a":{"type":"string","location":"path"}}}}` + tail, `"a" has no pattern`},
		{"broken pattern", head + `"methods":{"m":{"id":"x.m","path":"v1/{+a}","response":{"type":"any"},"parameters":{"a":{"type":"string","location":"path","pattern":"^($"}}}}` + tail, "missing closing"},
		{"version", head + `"methods":{"m":{"id":"x.m","path":"v2/m","response":{"type":"any"}}}` + tail, "does not begin with the version"},
	} {
		t.Run(test.subject, func(t *testing.T) {
			_, err := newDocument(api{name: "x", version: "v1"}, []byte(test.text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got the error %v, want one with %q", err, test.want)
			}
		})
	}
}
