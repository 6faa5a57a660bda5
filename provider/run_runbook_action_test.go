package provider_test

import (
	"context"
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
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
	"github.com/managed-mesh/terraform-provider-asm/provider"
)

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
