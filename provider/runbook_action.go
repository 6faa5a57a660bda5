package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
)

// actor is what the actions share: each of them is a run of a runbook.
type actor struct{ data *Data }

const (
	stateDirMeans = "Folder that keeps the journals of runs and the locks on their targets. Default: " +
		"`$XDG_STATE_HOME/terraform-provider-asm/runs`, with `~/.local/state` for a variable that is not set. Where runners are thrown away, " +
		"name a folder that stays: a run goes on from its journal."
	reasonMeans = "Reason that the run's journal and audit logs keep. Default: the provider's `request_reason`."
)

// Configure receives what the provider has.
func (a *actor) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	a.data = providerData(req.ProviderData, &resp.Diagnostics)
}

// ready reports whether requests can be made.
func (a *actor) ready(diags *diag.Diagnostics) bool {
	if a.data == nil || a.data.Client == nil {
		diags.AddError("Provider not configured", "The provider's configuration depends on values that are not known yet. Apply what makes "+
			"them first (-target), or use values known at plan time.")
	}
	return !diags.HasError()
}

// order is a run that an action is to make.
type order struct {
	job         runbook.Job
	approvals   engine.Approvals
	dir, reason string // "": the default
	timeout     func(context.Context, time.Duration) (time.Duration, diag.Diagnostics)
}

// run plans and runs a runbook, and tells Terraform how far it is and how it ended.
func (a *actor) run(ctx context.Context, o order, resp *action.InvokeResponse) {
	limit, problems := o.timeout(ctx, 0)
	resp.Diagnostics.Append(problems...)
	redactor := journal.NewRedactor()
	engine, err := a.engine(ctx, o, redactor)
	if err != nil {
		resp.Diagnostics.AddError("Cannot run the runbook "+o.job.Runbook.Name, sentence(err.Error()))
	}
	if resp.Diagnostics.HasError() {
		return
	}
	reporter := newProgress(ctx, a.data.pace, func(text string) {
		resp.SendProgress(action.InvokeProgressEvent{Message: redactor.String(text)})
	})
	engine.Events = reporter.onEvent
	within, cancel := ctx, context.CancelFunc(func() {})
	if limit > 0 { // the steps have timeouts of their own
		within, cancel = context.WithTimeout(ctx, limit)
	}
	defer cancel()
	plan, result, err := a.follow(within, engine, o, reporter)
	reporter.finish(ctx)
	if o.reason != "" { // what another client wrote
		a.data.Client.Forget()
	}
	t := teller{order: o, caller: a.data.Client.Config(), words: redactor.String, diags: &resp.Diagnostics}
	if ctx.Err() == nil && within.Err() != nil {
		t.late = limit
	}
	t.tell(plan, result, err)
}

// engine makes the engine for one run.
func (a *actor) engine(ctx context.Context, o order, redactor *journal.Redactor) (*engine.Engine, error) {
	dir := o.dir
	if dir == "" {
		var err error
		if dir, err = store.DefaultDir(); err != nil {
			return nil, fmt.Errorf("%w, or state_dir on the action", err)
		}
	}
	client, clusters, reason := a.data.Client, a.data.Clusters, a.data.Client.Config().RequestReason
	if o.reason != "" && o.reason != reason {
		config := client.Config()
		config.RequestReason, reason = o.reason, o.reason
		var err error
		if client, err = gcp.New(ctx, config); err != nil {
			return nil, err
		}
		clusters = prereq.NewClusters(client, cluster.Config{})
	}
	return &engine.Engine{
		Client: client, Clusters: clusters, Redactor: redactor, Clock: a.data.clock, Version: a.data.version, Reason: reason,
		Store: store.NewLocal(dir, store.Options{Redactor: redactor}), Signer: store.ApprovalSigner(),
	}, nil
}

// follow plans when the target's turn has come, and runs the plan.
func (a *actor) follow(ctx context.Context, engine *engine.Engine, o order, reporter *progress) (*engine.Prepared, *runbook.Result, error) {
	end, err := a.data.running.Lock(ctx, o.job.Target.Name)
	if err != nil {
		return nil, nil, err
	}
	defer end()
	plan, err := engine.Plan(ctx, o.job)
	if err != nil {
		return nil, nil, err
	}
	if plan.Clean() {
		reporter.say("%s on %s: nothing is to be done", plan.Runbook, plan.Target.Name)
	}
	result, err := engine.Run(ctx, plan, o.approvals)
	// A configuration agrees to a step, and not to the plan that was made a moment
	// ago: where the mesh has moved on meanwhile, the step goes on with what is so now.
	for last := ""; err == nil && result.Outcome == journal.NeedsApprove; {
		gate := result.Gates[0]
		if gate == last || !agrees(o, gate) {
			break
		}
		last = gate
		result, err = engine.Resume(ctx, result.Run, sensitive(o.job), o.approvals)
	}
	return plan, result, err
}

// agrees reports that the configuration approves a step.
func agrees(o order, step string) bool {
	name, _, _ := strings.Cut(step, "[")
	st := o.job.Runbook.Step(name)
	return st != nil && (slices.Contains(o.approvals.Steps, step) || !slices.Contains(unapproved(o.job.Runbook, o.approvals), name)) &&
		st.Action.Kind != lang.Instruct
}

// sensitive are the inputs that no journal has.
func sensitive(j runbook.Job) map[string]cty.Value {
	values := map[string]cty.Value{}
	for name, v := range j.Inputs {
		if in := j.Runbook.Input(name); in != nil && in.Sensitive {
			values[name] = v
		}
	}
	return values
}
