package provider_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/control"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
	"github.com/managed-mesh/terraform-provider-asm/provider"
)

// plugin-testing cannot reach actions, so these tests speak the protocol.

const member = simtest.Membership

// stage is a simulated world with a provider that acts in it. Waits let its time pass at once.
type stage struct {
	*plugin
	t     *testing.T
	world *simtest.World
	dir   string // of runs

	mu   sync.Mutex
	hook func(sim.Exchange) // is called for writes
}

func newStage(t *testing.T, caller string, faults ...string) *stage {
	t.Helper()
	s := &stage{t: t, dir: filepath.Join(t.TempDir(), "runs")}
	s.world = simtest.Start(t, sim.Options{Faults: faults, Observe: s.observe})
	if len(faults) > 0 {
		s.world.Advance(time.Hour) // for the mesh to notice
	}
	s.plugin = newPlugin(t, provider.Options{Clock: s.world.Clock})
	s.configureAs(t, s.world, caller)
	return s
}

func (s *stage) observe(e sim.Exchange) {
	s.mu.Lock()
	hook := s.hook
	s.mu.Unlock()
	if hook != nil && control.IsWrite(e) {
		hook(e)
	}
}

// wrote returns the writes since the last call that contain a text.
func (s *stage) wrote(containing string) (found []string) {
	for _, e := range s.world.Writes() {
		line := fmt.Sprint(e.Method, " ", e.Path, " ", e.Status, " ", e.RequestHeader.Get("X-Goog-Request-Reason"))
		if strings.Contains(line, containing) {
			found = append(found, line)
		}
	}
	s.world.Forget()
	return found
}

func (p *plugin) actions() tfprotov6.ActionServer { return p.ProviderServer.(tfprotov6.ActionServer) }

func (p *plugin) validate(t *testing.T, name string, values map[string]tftypes.Value) []*tfprotov6.Diagnostic {
	t.Helper()
	resp, err := p.actions().ValidateActionConfig(t.Context(),
		&tfprotov6.ValidateActionConfigRequest{ActionType: name, Config: object(t, p.schemas.ActionSchemas[name].Schema, values)})
	if err != nil {
		t.Fatal(err)
	}
	return resp.Diagnostics
}

func (p *plugin) planAction(t *testing.T, name string, values map[string]tftypes.Value) []*tfprotov6.Diagnostic {
	t.Helper()
	resp, err := p.actions().PlanAction(t.Context(),
		&tfprotov6.PlanActionRequest{ActionType: name, Config: object(t, p.schemas.ActionSchemas[name].Schema, values)})
	if err != nil {
		t.Fatal(err)
	}
	return resp.Diagnostics
}

// invoke invokes an action and returns everything that Terraform is told.
func (s *stage) invoke(ctx context.Context, name string, values map[string]tftypes.Value) (messages []string,
	diags []*tfprotov6.Diagnostic) {
	all := map[string]tftypes.Value{"state_dir": text(s.dir)}
	for k, v := range values {
		all[k] = v
	}
	stream, err := s.actions().InvokeAction(ctx,
		&tfprotov6.InvokeActionRequest{ActionType: name, Config: object(s.t, s.schemas.ActionSchemas[name].Schema, all)})
	if err != nil {
		s.t.Error(err)
		return nil, nil
	}
	completed := 0
	for event := range stream.Events {
		switch e := event.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			messages = append(messages, e.Message)
		case tfprotov6.CompletedInvokeActionEventType:
			completed++
			diags = e.Diagnostics
		}
	}
	if completed != 1 {
		s.t.Errorf("%d completed events", completed)
	}
	return messages, diags
}

func (s *stage) invokeWell(name string, values map[string]tftypes.Value) string {
	s.t.Helper()
	messages, diags := s.invoke(s.t.Context(), name, values)
	if len(diags) > 0 {
		s.t.Fatalf("%s\n%s", shown(diags), strings.Join(messages, "\n"))
	}
	return strings.Join(messages, "\n")
}

// invokeBadly returns the one error, and checks what it says.
func (s *stage) invokeBadly(name string, values map[string]tftypes.Value, says ...string) string {
	s.t.Helper()
	messages, diags := s.invoke(s.t.Context(), name, values)
	if len(diags) != 1 || diags[0].Severity != tfprotov6.DiagnosticSeverityError {
		s.t.Fatalf("not one error: %s\n%s", shown(diags), strings.Join(messages, "\n"))
	}
	mustSay(s.t, shown(diags), says...)
	return shown(diags)
}

func shown(diags []*tfprotov6.Diagnostic) string {
	var b strings.Builder
	for _, d := range diags {
		fmt.Fprintf(&b, "%s: %s %s\n%s\n", d.Severity, d.Summary, d.Attribute, d.Detail)
	}
	return b.String()
}

func mustSay(t *testing.T, said string, all ...string) {
	t.Helper()
	for _, want := range all {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q:\n%s", want, said)
		}
	}
}

func list(texts ...string) tftypes.Value {
	values := []tftypes.Value{}
	for _, s := range texts {
		values = append(values, text(s))
	}
	return tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, values)
}

func mapping(pairs ...string) tftypes.Value {
	values := map[string]tftypes.Value{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values[pairs[i]] = text(pairs[i+1])
	}
	return tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, values)
}

func with(values map[string]tftypes.Value, name string, v tftypes.Value) map[string]tftypes.Value {
	all := map[string]tftypes.Value{name: v}
	for k, v := range values {
		if k != name {
			all[k] = v
		}
	}
	return all
}

// gated grants the role on approval.
const gated = `
runbook "gated" {
  title = "The agent lost its role"

  input "note" {
    type    = string
    default = ""
  }

  step "grant" {
    approval = "Grants the role to the agent of ${target.fleet_project}."
    ensure "service_agent_binding" {
      project       = target.project
      fleet_project = target.fleet_project
    }
  }

  step "fine" {
    wait "findings_gone" {
      membership = target.membership
      codes      = ["service-agent-binding-missing"]
    }
  }
}
`

func ownRunbook(source string) map[string]tftypes.Value {
	return map[string]tftypes.Value{"source": text(source), "membership": text(member)}
}

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

func TestRunbookRunsAndTells(t *testing.T) {
	s := newStage(t, simtest.Owner, "binding-revoked")
	config := with(with(ownRunbook(gated), "approve", list("grant")), "reason", text("ticket 7"))
	said := s.invokeWell("asm_run_runbook", config)
	mustSay(t, said, "of gated on "+member+" started", "grant: started", "grant: approved by the Terraform configuration",
		"grant: changing projects/mesh-sim-1", "grant: done", "fine: started", "fine: done", ": succeeded")
	if wrote := s.wrote(""); len(wrote) != 1 || !strings.Contains(wrote[0], "mesh-sim-1:setIamPolicy 200 ticket 7") {
		t.Errorf("it wrote %q", wrote)
	}
	if runs, err := os.ReadDir(s.dir); err != nil || len(runs) != 2 { // the journal, and the locks
		t.Errorf("%v %v", runs, err)
	}
	// Once more there is nothing to do, and nobody is asked.
	said = s.invokeWell("asm_run_runbook", ownRunbook(gated))
	mustSay(t, said, "gated on "+member+": nothing is to be done")
	if wrote := s.wrote(""); len(wrote) > 0 {
		t.Errorf("it wrote %q", wrote)
	}
}

// A message costs a tick of a second: however much happens, no more are sent.
func TestMessagesAreThrottled(t *testing.T) {
	pace := wait.NewManual(time.Unix(0, 0))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var ticks atomic.Int64
	go func() { // seconds pass at once
		for pace.AwaitPause(ctx, time.Second) == nil {
			ticks.Add(1)
			pace.Advance(time.Second)
		}
	}()
	s := newStage(t, simtest.Owner, "binding-revoked")
	s.plugin = newPlugin(t, provider.Options{Clock: s.world.Clock, Pace: pace})
	s.configureAs(t, s.world, simtest.Owner)
	messages, diags := s.invoke(t.Context(), "asm_run_runbook", with(ownRunbook(gated), "approve", list("grant")))
	if len(diags) > 0 {
		t.Fatal(shown(diags))
	}
	if seconds := int(ticks.Load()); len(messages) > seconds+1 || len(messages) == 0 {
		t.Errorf("%d messages in %d seconds", len(messages), seconds)
	}
	mustSay(t, strings.Join(messages, "\n"), "grant: started", ": succeeded")
}

// What an action changed is seen by what is read after it in the same apply,
// although the reason made it use a client of its own.
func TestReadsAfterAnActionAreFresh(t *testing.T) {
	s := newStage(t, simtest.Owner, "binding-revoked")
	schema := s.schemas.DataSourceSchemas["asm_prerequisites"]
	read := func() string {
		resp, err := s.ReadDataSource(t.Context(),
			&tfprotov6.ReadDataSourceRequest{TypeName: "asm_prerequisites", Config: object(t, schema, nil)})
		if err != nil || len(resp.Diagnostics) > 0 {
			t.Fatal(err, shown(resp.Diagnostics))
		}
		return attribute(t, schema, resp.State, "status")
	}
	if got := read(); got != "unmet" {
		t.Fatalf("before: %s", got)
	}
	grant, _, _ := strings.Cut(gated, `  step "fine"`)
	s.invokeWell("asm_run_runbook", with(with(ownRunbook(grant+"}\n"), "approve", list("grant")), "reason", text("ticket 7")))
	if got := read(); got != "met" {
		t.Errorf("after: %s", got)
	}
}

func TestGateIsAnErrorThatSaysHowToAgree(t *testing.T) {
	s := newStage(t, simtest.Owner, "binding-revoked")
	said := s.invokeBadly("asm_run_runbook", ownRunbook(gated),
		"Runbook gated needs approval at step grant ("+member+")", "Grants the role to the agent of mesh-sim-1.", "projects/mesh-sim-1\n  "+
			"granted: false -> true\n",
		`add "grant" to approve`, `approve_risk = "low"`, "terraform-provider-asm runbook resume ", "--approve grant --state-dir="+s.dir,
		"does not repeat an action by itself")
	if wrote := s.wrote(""); len(wrote) > 0 {
		t.Errorf("it wrote %q", wrote)
	}
	// The command names a run that is there.
	_, command, _ := strings.Cut(said, "runbook resume ")
	id, _, _ := strings.Cut(command, " ")
	if _, err := os.Stat(filepath.Join(s.dir, id+".jsonl")); err != nil {
		t.Error(err)
	}
}

func TestInstructionIsShown(t *testing.T) {
	s := newStage(t, simtest.Owner)
	own := ownRunbook(`
runbook "by-hand" {
  title = "Something that only a person can do"
  step "call" {
    instruct {
      text = "Call the network team of ${target.project}."
    }
  }
}
`)
	s.invokeBadly("asm_run_runbook", own, "needs a person at step call", "Call the network team of mesh-sim-1.", `approve = ["call"]`)
	mustSay(t, s.invokeWell("asm_run_runbook", with(own, "approve", list("call"))), "call: done")

	own["source"] = text(`
runbook "by-hand" {
  title = "Something that only a person can do, and a look tells"
  step "fix" {
    instruct {
      text = "Give the role back."
      verify "no_findings" {
        membership = target.membership
        codes      = ["service-agent-binding-missing"]
      }
    }
  }
}
`)
	s.world.Fault("binding-revoked")
	s.invokeBadly("asm_run_runbook", with(own, "approve_all", tftypes.NewValue(tftypes.Bool, true)), "needs a person at step fix",
		"Give the role back.", "Not done yet", "looked at again")
	if wrote := s.wrote(""); len(wrote) > 0 {
		t.Errorf("it wrote %q", wrote)
	}
}

func TestFailureNamesStepCauseAndCommand(t *testing.T) {
	s := newStage(t, "viewer@example.com", "binding-revoked")
	s.invokeBadly("asm_run_runbook", with(ownRunbook(gated), "approve", list("grant")),
		"Runbook gated failed at step grant ("+member+")", "setIamPolicy", "Step grant takes resourcemanager.projects.setIamPolicy on "+
			"projects/mesh-sim-1",
		"terraform-provider-asm runbook resume ", "--state-dir="+s.dir)
	for _, w := range s.wrote("") {
		if !strings.Contains(w, " 403 ") {
			t.Errorf("it wrote %q", w)
		}
	}
}

// A configuration agrees to a step before anybody has seen a plan, so that what
// changed between the plan and the step does not take the agreement back.
func TestApprovalHoldsWhenTheWorldMovesOn(t *testing.T) {
	s := newStage(t, simtest.Owner)
	call := func(verb, api string) {
		s.world.Call(http.MethodPost, "/serviceusage.googleapis.com/v1/projects/"+simtest.Project+"/services/"+api+":"+verb, "{}")
	}
	call("disable", "dns.googleapis.com")
	call("disable", "networksecurity.googleapis.com")
	s.world.Advance(time.Minute)
	s.wrote("")
	var once sync.Once
	s.hook = func(e sim.Exchange) {
		if strings.Contains(e.Path, "dns.googleapis") {
			once.Do(func() {
				call("disable", "trafficdirector.googleapis.com")
				s.world.Advance(time.Minute)
			})
		}
	}
	own := ownRunbook(`
runbook "apis" {
  title = "APIs are off"
  step "one" {
    ensure "project_services" {
      project  = target.project
      services = ["dns.googleapis.com"]
    }
  }
  step "more" {
    depends_on = [step.one]
    approval   = "Enables APIs."
    ensure "project_services" {
      project  = target.project
      services = ["networksecurity.googleapis.com", "trafficdirector.googleapis.com"]
    }
  }
}
`)
	said := s.invokeWell("asm_run_runbook", with(own, "approve", list("more")))
	mustSay(t, said, "run resumed", "more: approved by the Terraform configuration", "more: done")
	if wrote := s.wrote("batchEnable"); len(wrote) != 1 {
		t.Errorf("it enabled %q", wrote)
	}
}

func TestTwoTriggersTakeTurns(t *testing.T) {
	s := newStage(t, simtest.Owner, "binding-revoked")
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if _, diags := s.invoke(t.Context(), "asm_run_runbook", with(ownRunbook(gated), "approve", list("grant"))); len(diags) > 0 {
				t.Error(shown(diags))
			}
		})
	}
	both.Wait()
	if wrote := s.wrote(""); len(wrote) != 1 {
		t.Errorf("they wrote %q", wrote)
	}
}

func TestTargetThatSomebodyHolds(t *testing.T) {
	s := newStage(t, simtest.Owner, "binding-revoked")
	lock, err := store.NewLocal(s.dir, store.Options{}).Acquire(t.Context(), member, store.Me("20260101-000000-abcdef"), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	s.invokeBadly("asm_run_runbook", with(ownRunbook(gated), "approve", list("grant")), "Target is locked by another run ("+member+")",
		"is locked by", "Nothing was started")
	if wrote := s.wrote(""); len(wrote) > 0 {
		t.Errorf("it wrote %q", wrote)
	}
	if err := lock.Release(t.Context()); err != nil {
		t.Error(err)
	}
	s.invokeWell("asm_run_runbook", with(ownRunbook(gated), "approve", list("grant")))
}

func TestUnconfiguredActionIsAnError(t *testing.T) {
	p := newPlugin(t, provider.Options{})
	s := &stage{plugin: p, t: t, dir: t.TempDir()}
	s.invokeBadly("asm_run_runbook", ownRunbook(gated), "Provider not configured")
	s.invokeBadly("asm_restart_workloads", map[string]tftypes.Value{"membership": text(member)}, "Provider not configured")
}

func TestSecretInputIsToldNowhere(t *testing.T) {
	const secret = "s3cr3t-and-long"
	s := newStage(t, simtest.Owner)
	config := map[string]tftypes.Value{
		"source": text(withInputs), "cluster": text("projects/mesh-sim-1/locations/us-central1/clusters/cluster-1"),
		"inputs": mapping("namespaces", `["a"]`, "token", secret),
	}
	messages, diags := s.invoke(t.Context(), "asm_run_runbook", config)
	if len(diags) != 1 {
		t.Fatal(shown(diags))
	}
	mustSay(t, shown(diags), "ASM_INPUT_token=... terraform-provider-asm runbook resume")
	everything := shown(diags) + strings.Join(messages, "\n")
	files, err := filepath.Glob(filepath.Join(s.dir, "*.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	journal, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(everything+string(journal), secret) {
		t.Errorf("the secret is told:\n%s\n%s", everything, journal)
	}
}

func TestRestartWorkloads(t *testing.T) {
	s := newStage(t, simtest.Owner, "proxies-failed")
	yes := tftypes.NewValue(tftypes.Bool, true)
	shop := map[string]tftypes.Value{"membership": text(member), "namespaces": list("shop")}
	said := s.invokeWell("asm_restart_workloads", with(shop, "ignore_budgets", yes))
	mustSay(t, said, "of restart-workloads on "+member, "restart: changing", "restart: done")
	if wrote := s.wrote(""); len(wrote) != 1 || !strings.Contains(wrote[0], "/namespaces/shop/deployments/backend 200") {
		t.Errorf("it wrote %q", wrote)
	}
	mustSay(t, s.invokeWell("asm_restart_workloads", with(shop, "ignore_budgets", yes)), "nothing is to be done")
	if wrote := s.wrote(""); len(wrote) > 0 {
		t.Errorf("once more it wrote %q", wrote)
	}
	// All is all, each time.
	all := map[string]tftypes.Value{"membership": text(member), "namespaces": list("shop"), "ignore_budgets": yes, "scope": text("all")}
	for range 2 {
		s.invokeWell("asm_restart_workloads", all)
		if wrote := s.wrote("/deployments/"); len(wrote) < 2 {
			t.Errorf("of all it wrote %q", wrote)
		}
	}
}

// What is asked for reaches the restart: the journal tells with what it was run.
func TestRestartWorkloadsArguments(t *testing.T) {
	s := newStage(t, simtest.Owner)
	yes := tftypes.NewValue(tftypes.Bool, true)
	mustSay(t, s.invokeWell("asm_restart_workloads", map[string]tftypes.Value{"membership": text(member)}), "nothing is to be done")
	if wrote := s.wrote(""); len(wrote) > 0 {
		t.Errorf("it wrote %q", wrote)
	}
	s.invokeWell("asm_restart_workloads", map[string]tftypes.Value{
		"membership": text(member), "scope": text("all"), "namespaces": list("shop", "default"), "revision": text("asm-managed"),
		"stateful_sets": yes, "ignore_budgets": yes,
	})
	for _, w := range s.wrote("") {
		if !strings.Contains(w, "/namespaces/shop/") && !strings.Contains(w, "/namespaces/default/") {
			t.Errorf("it wrote %q", w)
		}
	}
	files, err := filepath.Glob(filepath.Join(s.dir, "*.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	kept, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	mustSay(t, string(kept), `"inputs":{"ignore_budgets":true,"namespaces":["default","shop"],"revision":"asm-managed","scope":"all","stateful_sets":true}`)
}

// waiting waits for something that does not come.
const waiting = `
runbook "waiting" {
  title = "Waits in vain"
  step "forever" {
    wait "findings_gone" {
      membership = target.membership
      codes      = ["service-agent-binding-missing"]
      timeout    = "20m"
    }
  }
}
`

// patient lets the stage's provider wait by the machine's clock.
func (s *stage) patient() {
	s.plugin = newPlugin(s.t, provider.Options{})
	s.configureAs(s.t, s.world, simtest.Owner)
}

// Terraform answers Ctrl-C with StopProvider and then waits for the provider.
func TestStopInterruptsARun(t *testing.T) {
	s := newStage(t, simtest.Owner, "binding-revoked")
	s.patient()
	var stop sync.Once
	config := with(ownRunbook(waiting), "state_dir", text(s.dir))
	stream, err := s.actions().InvokeAction(t.Context(),
		&tfprotov6.InvokeActionRequest{ActionType: "asm_run_runbook",
			Config: object(t, s.schemas.ActionSchemas["asm_run_runbook"].Schema, config)})
	if err != nil {
		t.Fatal(err)
	}
	var diags []*tfprotov6.Diagnostic
	for event := range stream.Events {
		switch e := event.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			if strings.Contains(e.Message, "forever: waiting:") {
				stop.Do(func() {
					if _, err := s.StopProvider(t.Context(), &tfprotov6.StopProviderRequest{}); err != nil {
						t.Error(err)
					}
				})
			}
		case tfprotov6.CompletedInvokeActionEventType:
			diags = e.Diagnostics
		}
	}
	if len(diags) != 1 || diags[0].Summary != "Interrupted ("+member+")" {
		t.Errorf("%s", shown(diags))
	}
	mustSay(t, shown(diags), "was stopped before its end", "runbook resume ")
	if _, held, err := store.NewLocal(s.dir, store.Options{}).Holder(t.Context(), member); err != nil || held {
		t.Errorf("the lock is held still (%v)", err)
	}
}

func TestRunStopsAtItsTimeout(t *testing.T) {
	s := newStage(t, simtest.Owner, "binding-revoked")
	s.patient()
	kind := s.schemas.ActionSchemas["asm_run_runbook"].Schema.ValueType().(tftypes.Object).AttributeTypes["timeouts"]
	s.invokeBadly("asm_run_runbook",
		with(ownRunbook(waiting), "timeouts", tftypes.NewValue(kind, map[string]tftypes.Value{"invoke": text("300ms")})),
		"Runbook waiting ran out of time ("+member+")", "300ms, which timeouts.invoke sets")
}
