package provider_test

import (
	"maps"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
	"github.com/managed-mesh/terraform-provider-asm/provider"
)

// An instance is a resource instance as Terraform keeps it, and does with it what Terraform does. Each walk has a
// provider of its own.
type instance struct {
	t        *testing.T
	world    *simtest.World
	plugin   *plugin
	kind     string
	state    *tfprotov6.DynamicValue // nil: there is none
	private  []byte
	identity *tfprotov6.ResourceIdentityData
	tainted  bool
	warnings []string // of the last walk
	errors   []string
}

type attributes map[string]tftypes.Value

func newInstance(t *testing.T, world *simtest.World, kind string) *instance {
	i := &instance{t: t, world: world, kind: kind}
	i.walk()
	return i
}

// walk begins a walk: the provider of the last one, and all that it read, is gone.
func (i *instance) walk() {
	i.t.Helper()
	i.plugin = newPlugin(i.t, provider.Options{Clock: i.world.Clock})
	i.plugin.configureAs(i.t, i.world, simtest.Owner)
	i.warnings, i.errors = nil, nil
}

func (i *instance) schema() *tfprotov6.Schema { return i.plugin.schemas.ResourceSchemas[i.kind] }

func (i *instance) nothing() *tfprotov6.DynamicValue {
	kind := i.schema().ValueType()
	v, err := tfprotov6.NewDynamicValue(kind, tftypes.NewValue(kind, nil))
	i.must(err)
	return &v
}

func (i *instance) must(err error) {
	i.t.Helper()
	if err != nil {
		i.t.Fatal(err)
	}
}

func (i *instance) hear(diagnostics []*tfprotov6.Diagnostic) {
	for _, d := range diagnostics {
		text := d.Summary + ": " + d.Detail
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			i.errors = append(i.errors, text)
		} else {
			i.warnings = append(i.warnings, text)
		}
	}
}

func (i *instance) values(v *tfprotov6.DynamicValue) attributes {
	i.t.Helper()
	all := attributes{}
	if v == nil {
		return all
	}
	value, err := v.Unmarshal(i.schema().ValueType())
	i.must(err)
	if value.IsNull() {
		return all
	}
	i.must(value.As((*map[string]tftypes.Value)(&all)))
	return all
}

// proposed is what Terraform proposes: the configuration, and the prior value of what it leaves to the provider.
func (i *instance) proposed(prior *tfprotov6.DynamicValue, config attributes) *tfprotov6.DynamicValue {
	all, before := maps.Clone(config), i.values(prior)
	for _, a := range i.schema().Block.Attributes {
		if _, given := config[a.Name]; !given && a.Computed && before[a.Name].Type() != nil {
			all[a.Name] = before[a.Name]
		}
	}
	return object(i.t, i.schema(), all)
}

func (i *instance) refresh() {
	i.t.Helper()
	if i.state == nil {
		return
	}
	read, err := i.plugin.ReadResource(i.t.Context(), &tfprotov6.ReadResourceRequest{TypeName: i.kind, CurrentState: i.state,
		Private: i.private, CurrentIdentity: i.identity})
	i.must(err)
	i.hear(read.Diagnostics)
	i.state, i.private, i.identity = read.NewState, read.Private, read.NewIdentity
	if len(i.values(i.state)) == 0 {
		i.state, i.private, i.identity = nil, nil, nil
	}
}

// planned is a plan of an instance.
type planned struct {
	*tfprotov6.PlanResourceChangeResponse
	config  attributes
	changed bool // from the refreshed state
	replace bool
}

// plan refreshes and plans, in a walk of its own.
func (i *instance) plan(config attributes) planned {
	i.t.Helper()
	i.walk()
	i.refresh()
	prior, private, identity := i.state, i.private, i.identity
	if prior == nil || i.tainted {
		prior, private, identity = i.nothing(), nil, nil
	}
	request := &tfprotov6.PlanResourceChangeRequest{TypeName: i.kind, PriorState: prior, Config: object(i.t, i.schema(), config),
		ProposedNewState: i.proposed(prior, config), PriorPrivate: private, PriorIdentity: identity}
	resp, err := i.plugin.PlanResourceChange(i.t.Context(), request)
	i.must(err)
	i.hear(resp.Diagnostics)
	p := planned{resp, config, true, i.state != nil && (i.tainted || len(resp.RequiresReplace) > 0)}
	if len(i.errors) > 0 {
		return p
	}
	if len(resp.RequiresReplace) > 0 && !i.tainted {
		request.PriorState, request.ProposedNewState = i.nothing(), i.proposed(nil, config)
		request.PriorPrivate, request.PriorIdentity = resp.PlannedPrivate, resp.PlannedIdentity
		resp, err = i.plugin.PlanResourceChange(i.t.Context(), request)
		i.must(err)
		p.PlanResourceChangeResponse = resp
		return p
	}
	before, err := prior.Unmarshal(i.schema().ValueType())
	i.must(err)
	after, err := resp.PlannedState.Unmarshal(i.schema().ValueType())
	i.must(err)
	p.changed = !before.Equal(after)
	return p
}

// apply plans and applies.
func (i *instance) apply(config attributes) {
	i.t.Helper()
	p := i.plan(config)
	if len(i.errors) > 0 || !p.changed {
		return
	}
	i.applyPlan(p)
}

func (i *instance) applyPlan(p planned) {
	i.t.Helper()
	i.walk()
	if p.replace {
		i.destroyInstance(p.PlannedPrivate)
		if len(i.errors) > 0 {
			return
		}
	}
	prior := i.state
	if prior == nil {
		prior = i.nothing()
	}
	resp, err := i.plugin.ApplyResourceChange(i.t.Context(), &tfprotov6.ApplyResourceChangeRequest{TypeName: i.kind, PriorState: prior,
		PlannedState: p.PlannedState, Config: object(i.t, i.schema(), p.config), PlannedPrivate: p.PlannedPrivate,
		PlannedIdentity: p.PlannedIdentity})
	i.must(err)
	i.hear(resp.Diagnostics)
	if len(i.values(resp.NewState)) == 0 {
		return
	}
	i.tainted = i.state == nil && len(i.errors) > 0
	i.state, i.private, i.identity = resp.NewState, resp.Private, resp.NewIdentity
	if len(i.errors) > 0 {
		return
	}
	after := i.values(resp.NewState)
	for name, want := range i.values(p.PlannedState) {
		if want.IsFullyKnown() && !want.Equal(after[name]) {
			i.t.Errorf("inconsistent result after apply: %s was planned %s and is %s", name, want, after[name])
		}
	}
}

// destroy destroys, in a walk of its own.
func (i *instance) destroy() {
	i.t.Helper()
	if i.state == nil {
		return
	}
	i.walk()
	i.refresh()
	i.walk()
	i.destroyInstance(i.private)
}

func (i *instance) destroyInstance(private []byte) {
	i.t.Helper()
	resp, err := i.plugin.ApplyResourceChange(i.t.Context(), &tfprotov6.ApplyResourceChangeRequest{TypeName: i.kind, PriorState: i.state,
		PlannedState: i.nothing(), Config: i.nothing(), PlannedPrivate: private})
	i.must(err)
	i.hear(resp.Diagnostics)
	if len(i.errors) == 0 {
		i.state, i.private, i.identity, i.tainted = nil, nil, nil, false
	}
}
