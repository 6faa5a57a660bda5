package provider_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"golang.org/x/oauth2/google"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
	"github.com/managed-mesh/terraform-provider-asm/provider"
)

// The tests of this file speak Terraform's protocol to the provider in the same
// process: for what the command line does not show.

// plugin is a provider as Terraform sees it.
type plugin struct {
	tfprotov6.ProviderServer
	schemas *tfprotov6.GetProviderSchemaResponse
}

func newPlugin(t *testing.T, o provider.Options) *plugin {
	t.Helper()
	for _, name := range []string{"GOOGLE_OAUTH_ACCESS_TOKEN", "GOOGLE_CREDENTIALS", "GOOGLE_CLOUD_KEYFILE_JSON", "GCLOUD_KEYFILE_JSON",
		"GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"} {
		t.Setenv(name, "")
	}
	p := &plugin{ProviderServer: providerserver.NewProtocol6(provider.New("0.1.0", o)())()}
	var err error
	if p.schemas, err = p.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{}); err != nil {
		t.Fatal(err)
	}
	if len(p.schemas.Diagnostics) > 0 {
		t.Fatal(p.schemas.Diagnostics[0].Summary, p.schemas.Diagnostics[0].Detail)
	}
	return p
}

// object fills a schema's type: null, but for the values given.
func object(t *testing.T, schema *tfprotov6.Schema, values map[string]tftypes.Value) *tfprotov6.DynamicValue {
	t.Helper()
	kind := schema.ValueType().(tftypes.Object)
	all := map[string]tftypes.Value{}
	for name, of := range kind.AttributeTypes {
		all[name] = tftypes.NewValue(of, nil)
	}
	maps.Copy(all, values)
	dynamic, err := tfprotov6.NewDynamicValue(kind, tftypes.NewValue(kind, all))
	if err != nil {
		t.Fatal(err)
	}
	return &dynamic
}

func text(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }

func (p *plugin) configure(t *testing.T, deferral bool, values map[string]tftypes.Value) *tfprotov6.ConfigureProviderResponse {
	t.Helper()
	resp, err := p.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{
		TerraformVersion: "1.16.0", Config: object(t, p.schemas.Provider, values),
		ClientCapabilities: &tfprotov6.ConfigureProviderClientCapabilities{DeferralAllowed: deferral},
	})
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// configureAs configures the provider for a caller of a simulated world.
func (p *plugin) configureAs(t *testing.T, world *simtest.World, caller string) {
	t.Helper()
	values := map[string]tftypes.Value{"project": text(simtest.Project), "access_token": text(simtest.Token(caller))}
	for argument, address := range world.CustomEndpoints() {
		values[argument+"_custom_endpoint"] = text(address + "/")
	}
	if resp := p.configure(t, false, values); len(resp.Diagnostics) > 0 {
		t.Fatal(resp.Diagnostics[0].Summary, resp.Diagnostics[0].Detail)
	}
}

func TestMissingCredentialsAreOneErrorAtTheArgument(t *testing.T) {
	p := newPlugin(t, provider.Options{FindDefault: func(context.Context, ...string) (*google.Credentials, error) {
		return nil, errors.New("google: could not find default credentials")
	}})
	resp := p.configure(t, false, nil)
	if len(resp.Diagnostics) != 1 {
		t.Fatalf("%d diagnostics, want one", len(resp.Diagnostics))
	}
	d := resp.Diagnostics[0]
	if d.Severity != tfprotov6.DiagnosticSeverityError || !d.Attribute.Equal(tftypes.NewAttributePath().WithAttributeName("credentials")) {
		t.Errorf("%v at %s", d.Severity, d.Attribute)
	}
	for _, want := range []string{"GOOGLE_OAUTH_ACCESS_TOKEN", "gcloud auth application-default login", "Nothing was read or changed"} {
		if !strings.Contains(d.Detail, want) {
			t.Errorf("%q does not say %q", d.Detail, want)
		}
	}
}

func TestUnknownProviderConfigurationIsNoError(t *testing.T) {
	p := newPlugin(t, provider.Options{})
	unknown := map[string]tftypes.Value{"access_token": tftypes.NewValue(tftypes.String, tftypes.UnknownValue)}
	if resp := p.configure(t, false, unknown); len(resp.Diagnostics) > 0 {
		t.Errorf("%+v", resp)
	}
	schema := p.schemas.DataSourceSchemas["asm_mesh_health"]
	resp, err := p.ReadDataSource(t.Context(),
		&tfprotov6.ReadDataSourceRequest{TypeName: "asm_mesh_health",
			Config: object(t, schema, map[string]tftypes.Value{"fleet_project": text("mesh-sim-1")})})
	if err != nil || len(resp.Diagnostics) > 0 {
		t.Fatalf("%v %+v", err, resp)
	}
	if verdict := attribute(t, schema, resp.State, "verdict"); verdict != "unknown" {
		t.Errorf("verdict %q, want unknown", verdict)
	}

	able := newPlugin(t, provider.Options{})
	able.configure(t, true, unknown)
	resp, err = able.ReadDataSource(t.Context(), &tfprotov6.ReadDataSourceRequest{
		TypeName: "asm_mesh_health", Config: object(t, schema, nil),
		ClientCapabilities: &tfprotov6.ReadDataSourceClientCapabilities{DeferralAllowed: true},
	})
	if err != nil || resp.Deferred == nil {
		t.Errorf("a Terraform that can defer is not told to: %v %+v", err, resp)
	}
}

func attribute(t *testing.T, schema *tfprotov6.Schema, value *tfprotov6.DynamicValue, name string) string {
	t.Helper()
	v, err := value.Unmarshal(schema.ValueType())
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]tftypes.Value
	if err := v.As(&all); err != nil {
		t.Fatal(err)
	}
	var s string
	if err := all[name].As(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

// Terraform answers Ctrl-C with StopProvider and then waits for the provider.
func TestStopEndsAWait(t *testing.T) {
	served := make(chan string, 1000)
	world := simtest.Start(t, sim.Options{Faults: []string{"connectgateway-disabled", "stuck-operations"},
		Observe: func(e sim.Exchange) { served <- e.Path }})
	p := newPlugin(t, provider.Options{})
	p.configureAs(t, world, simtest.Owner)
	schema := p.schemas.ResourceSchemas["asm_project_services"]
	kind := schema.ValueType()
	nothing, err := tfprotov6.NewDynamicValue(kind, tftypes.NewValue(kind, nil))
	if err != nil {
		t.Fatal(err)
	}
	config := object(t, schema, nil)
	plan, err := p.PlanResourceChange(t.Context(),
		&tfprotov6.PlanResourceChangeRequest{TypeName: "asm_project_services", PriorState: &nothing, Config: config, ProposedNewState: config})
	if err != nil || len(plan.Diagnostics) > 0 {
		t.Fatalf("%v %+v", err, plan)
	}
	done := make(chan *tfprotov6.ApplyResourceChangeResponse)
	go func() {
		resp, err := p.ApplyResourceChange(t.Context(),
			&tfprotov6.ApplyResourceChangeRequest{TypeName: "asm_project_services", PriorState: &nothing, Config: config,
				PlannedState: plan.PlannedState, PlannedPrivate: plan.PlannedPrivate})
		if err != nil {
			t.Error(err)
		}
		done <- resp
	}()
	for path := range served {
		if strings.Contains(path, "operations/") {
			break
		}
	}
	if _, err := p.StopProvider(t.Context(), &tfprotov6.StopProviderRequest{}); err != nil {
		t.Fatal(err)
	}
	resp := <-done // the operation never ends: only the stop can end this
	if len(resp.Diagnostics) != 1 || resp.Diagnostics[0].Summary != "Interrupted" {
		t.Errorf("%+v", resp.Diagnostics)
	}
}

func TestProjectIsNeededSomewhere(t *testing.T) {
	p := newPlugin(t, provider.Options{})
	p.configure(t, false, map[string]tftypes.Value{"access_token": text("x")})
	schema := p.schemas.ResourceSchemas["asm_service_agent_binding"]
	kind := schema.ValueType()
	nothing, err := tfprotov6.NewDynamicValue(kind, tftypes.NewValue(kind, nil))
	if err != nil {
		t.Fatal(err)
	}
	config := object(t, schema, nil)
	plan, err := p.PlanResourceChange(t.Context(),
		&tfprotov6.PlanResourceChangeRequest{TypeName: "asm_service_agent_binding", PriorState: &nothing, Config: config,
			ProposedNewState: config})
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Diagnostics) != 1 || !strings.Contains(plan.Diagnostics[0].Detail, "GOOGLE_PROJECT") ||
		plan.Diagnostics[0].Attribute.String() != `AttributeName("project")` {
		t.Errorf("%+v", plan.Diagnostics)
	}
}
