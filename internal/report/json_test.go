package report_test

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

const schemaFile = "../../docs/schemas/diagnosis.schema.json"

func readSchema(t testing.TB) map[string]any {
	t.Helper()
	data, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	return schema
}

// compile compiles the schema, refusing properties that it does not describe: it
// allows them for the sake of consumers of a later version, our own output has none.
func compile(t testing.TB) *jsonschema.Schema {
	t.Helper()
	schema := readSchema(t)
	schema["additionalProperties"] = false
	for name, def := range schema["$defs"].(map[string]any) {
		if def := def.(map[string]any); def["properties"] != nil && name != "facts" {
			def["additionalProperties"] = false
		}
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("diagnosis.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("diagnosis.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func validate(t testing.TB, schema *jsonschema.Schema, text string) error {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(value)
}

// checkJSON holds text to being what it is made from; what is not a report of
// ours, hostile names of verdicts for instance, need not fit the schema.
func checkJSON(t testing.TB, text string) {
	t.Helper()
	if !json.Valid([]byte(text)) {
		t.Fatal("not JSON")
	}
	if strings.Contains(text, ": null") {
		t.Error("null where a list belongs")
	}
}

func TestJSONFitsItsSchema(t *testing.T) {
	schema := compile(t)
	for name, r := range map[string]*diagnosis.Report{"empty": empty(), "healthy": healthy(), "broken": broken(), "fleet": fleet(1000)} {
		text := render(t, report.JSON, r, report.Options{})
		if err := validate(t, schema, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var back diagnosis.Report
		if err := json.Unmarshal([]byte(text), &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, &back, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(diagnosis.Finding{})); diff != "" {
			t.Errorf("%s reads back differently:\n%s", name, diff)
		}
	}
}

func TestSchemaRefuses(t *testing.T) {
	schema := compile(t)
	text := render(t, report.JSON, broken(), report.Options{})
	for _, change := range [][2]string{
		{`"verdict": "unhealthy"`, `"verdict": "sick"`},
		{`"severity": "error"`, `"severity": "fatal"`},
		{`"status": "blocked"`, `"status": "maybe"`},
		{`"type": "membership"`, `"type": "pod"`},
		{`"kind": "control_plane"`, `"kind": "luck"`},
		{`"code": "cannot-read"`, `"code": "Cannot Read"`},
		{`"schema": 1`, `"schema": 2`},
		{`"waiting": true`, `"waiting": "yes"`},
		{`"started": "2026-11-22T13:37:00Z"`, `"started": "yesterday"`},
		{`"tool": "terraform-provider-asm 0.5.0",`, ``},
		{`"expires": "2026-12-31"`, `"expires": "soon"`},
		{`"summary": "provisioning"`, `"summary": "provisioning", "mood": "good"`},
	} {
		broken := strings.Replace(text, change[0], change[1], 1)
		if broken == text {
			t.Fatalf("%s is not in the document", change[0])
		}
		if validate(t, schema, broken) == nil {
			t.Errorf("%s is accepted", change[1])
		}
	}
}

// The schema is written by hand; this holds it and the Go types together.
func TestSchemaDescribesTheTypes(t *testing.T) {
	schema := readSchema(t)
	if schema["$schema"] != "https://json-schema.org/draft/2020-12/schema" {
		t.Error("not of draft 2020-12")
	}
	defs := schema["$defs"].(map[string]any)
	compareType(t, "report", schema, reflect.TypeFor[diagnosis.Report](), defs)
	for name, of := range map[string]reflect.Type{
		"subject": reflect.TypeFor[diagnosis.Subject](), "check": reflect.TypeFor[diagnosis.Check](),
		"finding":  reflect.TypeFor[diagnosis.Finding](),
		"evidence": reflect.TypeFor[diagnosis.Evidence](), "culprit": reflect.TypeFor[diagnosis.Culprit](),
		"suppression": reflect.TypeFor[diagnosis.Suppression](),
	} {
		def, found := defs[name].(map[string]any)
		if !found {
			t.Errorf("$defs has no %s", name)
			continue
		}
		compareType(t, name, def, of, defs)
	}
	var kinds []string
	for _, k := range mesh.Order() {
		kinds = append(kinds, string(k))
	}
	for name, values := range map[string][]string{
		"kind":     kinds,
		"verdict":  {string(mesh.Healthy), string(mesh.Provisioning), string(mesh.Degraded), string(mesh.Unknown), string(mesh.Unhealthy)},
		"severity": {string(catalogue.Error), string(catalogue.Warning), string(catalogue.Info)},
		"status":   {string(diagnosis.Met), string(diagnosis.Unmet), string(diagnosis.Blocked), string(diagnosis.Unknown)},
		"type": {diagnosis.TypeFleet, diagnosis.TypeProject, diagnosis.TypeMembership, diagnosis.TypeCluster, diagnosis.TypeResource,
			diagnosis.TypeCheck},
	} {
		var enum []string
		for _, v := range defs[name].(map[string]any)["enum"].([]any) {
			enum = append(enum, v.(string))
		}
		if diff := cmp.Diff(values, enum); diff != "" {
			t.Errorf("enum of %s (-go +schema):\n%s", name, diff)
		}
	}
	if got := schema["properties"].(map[string]any)["schema"].(map[string]any)["const"]; got != float64(diagnosis.SchemaVersion) {
		t.Errorf("the schema describes version %v, the report is of version %d", got, diagnosis.SchemaVersion)
	}
}

func compareType(t *testing.T, name string, schema map[string]any, of reflect.Type, defs map[string]any) {
	t.Helper()
	var properties, required []string
	for _, field := range reflect.VisibleFields(of) {
		if field.Anonymous || !field.IsExported() || field.Tag.Get("json") == "-" {
			continue
		}
		tag, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		properties = append(properties, tag)
		if !strings.Contains(options, "omitempty") {
			required = append(required, tag)
		}
		property, found := schema["properties"].(map[string]any)[tag].(map[string]any)
		if !found {
			t.Errorf("%s.%s is not described", name, tag)
			continue
		}
		if want, got := jsonType(field.Type), typeOf(property, defs); want != got {
			t.Errorf("%s.%s is %s, the schema says %s", name, tag, want, got)
		}
		if property["description"] == nil && property["$ref"] == nil {
			t.Errorf("%s.%s has no description", name, tag)
		}
	}
	var described []string
	for p := range schema["properties"].(map[string]any) {
		described = append(described, p)
	}
	var listed []string
	for _, r := range schema["required"].([]any) {
		listed = append(listed, r.(string))
	}
	for _, list := range [][]string{properties, required, described, listed} {
		slices.Sort(list)
	}
	if diff := cmp.Diff(properties, described); diff != "" {
		t.Errorf("properties of %s (-go +schema):\n%s", name, diff)
	}
	if diff := cmp.Diff(required, listed); diff != "" {
		t.Errorf("required of %s (-go +schema):\n%s", name, diff)
	}
}

func jsonType(of reflect.Type) string {
	switch {
	case of == reflect.TypeFor[time.Time]():
		return "string"
	case of.Kind() == reflect.Pointer:
		return jsonType(of.Elem())
	}
	switch of.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Int:
		return "integer"
	case reflect.Float64:
		return "number"
	case reflect.Slice:
		return "array"
	}
	return "object"
}

func typeOf(schema, defs map[string]any) string {
	if ref, found := schema["$ref"].(string); found {
		return typeOf(defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any), defs)
	}
	if schema["const"] != nil {
		return "integer"
	}
	kind, _ := schema["type"].(string)
	return kind
}
