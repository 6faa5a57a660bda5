package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/terraform-plugin-framework-timeouts/action/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// runRunbook is the action asm_run_runbook.
type runRunbook struct{ actor }

var (
	_ action.ActionWithConfigure      = (*runRunbook)(nil)
	_ action.ActionWithValidateConfig = (*runRunbook)(nil)
	_ action.ActionWithModifyPlan     = (*runRunbook)(nil)
)

func newRunRunbook() action.Action { return &runRunbook{} }

type runRunbookModel struct {
	Runbook      types.String   `tfsdk:"runbook"`
	Source       types.String   `tfsdk:"source"`
	Membership   types.String   `tfsdk:"membership"`
	Cluster      types.String   `tfsdk:"cluster"`
	Project      types.String   `tfsdk:"project"`
	FleetProject types.String   `tfsdk:"fleet_project"`
	Inputs       types.Map      `tfsdk:"inputs"`
	Approve      types.Set      `tfsdk:"approve"`
	ApproveAll   types.Bool     `tfsdk:"approve_all"`
	ApproveRisk  types.String   `tfsdk:"approve_risk"`
	StateDir     types.String   `tfsdk:"state_dir"`
	Reason       types.String   `tfsdk:"reason"`
	Timeouts     timeouts.Value `tfsdk:"timeouts"`
}

func (a *runRunbook) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_run_runbook"
}

func (a *runRunbook) Schema(ctx context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Runs a runbook on one membership, cluster, project or fleet: it reads what is there, changes what is missing and " +
			"no more, and verifies each change. Where everything is right, nothing is done.\n\n" +
			"Needs Terraform 1.14 or later. Terraform does not repeat an action that failed: its error names the command that resumes the run.",
		Attributes: map[string]schema.Attribute{
			"runbook": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Name of the runbook; the data source `asm_runbooks` lists them. With `source`, which of the runbooks in it.",
				Validators:          []validator.String{stringvalidator.AtLeastOneOf(path.MatchRoot("source"))},
			},
			"source": schema.StringAttribute{Optional: true, MarkdownDescription: "Text of a runbook of your own, such as " +
				"`file(\"restore.hcl\")`."},
			"membership": schema.StringAttribute{Optional: true, MarkdownDescription: "Membership to work on: " +
				"`projects/PROJECT/locations/LOCATION/memberships/MEMBERSHIP`. What is given has to be what the runbook works on.",
				Validators: []validator.String{isMembership}},
			"cluster": schema.StringAttribute{Optional: true, MarkdownDescription: "Cluster to work on: " +
				"`projects/PROJECT/locations/LOCATION/clusters/CLUSTER`.", Validators: []validator.String{isCluster}},
			"project": schema.StringAttribute{Optional: true, MarkdownDescription: "ID or number of the project to work on.",
				Validators: []validator.String{isProject}},
			"fleet_project": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "ID or number of the host project of the fleet to work on. Beside `cluster` or `project`: of the fleet that it " +
					"belongs to; default: the provider's `fleet_project`, else its own project.",
				Validators: []validator.String{isProject},
			},
			"inputs": schema.MapAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Inputs of the runbook: a string as it is, anything else as `jsonencode()` writes it. Terraform keeps them in " +
					"plan files, sensitive ones too.",
			},
			"approve": schema.SetAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Steps that may change what they find to be changed when their turn comes: `restart`, or `restart[\"web\"]`. A " +
					"step that needs approval and has none ends the run, and the action fails.",
			},
			"approve_all": schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether all steps may, and instructions without a " +
				"verification count as followed. Default: `false`."},
			"approve_risk": schema.StringAttribute{Optional: true, MarkdownDescription: "Steps of at most this risk may: `low`, `medium` or " +
				"`high`.", Validators: []validator.String{stringvalidator.OneOf(risks()...)}},
			"state_dir": schema.StringAttribute{Optional: true, MarkdownDescription: stateDirMeans,
				Validators: []validator.String{stringvalidator.LengthAtLeast(1)}},
			"reason": schema.StringAttribute{Optional: true, MarkdownDescription: reasonMeans, Validators: []validator.String{isHeaderValue}},
		},
		Blocks: map[string]schema.Block{"timeouts": timeouts.Block(ctx)},
	}
}

// risks are those that can be approved.
func risks() (names []string) {
	for _, r := range lang.Risks() {
		if r != lang.NoRisk {
			names = append(names, string(r))
		}
	}
	return names
}

// ValidateConfig tells of every mistake that can be seen without asking anybody.
func (a *runRunbook) ValidateConfig(ctx context.Context, req action.ValidateConfigRequest, resp *action.ValidateConfigResponse) {
	checkRun(ctx, req.Config, &resp.Diagnostics)
}

// ModifyPlan does it again with what is known by now, and warns of a run that would end at a gate.
func (a *runRunbook) ModifyPlan(ctx context.Context, req action.ModifyPlanRequest, resp *action.ModifyPlanResponse) {
	m, book := checkRun(ctx, req.Config, &resp.Diagnostics)
	if book == nil || resp.Diagnostics.HasError() {
		return
	}
	approvals, known := m.approvals(ctx, &resp.Diagnostics)
	if waiting := unapproved(book.runbook, approvals); known && len(waiting) > 0 {
		resp.Diagnostics.AddAttributeWarning(path.Root("approve"), fmt.Sprintf("Runbook %s needs approval", book.runbook.Name),
			fmt.Sprintf("Where there is something to change, the run ends before %s, and the action fails there. To let it go on, name the steps "+
				"in approve, or set approve_risk or approve_all.", steps(waiting)))
	}
}

func (a *runRunbook) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	m, book := checkRun(ctx, req.Config, &resp.Diagnostics)
	if book == nil || !a.ready(&resp.Diagnostics) {
		return
	}
	target, err := m.target(book.runbook.Target, a.data.FleetProject)
	if err != nil {
		resp.Diagnostics.AddError("Invalid argument", sentence(err.Error()))
		return
	}
	approvals, _ := m.approvals(ctx, &resp.Diagnostics)
	approvals.Approver = "the Terraform configuration"
	a.run(ctx, order{
		job:       runbook.Job{Runbook: book.runbook, File: book.file, Inputs: book.inputs, Target: target},
		approvals: approvals, dir: m.StateDir.ValueString(), reason: m.Reason.ValueString(), timeout: m.Timeouts.Invoke,
	}, resp)
}

// book is a runbook with the inputs that a configuration gives.
type book struct {
	runbook *lang.Runbook
	file    *lang.File
	inputs  map[string]cty.Value
}

// checkRun reads and checks a configuration, as far as it is known. The book is nil where it is not known, or wrong.
func checkRun(ctx context.Context, config tfsdk.Config, diags *diag.Diagnostics) (runRunbookModel, *book) {
	var m runRunbookModel
	diags.Append(config.Get(ctx, &m)...)
	if diags.HasError() || m.Runbook.IsUnknown() || m.Source.IsUnknown() || m.Runbook.IsNull() && m.Source.IsNull() {
		return m, nil
	}
	r, file := m.find(diags)
	if r == nil {
		return m, nil
	}
	m.checkTarget(r, diags)
	b := &book{runbook: r, file: file, inputs: m.readInputs(ctx, r, diags)}
	m.checkApprove(ctx, r, diags)
	return m, b
}

// sourceName stands for a file's name where a runbook's text is an argument.
const sourceName = "source"

// find is the runbook that the configuration means, or nil.
func (m runRunbookModel) find(diags *diag.Diagnostics) (*lang.Runbook, *lang.File) {
	if !m.Source.IsNull() {
		r, file, err := runbook.Load(sourceName, []byte(m.Source.ValueString()), m.Runbook.ValueString())
		var mistakes *runbook.Mistakes
		switch {
		case errors.As(err, &mistakes):
			diags.AddAttributeError(path.Root("source"), "Invalid runbook", mistakes.Error())
		case err != nil:
			diags.AddAttributeError(path.Root("runbook"), "No such runbook", sentence(err.Error()))
		}
		return r, file
	}
	books, err := builtIn()
	if err != nil {
		diags.AddError("Built-in runbooks cannot be read", sentence(err.Error())+" This is a bug of the provider.")
		return nil, nil
	}
	found, have := books.Find(m.Runbook.ValueString())
	if !have {
		var names []string
		for _, b := range books.All() {
			names = append(names, b.Name)
		}
		diags.AddAttributeError(path.Root("runbook"), "No such runbook",
			fmt.Sprintf("There is no runbook %q%s\n\nThe data source asm_runbooks lists those that there are. A runbook of your own is given by "+
				"source = file(\"...\").", m.Runbook.ValueString(), lang.Suggest(m.Runbook.ValueString(), names)))
		return nil, nil
	}
	return found.Runbook, found.File
}

// places are the arguments that name a target, by its kind.
func (m runRunbookModel) places() map[lang.TargetKind]types.String {
	return map[lang.TargetKind]types.String{
		lang.TargetMembership: m.Membership, lang.TargetCluster: m.Cluster, lang.TargetProject: m.Project, lang.TargetFleet: m.FleetProject,
	}
}

// argument is the argument that names a target of a kind.
func argument(kind lang.TargetKind) string {
	if kind == lang.TargetFleet {
		return "fleet_project"
	}
	return string(kind)
}

// checkTarget tells of a target that the runbook does not work on.
func (m runRunbookModel) checkTarget(r *lang.Runbook, diags *diag.Diagnostics) {
	places := m.places()
	if places[r.Target].IsNull() {
		diags.AddAttributeError(path.Root(argument(r.Target)), "No target",
			fmt.Sprintf("Runbook %s works on a %s: set %s.", r.Name, r.Target, argument(r.Target)))
	}
	for _, kind := range lang.TargetKinds() {
		beside := kind == lang.TargetFleet && (r.Target == lang.TargetCluster || r.Target == lang.TargetProject)
		if kind != r.Target && !beside && !places[kind].IsNull() {
			diags.AddAttributeError(path.Root(argument(kind)), "Wrong target",
				fmt.Sprintf("Runbook %s works on a %s, and takes no %s.", r.Name, r.Target, argument(kind)))
		}
	}
}

// target is what the run is about. fallback is the provider's fleet project.
func (m runRunbookModel) target(kind lang.TargetKind, fallback types.String) (runbook.Target, error) {
	fleet := m.FleetProject
	if fleet.IsNull() {
		fleet = fallback
	}
	if kind == lang.TargetFleet {
		fleet = types.StringNull()
	}
	return runbook.ParseTarget(kind, m.places()[kind].ValueString(), fleet.ValueString())
}

// readInputs reads the inputs and checks them as a run would, as far as they are known.
func (m runRunbookModel) readInputs(ctx context.Context, r *lang.Runbook, diags *diag.Diagnostics) map[string]cty.Value {
	if m.Inputs.IsUnknown() {
		return nil
	}
	given := map[string]types.String{}
	diags.Append(m.Inputs.ElementsAs(ctx, &given, false)...)
	values, wrong := map[string]cty.Value{}, false
	for _, name := range slices.Sorted(maps.Keys(given)) {
		in, text := r.Input(name), given[name]
		switch {
		case text.IsNull():
			continue // as if it were not there
		case in != nil && text.IsUnknown():
			values[name] = cty.UnknownVal(in.Type.WithoutOptionalAttributesDeep())
		default:
			v, problems := r.ParseInput(name, text.ValueString())
			wrong = wrong || problems.HasErrors()
			tellInputs(diags, path.Root("inputs").AtMapKey(name), problems)
			values[name] = v
		}
	}
	if !wrong {
		_, problems := lang.NewScope(r, kinds.Catalogue(), values, cty.NilVal)
		tellInputs(diags, path.Root("inputs"), problems)
	}
	return values
}

func tellInputs(diags *diag.Diagnostics, at path.Path, problems hcl.Diagnostics) {
	for _, p := range problems {
		if p.Severity == hcl.DiagError {
			diags.AddAttributeError(at, p.Summary, sentence(p.Detail))
		}
	}
}

// checkApprove refuses the approval of steps that are not there: whoever gave it would believe it to count.
func (m runRunbookModel) checkApprove(ctx context.Context, r *lang.Runbook, diags *diag.Diagnostics) {
	var names []string
	for _, st := range r.Steps {
		names = append(names, st.Name)
	}
	for _, step := range m.approved(ctx, diags) {
		if name, _, _ := strings.Cut(step, "["); r.Step(name) == nil {
			diags.AddAttributeError(path.Root("approve"), "No such step",
				fmt.Sprintf("Runbook %s has no step %q%s Its steps are %s.", r.Name, name, lang.Suggest(name, names), strings.Join(names, ", ")))
		}
	}
}

// approved are the steps in approve that are known.
func (m runRunbookModel) approved(ctx context.Context, diags *diag.Diagnostics) (known []string) {
	if m.Approve.IsUnknown() {
		return nil
	}
	var all []types.String
	diags.Append(m.Approve.ElementsAs(ctx, &all, false)...)
	for _, step := range all {
		if !step.IsUnknown() {
			known = append(known, step.ValueString())
		}
	}
	return known
}

// approvals are what the configuration agrees to. known is false where some of it has yet to be known.
func (m runRunbookModel) approvals(ctx context.Context, diags *diag.Diagnostics) (a engine.Approvals, known bool) {
	a = engine.Approvals{All: m.ApproveAll.ValueBool(), Steps: m.approved(ctx, diags), UpTo: lang.Risk(m.ApproveRisk.ValueString())}
	known = !m.Approve.IsUnknown() && len(a.Steps) == len(m.Approve.Elements()) && !m.ApproveAll.IsUnknown() && !m.ApproveRisk.IsUnknown()
	return a, known
}

// gateOf says how much a step can hurt, and whether it needs somebody's agreement that can be given beforehand.
func gateOf(st *lang.Step) (risk lang.Risk, asks bool) {
	switch st.Action.Kind {
	case lang.Ensure:
		if def := kinds.Find(lang.Ensure, st.Action.Name); def != nil {
			risk = def.Risk
		}
		return risk, st.Approval != nil || risk == lang.HighRisk
	case lang.Approve:
		return st.Action.Risk, true
	case lang.Instruct:
		return lang.NoRisk, st.Action.Verify == nil
	}
	return lang.NoRisk, false
}

// unapproved are the steps of a runbook that ask, and that nothing agrees to.
func unapproved(r *lang.Runbook, a engine.Approvals) (names []string) {
	if a.All {
		return nil
	}
	order := lang.Risks()
	for _, st := range r.Steps {
		risk, asks := gateOf(st)
		covered := a.UpTo != "" && st.Action.Kind != lang.Instruct && slices.Index(order, risk) <= slices.Index(order, a.UpTo)
		named := slices.ContainsFunc(a.Steps, func(step string) bool { return step == st.Name || strings.HasPrefix(step, st.Name+"[") })
		if asks && !covered && !named {
			names = append(names, st.Name)
		}
	}
	return names
}

// steps reads "step a", or "steps a and b".
func steps(names []string) string {
	if len(names) == 1 {
		return "step " + names[0]
	}
	return "steps " + strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
