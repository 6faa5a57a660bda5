package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/report"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

var cart = member("shop-fleet", "europe-west1", "cart")

// planOfAll has a step of each status.
func planOfAll(s string) *runbook.Plan {
	p := &runbook.Plan{
		Schema: runbook.PlanSchema, Tool: "terraform-provider-asm 0.5.0", Made: began, Runbook: "restore" + s, Title: "The role is gone" + s,
		File: "restore.hcl", Source: "runbook {}", Digest: "d1",
		Target: runbook.Target{Kind: lang.TargetMembership, Name: cart + s}, Inputs: map[string]any{"note": "x" + s}, Usual: 95, AtMost: 7500,
		Fingerprint: "f00d" + s,
		Missing: []runbook.MissingPermission{{Step: "grant", On: "projects/shop" + s,
			Permission: "resourcemanager.projects.setIamPolicy" + s}},
	}
	for _, status := range []runbook.StepStatus{runbook.StatusSatisfied, runbook.StatusChange, runbook.StatusLater, runbook.StatusApproval,
		runbook.StatusPerson,
		runbook.StatusWait, runbook.StatusFails, runbook.StatusUnknown, runbook.StatusSkipped, runbook.StatusStays} {
		step := runbook.PlannedStep{Step: string(status) + s, Action: lang.Ensure, Kind: "service_agent_binding", Status: status,
			Subject: "projects/shop" + s, Text: "what was seen" + s}
		switch status {
		case runbook.StatusChange:
			step.Current, step.Desired = map[string]any{"granted": false, "who" + s: ""}, map[string]any{"granted": true, "who" + s: "agent" + s}
			step.Risk, step.Approval, step.Usual, step.AtMost = lang.HighRisk, "It interrupts what runs."+s, 10, 3600
		case runbook.StatusLater:
			step.After = []string{"change" + s}
		case runbook.StatusFails, runbook.StatusUnknown:
			step.Error = "403: no" + s
		}
		p.Steps = append(p.Steps, step)
	}
	return p
}

func cleanPlan(name string) *runbook.Plan {
	p := planOfAll("")
	p.Target.Name, p.Steps, p.Missing, p.Usual, p.AtMost = member("shop-fleet", "europe-west1", name), p.Steps[:1], nil, 0, 0
	return p
}

func plans(s string) *report.Plans {
	p := report.NewPlans("terraform-provider-asm 0.5.0", []*runbook.Plan{planOfAll(s), cleanPlan("checkout"), cleanPlan("search")},
		[]report.Unplanned{{Target: "projects/gone" + s, Error: "it is not there" + s}})
	return &p
}

// runOfAll has a step of each outcome, and results of each.
func runOfAll(s string) *runbook.Report {
	one := runbook.Result{
		Run: "20261122-133700-k7q2m9xw", Runbook: "restore" + s, Target: cart + s, Outcome: journal.Failed, Error: "step broken: 503" + s,
		Next: "terraform-provider-asm runbook resume 20261122-133700-k7q2m9xw" + s, Started: began, Finished: began.Add(90 * time.Second),
		Steps: []runbook.StepResult{},
	}
	for _, status := range []runbook.StepOutcome{runbook.StepAlready, runbook.StepChanged, runbook.StepPassed, runbook.StepSkipped,
		runbook.StepFailed, runbook.StepWaits, runbook.StepNotRun} {
		step := runbook.StepResult{Step: string(status) + s, Status: status, Subject: "projects/shop" + s, Text: "what was seen" + s}
		switch status {
		case runbook.StepChanged:
			step.Before, step.After, step.Seconds, step.Risk = map[string]any{"granted": false}, map[string]any{"granted": true, "role": "r" + s},
				61.5, lang.LowRisk
		case runbook.StepFailed:
			step.Error, step.Next = "503: later"+s, "Try again."+s
		}
		one.Steps = append(one.Steps, step)
	}
	waits := runbook.Result{Run: "20261122-133700-aaaaaaaa", Runbook: "restore", Target: member("shop-fleet", "us-east1", "wish"),
		Outcome: journal.NeedsApprove, Error: "step go waits", Gates: []string{"go"},
		Next:  "terraform-provider-asm runbook resume 20261122-133700-aaaaaaaa --approve go",
		Steps: []runbook.StepResult{{Step: "go", Status: runbook.StepWaits, Text: "It interrupts what runs."}}, Started: began, Finished: began}
	none := runbook.Result{Runbook: "restore", Target: member("shop-fleet", "us-east1", "search"), Outcome: journal.Succeeded,
		Steps: []runbook.StepResult{}, Started: began, Finished: began}
	blank := runbook.Result{Target: "projects/locked" + s, Outcome: journal.Failed, Error: "it is locked by ada" + s,
		Steps: []runbook.StepResult{}, Started: began, Finished: began}
	r := runbook.Join("terraform-provider-asm 0.5.0", "night"+s, []runbook.Result{one, waits, none, blank}, []string{"projects/late" + s})
	r.Stopped = "2 of 5 targets failed" + s
	return r
}

func remediation(s string) *report.Remediation {
	before := broken()
	if s != "" {
		before = hostile(s)
	}
	return &report.Remediation{
		Remediation: &runbook.Remediation{
			Schema: runbook.ReportSchema, Before: before, After: healthy(), ByHand: before.Findings[1:2],
			Rounds: []runbook.Round{{Remedies: []runbook.Remedy{{Membership: cart, Runbook: "restore-service-agent-binding",
				Findings: []string{string(catalogue.BindingMissing)}}}, Report: runOfAll(s)}},
		},
		Stopped: s,
	}
}

// documents are what is written, by name.
func documents(s string) map[string]func(format report.Format, o report.Options) (string, error) {
	write := func(do func(b *bytes.Buffer, format report.Format, o report.Options) error) func(report.Format, report.Options) (string, error) {
		return func(format report.Format, o report.Options) (string, error) {
			var b bytes.Buffer
			err := do(&b, format, o)
			return b.String(), err
		}
	}
	return map[string]func(report.Format, report.Options) (string, error){
		"plan": write(func(b *bytes.Buffer, f report.Format, o report.Options) error {
			return report.WritePlans(b, f, plans(s), o)
		}),
		"run": write(func(b *bytes.Buffer, f report.Format, o report.Options) error {
			return report.WriteRun(b, f, runOfAll(s), o)
		}),
		"remediation": write(func(b *bytes.Buffer, f report.Format, o report.Options) error {
			return report.WriteRemediation(b, f, remediation(s), o)
		}),
	}
}

func TestRunGolden(t *testing.T) {
	for name, write := range documents("") {
		for _, format := range report.RunFormats() {
			t.Run(name+"/"+string(format), func(t *testing.T) {
				text, err := write(format, report.Options{Width: 100})
				if err != nil {
					t.Fatal(err)
				}
				if format == report.HTML {
					text = withoutStyle(text)
				}
				golden(t, filepath.Join("testdata", name+"."+extensions[format]), text)
			})
		}
	}
}

func withoutStyle(page string) string {
	for _, part := range [][2]string{{"<style>", "</style>"}, {`style-src '`, `'; base-uri`}} {
		from := strings.Index(page, part[0]) + len(part[0])
		page = page[:from] + "…" + page[from+strings.Index(page[from:], part[1]):]
	}
	return page
}

// Whatever an API says, a plan and a run are written, and keep to their format.
func TestRunHostileText(t *testing.T) {
	for what, text := range nasty {
		for name, write := range documents(text) {
			for _, format := range report.RunFormats() {
				t.Run(what+"/"+name+"/"+string(format), func(t *testing.T) {
					got, err := write(format, report.Options{Width: 80})
					if err != nil {
						t.Fatal(err)
					}
					switch format {
					case report.Table:
						checkTable(t, got)
					case report.JSON:
						checkJSON(t, got)
					case report.Markdown:
						checkMarkdown(t, got)
					case report.HTML:
						checkHTML(t, got)
					case report.JUnit:
						checkJUnit(t, got)
					}
				})
			}
		}
	}
}

func TestRunFormatsThatAreNone(t *testing.T) {
	for _, format := range []report.Format{report.SARIF, report.OpenMetrics, "yaml"} {
		for name, write := range documents("") {
			if text, err := write(format, report.Options{}); err == nil || text != "" || !strings.Contains(err.Error(), "junit") {
				t.Errorf("%s as %s: %q, %v", name, format, text, err)
			}
		}
	}
	for _, format := range report.RunFormats() {
		if err := report.WriteRun(fullDisk{}, format, runOfAll(""), report.Options{}); !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: %v", format, err)
		}
	}
}

// schemaOf compiles a schema, refusing properties that it and those that it refers to do not describe.
func schemaOf(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	for _, file := range []string{"diagnosis", "plan", "run", "remediation", "guard"} {
		schema := schemaFileOf(t, file)
		schema["additionalProperties"] = false
		for name, def := range schema["$defs"].(map[string]any) {
			if def := def.(map[string]any); def["properties"] != nil && name != "facts" {
				def["additionalProperties"] = false
			}
		}
		if err := c.AddResource(schema["$id"].(string), schema); err != nil {
			t.Fatal(err)
		}
	}
	compiled, err := c.Compile(schemaFileOf(t, name)["$id"].(string))
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func schemaFileOf(t *testing.T, name string) map[string]any {
	t.Helper()
	raw, err := os.ReadFile("../../docs/schemas/" + name + ".schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestRunJSONFitsItsSchema(t *testing.T) {
	for name, write := range documents("") {
		text, err := write(report.JSON, report.Options{})
		if err != nil {
			t.Fatal(err)
		}
		schema := schemaOf(t, name)
		if err := validate(t, schema, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, change := range [][2]string{{`"schema": 1`, `"schema": 2`}, {`"started": "2026`, `"started": "soon 2026`},
			{`"status": "changed"`, `"status": "maybe"`}, {`"status": "change"`, `"status": "maybe"`},
			{`"runbook": "restore"`, `"runbook": "restore", "mood": "good"`}} {
			if wrong := strings.Replace(text, change[0], change[1], 1); wrong != text && validate(t, schema, wrong) == nil {
				t.Errorf("%s: %s is accepted", name, change[1])
			}
		}
	}
	// Empty lists are there.
	for name, do := range map[string]func(b *bytes.Buffer) error{
		"plan": func(b *bytes.Buffer) error {
			p := report.NewPlans("t", nil, nil)
			return report.WritePlans(b, report.JSON, &p, report.Options{})
		},
		"run": func(b *bytes.Buffer) error {
			return report.WriteRun(b, report.JSON, &runbook.Report{Schema: 1}, report.Options{})
		},
		"remediation": func(b *bytes.Buffer) error {
			return report.WriteRemediation(b, report.JSON, &report.Remediation{Remediation: &runbook.Remediation{Schema: 1, Before: healthy()}},
				report.Options{})
		},
	} {
		var b bytes.Buffer
		if err := do(&b); err != nil {
			t.Fatal(err)
		}
		if err := validate(t, schemaOf(t, name), b.String()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Plans that were refused after others had run are the rest; what cannot be planned is named.
func TestRemediationSaysWhatWasNotRun(t *testing.T) {
	for want, rounds := range map[string][]runbook.Round{
		"nothing was run: refused by me":            {{}},
		"the rest was not run: refused by me":       {{Report: &runbook.Report{}}, {}},
		"cannot be planned: restore on m: no input": {{Remedies: []runbook.Remedy{{Membership: "m", Runbook: "restore", Error: "no input"}}}},
	} {
		var b bytes.Buffer
		r := &report.Remediation{Refused: "refused by me", Remediation: &runbook.Remediation{Before: healthy(), Rounds: rounds}}
		if err := report.WriteRemediation(&b, report.Table, r, report.Options{}); err != nil || !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing: %v\n%s", want, err, b.String())
		}
	}
}

func TestRunSchemasDescribeTheTypes(t *testing.T) {
	for name, defs := range map[string]map[string]reflect.Type{
		"plan": {"": reflect.TypeFor[report.Plans](), "plan": reflect.TypeFor[runbook.Plan](), "target": reflect.TypeFor[runbook.Target](),
			"step": reflect.TypeFor[runbook.PlannedStep](), "missing": reflect.TypeFor[runbook.MissingPermission](),
			"unplanned": reflect.TypeFor[report.Unplanned]()},
		"run": {"": reflect.TypeFor[runbook.Report](), "result": reflect.TypeFor[runbook.Result](),
			"step": reflect.TypeFor[runbook.StepResult]()},
	} {
		schema := schemaFileOf(t, name)
		all := schema["$defs"].(map[string]any)
		for _, def := range slices.Sorted(maps.Keys(defs)) {
			described := schema
			if def != "" {
				described = all[def].(map[string]any)
			}
			compareType(t, name+"."+def, described, defs[def], all)
		}
	}
}

// The table of a plan says first what matters.
func TestPlanTable(t *testing.T) {
	text, err := documents("")["plan"](report.Table, report.Options{})
	if err != nil {
		t.Fatal(err)
	}
	inOrder(t, text, "NOT FULLY PLANNED", "4 targets", "~ change  change  projects/shop", "granted: false -> true", "who: (none) -> \"agent\"",
		"needs approval (high risk): It interrupts what runs.", "✗ fails", "403: no",
		"missing permission: resourcemanager.projects.setIamPolicy on projects/shop", "✓ 2 targets with nothing to do: checkout, search")
}

func TestPlansExitCode(t *testing.T) {
	with := func(statuses ...runbook.StepStatus) *runbook.Plan {
		p := cleanPlan("x")
		p.Steps = nil
		for _, s := range statuses {
			p.Steps = append(p.Steps, runbook.PlannedStep{Step: "s", Status: s})
		}
		return p
	}
	for want, all := range map[int][]*runbook.Plan{
		diagnosis.ExitClean:     {with(runbook.StatusSatisfied), with()},
		diagnosis.ExitChanges:   {with(runbook.StatusUnknown), with(runbook.StatusChange), with(runbook.StatusFails)},
		diagnosis.ExitUnknown:   {with(runbook.StatusFails), with(runbook.StatusUnknown)},
		diagnosis.ExitUnhealthy: {with(runbook.StatusSatisfied), with(runbook.StatusWait)},
	} {
		p := report.NewPlans("t", all, nil)
		if got := p.ExitCode(); got != want {
			t.Errorf("exit code %d, want %d", got, want)
		}
	}
}
