package provider

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
)

// prerequisiteResource is a resource that keeps one prerequisite in place. All that it does
// between the schema and the prerequisite is the same for each of them.
type prerequisiteResource[M any, P interface {
	*M
	resourceModel
}] struct {
	base
	name     string // of the type, behind the provider's
	read     string // titles of errors: "Cannot tell whether …"
	enforce  string
	undo     string
	patience time.Duration // default of the timeouts of changes
}

// resourceModel is the model of such a resource.
type resourceModel interface {
	identity() any
	// names are the arguments that say what the resource is about, in an order of their own.
	names() []nameArgument
	common() *commonModel
	// prerequisite is what the resource keeps in place. Its error is about an argument that became known only now.
	prerequisite(data *Data) (prereq.Prerequisite, error)
	// take sets the computed attributes by what was seen.
	take(state prereq.State)
	// desired is what a plan asks for; in a state, it is what was read.
	desired() string
}

// What some models do besides.
type (
	// defaulter fills in what neither the configuration nor an import says.
	defaulter interface{ setDefaults(data *Data) }
	// applyValidator tells, before anything is changed, what cannot be; it became known only now.
	applyValidator interface {
		refuse(ctx context.Context, data *Data, diags *diag.Diagnostics) bool
	}
	// planPreserver takes over what the plan promised, where what was seen goes further:
	// Terraform holds a provider to its plan.
	planPreserver[P any] interface{ preservePlan(planned P) }
	// partitioned is about parts of its subject; other resources may be about other parts.
	partitioned interface{ parts() []string }
	// updateRecorder says what of an update's change is recorded, to be taken back by a destroy.
	updateRecorder[P any] interface {
		changeToRecord(prior P, change prereq.Change) prereq.Change
	}
	// undoSelector selects the part of the recorded change that a destroy undoes.
	undoSelector interface {
		changeToUndo(change prereq.Change) prereq.Change
	}
)

// commonModel is what every such resource has.
type commonModel struct {
	DeletionPolicy types.String   `tfsdk:"deletion_policy"`
	Timeouts       timeouts.Value `tfsdk:"timeouts"`
}

func (m *commonModel) common() *commonModel { return m }

func timeoutsBlock(ctx context.Context) map[string]schema.Block {
	return map[string]schema.Block{"timeouts": timeouts.Block(ctx, timeouts.Opts{Create: true, Read: true, Update: true, Delete: true})}
}

func (r *prerequisiteResource[M, P]) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + r.name
}

func (r *prerequisiteResource[M, P]) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	plan := P(new(M))
	resp.Diagnostics.Append(req.Plan.Get(ctx, plan)...)
	ctx, cancel, ok := r.within(ctx, plan.common().Timeouts.Create, r.patience, &resp.Diagnostics)
	defer cancel()
	if !ok {
		return
	}
	setDefaults(plan, r.data)
	record(ctx, resp.Private, r.data.takeOver(ctx, r.subject(plan)), true, &resp.Diagnostics)
	out := outcome{&resp.State, resp.Identity, &resp.Diagnostics}
	change, seen := r.apply(ctx, plan, resp.Private, out)
	record(ctx, resp.Private, change, true, &resp.Diagnostics)
	if resp.Diagnostics.HasError() && seen != nil && !recorded(ctx, resp.Private, &resp.Diagnostics).Empty() {
		// Terraform forgets an object without a state, and with it what has to be taken back. With one, it replaces the object.
		resp.Diagnostics.Append(resp.Private.SetKey(ctx, privateIncomplete, []byte("true"))...)
		plan.take(seen)
		out.set(ctx, plan, plan.identity())
	}
}

// Update records what an edit of the configuration changes, and of what it restores only the fields that this resource
// has changed before: the rest somebody else had taken away, and a later destroy must not take it away again.
func (r *prerequisiteResource[M, P]) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	plan, prior := P(new(M)), P(new(M))
	resp.Diagnostics.Append(req.Plan.Get(ctx, plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, prior)...)
	ctx, cancel, ok := r.within(ctx, plan.common().Timeouts.Update, r.patience, &resp.Diagnostics)
	defer cancel()
	if !ok {
		return
	}
	desired, d := resp.Private.GetKey(ctx, privateDesired)
	resp.Diagnostics.Append(d...)
	edited := len(desired) > 0 && string(desired) != string(quote(plan.desired())) || isSet(ctx, resp.Private, privateIncomplete)
	change, _ := r.apply(ctx, plan, resp.Private, outcome{&resp.State, resp.Identity, &resp.Diagnostics})
	if a, ok := any(plan).(updateRecorder[P]); ok {
		change, edited = a.changeToRecord(prior, change), true
	}
	record(ctx, resp.Private, change, edited, &resp.Diagnostics)
	if !resp.Diagnostics.HasError() && isSet(ctx, resp.Private, privateIncomplete) {
		resp.Diagnostics.Append(resp.Private.SetKey(ctx, privateIncomplete, []byte("false"))...)
	}
}

// apply brings the plan about. seen is what the last check saw, or nil where none was made.
func (r *prerequisiteResource[M, P]) apply(ctx context.Context, plan P, remember private, out outcome) (change prereq.Change,
	seen prereq.State) {
	setDefaults(plan, r.data)
	p, err := plan.prerequisite(r.data)
	if err != nil {
		out.diags.AddError("Invalid argument", sentence(err.Error()))
		return prereq.Change{}, nil
	}
	if v, ok := any(plan).(applyValidator); ok && v.refuse(ctx, r.data, out.diags) {
		return prereq.Change{}, nil
	}
	if err := r.data.declare(ctx, r.subject(plan)); err != nil {
		addError(out.diags, r.enforce, err)
		return prereq.Change{}, nil
	}
	planned := *plan
	change, state, err := prereq.Apply(ctx, p)
	if err != nil {
		addError(out.diags, r.enforce, err)
		if change.Empty() && state != nil && (ctx.Err() != nil || apierr.Ambiguous(err)) {
			// It may have happened all the same. An undo leaves what is not as the change would have left it.
			change.Before, change.After = state.Gap()
		}
		return change, state
	}
	out.diags.Append(remember.SetKey(ctx, privateDesired, quote(plan.desired()))...)
	plan.take(state)
	if k, ok := any(plan).(planPreserver[P]); ok {
		k.preservePlan(&planned)
	}
	out.set(ctx, plan, plan.identity())
	return change, state
}

func (r *prerequisiteResource[M, P]) subject(m P) subject {
	s := subject{resource: r.name, names: m.names()}
	if parted, ok := any(m).(partitioned); ok {
		s.parts = parted.parts()
	}
	return s
}

// planHandover plans that a new instance takes over what an instance that failed to be made, and is replaced by it, had
// changed. Terraform gives it nothing of the old one; the refresh before has left it in this process.
func (r *prerequisiteResource[M, P]) planHandover(ctx context.Context, plan P, resp *resource.ModifyPlanResponse) {
	if !r.configured() {
		return
	}
	if change := r.data.takeOver(ctx, r.subject(plan)); !change.Empty() {
		record(ctx, resp.Private, change, true, &resp.Diagnostics)
		resp.Diagnostics.Append(resp.Private.SetKey(ctx, privateHandedOver, []byte("true"))...)
	}
}

func setDefaults(model any, data *Data) {
	if s, ok := model.(defaulter); ok {
		s.setDefaults(data)
	}
}

// privateDesired is the private state that keeps what was last asked for. It tells
// drift from a change of the configuration.
const privateDesired = "wish"

// quote is a string as JSON, which private state has to be.
func quote(s string) []byte { return []byte(strconv.Quote(s)) }

func (r *prerequisiteResource[M, P]) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	m := P(new(M))
	resp.Diagnostics.Append(req.State.Get(ctx, m)...)
	timeout, d := m.common().Timeouts.Read(ctx, 5*time.Minute)
	resp.Diagnostics.Append(d...)
	setDefaults(m, r.data)
	// First of all: Terraform refuses a refresh without an identity, state from
	// before identities existed has none, and a removal needs one, too.
	resp.Diagnostics.Append(resp.Identity.Set(ctx, m.identity())...)
	if resp.Diagnostics.HasError() || !r.configured() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if isSet(ctx, req.Private, privateIncomplete) {
		r.data.handOver(r.subject(m), recorded(ctx, req.Private, &resp.Diagnostics))
	}
	if m.common().DeletionPolicy.IsNull() { // imported
		m.common().DeletionPolicy = types.StringValue(abandon)
	}
	var s prereq.State
	p, err := m.prerequisite(r.data)
	if err == nil {
		s, err = p.Check(ctx, false)
	}
	var gone *prereq.GoneError
	_, gatewayDisabled := apierr.GatewayDisabled(err)
	switch {
	case errors.As(err, &gone):
		resp.State.RemoveResource(ctx)
	case gatewayDisabled:
		// An error would keep the plan from showing, and the apply from correcting, the API that is the cause.
		resp.Diagnostics.AddWarning("Not read: Connect Gateway is disabled ("+p.Subject()+")",
			"What the last read saw is kept, and may be out of date.\n\n"+sentence(err.Error()))
	case err != nil:
		addError(&resp.Diagnostics, r.read, err)
	default:
		m.take(s)
		resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	}
}

func (r *prerequisiteResource[M, P]) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	m := P(new(M))
	resp.Diagnostics.Append(req.State.Get(ctx, m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	change := recorded(ctx, req.Private, &resp.Diagnostics)
	if isSet(ctx, req.Private, privateHandedOver) && r.data != nil {
		r.data.handOver(r.subject(m), change)
		return
	}
	if m.common().DeletionPolicy.ValueString() != remove {
		return
	}
	ctx, cancel, ok := r.within(ctx, m.common().Timeouts.Delete, r.patience, &resp.Diagnostics)
	defer cancel()
	if !ok {
		return
	}
	if g, ok := any(m).(undoSelector); ok {
		change = g.changeToUndo(change)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	p, err := m.prerequisite(r.data)
	done := func() {}
	if err == nil {
		change, done = r.withoutHeld(ctx, m, change, &resp.Diagnostics)
	}
	defer done()
	if err == nil && !change.Empty() {
		warnOfLeft(ctx, &resp.Diagnostics, p, change)
		err = p.Undo(ctx, change)
	}
	var gone *prereq.GoneError
	if err != nil && !errors.As(err, &gone) {
		addError(&resp.Diagnostics, r.undo, err)
	}
}

// withoutHeld is a change without what another instance has declared in this process: that stays, also where this
// instance had brought it about. done ends the time in which the rest may be taken back.
func (r *prerequisiteResource[M, P]) withoutHeld(ctx context.Context, m P, change prereq.Change, diags *diag.Diagnostics) (_ prereq.Change,
	done func()) {
	s := r.subject(m)
	held, all, done := r.data.undo(ctx, s)
	before := len(change.After)
	for field := range change.After {
		if all || slices.Contains(held, field) {
			delete(change.After, field)
			delete(change.Before, field)
		}
	}
	if len(change.After) < before {
		diags.AddWarning("Left in place ("+s.String()+")", "Another asm_"+r.name+" has declared the same in this run, so it was not taken "+
			"back although deletion_policy is DELETE. What it was before is not restored by a later destroy, either.")
	}
	return change, done
}

// keptPrivate is private state that can only be read.
type keptPrivate interface {
	GetKey(context.Context, string) ([]byte, diag.Diagnostics)
}

// planned reads what a plan modifier works on. state is nil for a resource that
// is to be made; ok is false when there is nothing to plan.
func planned[M any](ctx context.Context, req resource.ModifyPlanRequest, diags *diag.Diagnostics) (config, plan, state *M, ok bool) {
	if req.Plan.Raw.IsNull() {
		return nil, nil, nil, false
	}
	config, plan = new(M), new(M)
	diags.Append(req.Config.Get(ctx, config)...)
	diags.Append(req.Plan.Get(ctx, plan)...)
	if !req.State.Raw.IsNull() {
		state = new(M)
		diags.Append(req.State.Get(ctx, state)...)
	}
	return config, plan, state, !diags.HasError()
}

// warn tells of drift that the refresh has found; seen is what it saw. What
// differs because the configuration changed is none.
func (r *prerequisiteResource[M, P]) warn(ctx context.Context, kept keptPrivate, state, plan P, seen prereq.State,
	diags *diag.Diagnostics) {
	wished, d := kept.GetKey(ctx, privateDesired)
	diags.Append(d...)
	if len(wished) == 0 || string(wished) == string(quote(state.desired())) || seen.Met() || !r.configured() {
		return
	}
	p, err := plan.prerequisite(r.data)
	if err != nil {
		return
	}
	warnOfDrift(ctx, diags, p, seen, seen.Findings())
}
