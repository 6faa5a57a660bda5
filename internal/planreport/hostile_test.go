package planreport_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/planreport"
	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

// Everything null, of another type, unknown, or far too long.
func TestHostilePlans(t *testing.T) {
	nulls := object{
		"resource_changes": []any{nil, object{}, object{"change": nil}, object{"type": "asm_workload_pool", "change": object{}},
			change("asm_workload_pool.x", update, nil, nil)},
		"resource_drift": []any{nil, object{"change": nil},
			change("asm_project_services.x", update, object{"enabled": "all"}, object{"enabled": []any{1}})},
		"output_changes": object{"a": nil}, "checks": []any{object{}, object{"instances": []any{object{}}}}, "prior_state": nil,
		"planned_values":     nil,
		"action_invocations": []any{nil}, "deferred_changes": []any{nil, object{"resource_change": nil}},
	}
	hostile := "\x1b[31m<script>alert(1)</script>\u202e|`@everyone\x00" + strings.Repeat("long ", 10_000)
	texts := object{
		"checks": checks("fail", object{"message": hostile}, object{"message": nil}),
		"prior_state": data("data.asm_mesh_health.x",
			object{"verdict": "unhealthy", "summary": hostile, "memberships": "none", "unheard": object{"of": 1},
				"findings": []any{object{"code": hostile, "severity": hostile, "subject": hostile, "message": hostile}, "text", nil,
					object{"blocked_by": 7}}}),
		"unheard": []any{object{"of": hostile}},
	}
	big := object{"resource_changes": func() (all []any) {
		for i := range 4000 {
			all = append(all, change(fmt.Sprintf("google_thing.x%d", i), []string{"no-op"}, object{"text": strings.Repeat("x", 1200)}, object{}))
		}
		return all
	}()}
	for name, parts := range map[string]object{"nulls": nulls, "texts": texts, "big": big} {
		t.Run(name, func(t *testing.T) {
			raw := plan(t, parts)
			if name == "big" && len(raw) < 5<<20 {
				t.Fatalf("only %d bytes", len(raw))
			}
			written(t, judge(t, raw))
		})
	}
}

// Circles of causes, which no sane diagnosis has, end.
func TestCircle(t *testing.T) {
	r := judge(t, plan(t, object{"prior_state": data("data.asm_diagnosis.x", object{"verdict": "unhealthy", "summary": "s", "findings": []any{
		object{"code": "cannot-read", "severity": "error", "subject": "a", "message": "a", "fingerprint": "a", "blocked_by": []any{"b"}},
		object{"code": "cannot-read", "severity": "error", "subject": "b", "message": "b", "fingerprint": "b", "blocked_by": []any{"a", "b"}},
	}})}))
	if roots, _ := told(r); len(roots) != 2 {
		t.Errorf("roots are %v", roots)
	}
}

// The seeds are small: of a recorded plan, the fuzzer would spend its time on
// making it smaller.
func FuzzPlan(f *testing.F) {
	f.Add(plan(f, object{"resource_changes": []any{change("asm_service_agent_binding.x", update, object{"project": "p", "granted": false},
		object{"granted": true})}}))
	f.Add(plan(f, object{"resource_drift": []any{change("asm_project_services.x", update, object{"enabled": object{"a": true}},
		object{"enabled": object{"a": false}})}}))
	f.Add(plan(f, object{"checks": checks("fail", object{"message": "s"}),
		"prior_state": data("data.asm_mesh_health.x", health("unhealthy", "error", "mesh-condition"))}))
	f.Add(plan(f, object{"resource_changes": []any{change("asm_workload_pool.x", update, object{"cluster": gke},
		object{"workload_pool": "x"})}}))
	f.Add([]byte(`{"format_version":"1.2","planned_values":{},"checks":[{"status":"fail"}]}`))
	f.Add([]byte(`{"format_version":"1.2","planned_values":{"outputs":{"a":{"type":["object",{"a":["list","string"]}]}}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		plan, err := planreport.Read(bytes.NewReader(raw))
		if err != nil {
			return
		}
		r := planreport.Make(plan, "x")
		if code := r.ExitCode(); code != 0 && (code < 2 || code > 4) {
			t.Errorf("exit code %d", code)
		}
		for _, format := range []report.Format{report.Table, report.Markdown, report.JSON} {
			if err := report.Write(io.Discard, format, r.Report, report.Options{}); err != nil {
				t.Error(err)
			}
		}
		if _, err := json.Marshal(r.Report); err != nil {
			t.Error(err)
		}
	})
}
