package provider_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/control"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
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
