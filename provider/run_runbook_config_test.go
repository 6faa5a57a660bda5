package provider_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/managed-mesh/terraform-provider-asm/provider"
)

const withInputs = `
runbook "asking" {
  title = "Inputs of all kinds"
  target "cluster" {}
  input "namespaces" { type = set(string) }
  input "token" {
    type      = string
    sensitive = true
    default   = null
    validation {
      condition     = input.token != "bad"
      error_message = "not that one"
    }
  }
  step "look" {
    assert {
      condition     = length(input.namespaces) > 1 || input.token == null
      error_message = "too few"
    }
  }
}
`

func TestRunRunbookIsCheckedOffline(t *testing.T) {
	p := newPlugin(t, provider.Options{}) // and never configured
	someCluster := text("projects/p1234567/locations/us-central1/clusters/c")
	asking := map[string]tftypes.Value{"source": text(withInputs), "cluster": someCluster}
	unknown := tftypes.NewValue(tftypes.String, tftypes.UnknownValue)
	for name, c := range map[string]struct {
		config map[string]tftypes.Value
		says   []string // none: nothing is wrong
	}{
		"a slip of the finger": {map[string]tftypes.Value{"runbook": text("restart-proxy"), "membership": text(member)},
			[]string{`did you mean "restart-proxies"?`, "asm_runbooks", `AttributeName("runbook")`}},
		"no target": {map[string]tftypes.Value{"runbook": text("restart-proxies")},
			[]string{"works on a membership: set membership", `AttributeName("membership")`}},
		"another target": {map[string]tftypes.Value{"runbook": text("restart-proxies"), "cluster": someCluster},
			[]string{"works on a membership", "takes no cluster", `AttributeName("cluster")`}},
		"two targets": {map[string]tftypes.Value{"runbook": text("restart-proxies"), "membership": text(member),
			"fleet_project": text("mesh-sim-1")}, []string{"takes no fleet_project"}},
		"a missing input": {asking, []string{`needs the input "namespaces"`, `AttributeName("inputs")`}},
		"an unknown input": {with(asking, "inputs", mapping("namespaces", `["a"]`, "namespace", "a")),
			[]string{`has no input "namespace"`, `"namespaces"`}},
		"an input's type": {with(asking, "inputs", mapping("namespaces", `{`)),
			[]string{`"namespaces" must be`, `ElementKeyString("namespaces")`}},
		"an input's own rule": {with(asking, "inputs", mapping("namespaces", `["a"]`, "token", "bad")), []string{"not that one"}},
		"a step that is none": {with(with(asking, "inputs", mapping("namespaces", `["a"]`)), "approve", list("lok")),
			[]string{`has no step "lok"; did you mean "look"?`}},
		"a mistake in source": {map[string]tftypes.Value{"source": text(strings.Replace(gated, "ensure", "ensures", 1)),
			"membership": text(member)}, []string{`AttributeName("source")`, "on source line", "ensures"}},
		"another of source's": {with(ownRunbook(gated), "runbook", text("gate")), []string{`no runbook "gate"`, "gated"}},
		"all right":           {with(asking, "inputs", mapping("namespaces", jsonList("a", "b"), "token", "bad enough")), nil},
		"a fleet beside":      {with(with(asking, "inputs", mapping("namespaces", `[]`)), "fleet_project", text("mesh-sim-1")), nil},
		"an unknown runbook":  {map[string]tftypes.Value{"runbook": unknown}, nil},
		"an unknown target":   {map[string]tftypes.Value{"runbook": text("restart-proxies"), "membership": unknown}, nil},
		"unknown inputs":      {with(asking, "inputs", tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, tftypes.UnknownValue)), nil},
		"an unknown value": {with(asking, "inputs",
			tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, map[string]tftypes.Value{"namespaces": unknown})), nil},
		"unknown approvals": {with(ownRunbook(gated), "approve",
			tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, tftypes.UnknownValue)), nil},
	} {
		t.Run(name, func(t *testing.T) {
			for _, diags := range [][]*tfprotov6.Diagnostic{p.validate(t, "asm_run_runbook", c.config),
				p.planAction(t, "asm_run_runbook", c.config)} {
				if c.says == nil {
					if strings.Contains(shown(diags), "ERROR") {
						t.Errorf("it should be right: %s", shown(diags))
					}
					continue
				}
				mustSay(t, shown(diags), c.says...)
				if strings.Contains(shown(diags), `"bad"`) {
					t.Errorf("it shows a sensitive value: %s", shown(diags))
				}
			}
		})
	}
}

func TestRunRunbookArgumentsAreCheckedBySchema(t *testing.T) {
	p := newPlugin(t, provider.Options{})
	for says, config := range map[string]map[string]tftypes.Value{
		`runbook`:                nil,
		`"low"`:                  with(ownRunbook(gated), "approve_risk", text("some")),
		"Invalid membership":     {"runbook": text("restart-proxies"), "membership": text("cluster-1")},
		"Invalid request reason": with(ownRunbook(gated), "reason", text("two\nlines")),
	} {
		mustSay(t, shown(p.validate(t, "asm_run_runbook", config)), "ERROR", says)
	}
	for says, config := range map[string]map[string]tftypes.Value{
		"cluster":           {},
		"membership":        {"membership": text(member), "cluster": text("projects/mesh-sim-1/locations/us-central1/clusters/cluster-1")},
		`"needed"`:          {"membership": text(member), "scope": text("some")},
		"Invalid namespace": {"membership": text(member), "namespaces": list("Shop")},
	} {
		mustSay(t, shown(p.validate(t, "asm_restart_workloads", config)), "ERROR", says)
	}
	if diags := p.validate(t, "asm_restart_workloads", map[string]tftypes.Value{"membership": text(member)}); len(diags) > 0 {
		t.Error(shown(diags))
	}
}

func jsonList(items ...string) string { return `["` + strings.Join(items, `","`) + `"]` }

func TestPlanWarnsOfGates(t *testing.T) {
	p := newPlugin(t, provider.Options{})
	yes := tftypes.NewValue(tftypes.Bool, true)
	for name, c := range map[string]struct {
		config map[string]tftypes.Value
		warns  bool
	}{
		"no approval":  {ownRunbook(gated), true},
		"the step":     {with(ownRunbook(gated), "approve", list("grant")), false},
		"an instance":  {with(ownRunbook(gated), "approve", list(`grant["a"]`)), false},
		"its risk":     {with(ownRunbook(gated), "approve_risk", text("low")), false},
		"all":          {with(ownRunbook(gated), "approve_all", yes), false},
		"not all":      {with(ownRunbook(gated), "approve_all", tftypes.NewValue(tftypes.Bool, false)), true},
		"a built-in's": {map[string]tftypes.Value{"runbook": text("restart-proxies"), "membership": text(member)}, true},
		"a lower risk": {map[string]tftypes.Value{"runbook": text("restart-proxies"), "membership": text(member),
			"approve_risk": text("low")}, true},
		"its own risk": {map[string]tftypes.Value{"runbook": text("restart-proxies"), "membership": text(member),
			"approve_risk": text("medium")}, false},
		"not known so far": {with(ownRunbook(gated), "approve_all", tftypes.NewValue(tftypes.Bool, tftypes.UnknownValue)), false},
	} {
		diags := p.planAction(t, "asm_run_runbook", c.config)
		if warned := len(diags) == 1 && diags[0].Severity == tfprotov6.DiagnosticSeverityWarning; warned != c.warns || len(diags) > 1 {
			t.Errorf("%s: %s", name, shown(diags))
		}
		if diags := p.validate(t, "asm_run_runbook", c.config); len(diags) > 0 {
			t.Errorf("%s: validation says %s", name, shown(diags))
		}
	}
}

func TestUnconfiguredActionIsAnError(t *testing.T) {
	p := newPlugin(t, provider.Options{})
	s := &stage{plugin: p, t: t, dir: t.TempDir()}
	s.invokeBadly("asm_run_runbook", ownRunbook(gated), "Provider not configured")
	s.invokeBadly("asm_restart_workloads", map[string]tftypes.Value{"membership": text(member)}, "Provider not configured")
}
