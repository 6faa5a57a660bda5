package provider

import (
	"context"
	"slices"
	"sync"

	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// builtIn are the runbooks that this program brings along. They are read once.
var builtIn = sync.OnceValues(runbook.BuiltIn)

// listRunbooks is the data source asm_runbooks. It asks nobody.
type listRunbooks struct{}

var _ datasource.DataSource = listRunbooks{}

func newRunbooks() datasource.DataSource { return listRunbooks{} }

type runbooksModel struct {
	Fixes    types.String   `tfsdk:"fixes"`
	Runbooks []runbookModel `tfsdk:"runbooks"`
}

type runbookModel struct {
	Name        types.String   `tfsdk:"name"`
	Title       types.String   `tfsdk:"title"`
	Description types.String   `tfsdk:"description"`
	Reference   types.String   `tfsdk:"reference"`
	Fixes       []types.String `tfsdk:"fixes"`
	Target      types.String   `tfsdk:"target"`
	Inputs      []inputModel   `tfsdk:"inputs"`
	Steps       []stepModel    `tfsdk:"steps"`
}

type inputModel struct {
	Name        types.String `tfsdk:"name"`
	Type        types.String `tfsdk:"type"`
	Description types.String `tfsdk:"description"`
	Required    types.Bool   `tfsdk:"required"`
	Sensitive   types.Bool   `tfsdk:"sensitive"`
	Default     types.String `tfsdk:"default"`
}

type stepModel struct {
	Name     types.String `tfsdk:"name"`
	Action   types.String `tfsdk:"action"`
	Kind     types.String `tfsdk:"kind"`
	Risk     types.String `tfsdk:"risk"`
	Approval types.Bool   `tfsdk:"approval"`
}

func (listRunbooks) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_runbooks"
}

func (listRunbooks) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	input := computedStrings(map[string]string{
		"name": "Name.", "type": "Type, as runbooks write it.", "description": "What it is for.",
		"default": "Default as JSON; null where the input is required or sensitive.",
	})
	input["required"] = schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether a run must be given it."}
	input["sensitive"] = schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether its value is shown nowhere."}
	step := computedStrings(map[string]string{
		"name": "Name.", "action": "`ensure`, `assert`, `wait`, `approve` or `instruct`.", "kind": "What it ensures, asserts or waits for, by " +
			"its name in the catalogue; null for the others.",
		"risk": "How much it can hurt: `none`, `low`, `medium` or `high`.",
	})
	step["approval"] = schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether a person must agree before it changes something."}
	book := computedStrings(map[string]string{
		"name": "Name.", "title": "The problem that it is for.", "description": "What it does.", "reference": "Documentation that it follows.",
		"target": "What one run works on: `membership`, `cluster`, `project` or `fleet`.",
	})
	book["fixes"] = schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "Codes of the findings that it " +
		"corrects."}
	book["inputs"] = schema.ListNestedAttribute{Computed: true, MarkdownDescription: "What a run can be given.",
		NestedObject: schema.NestedAttributeObject{Attributes: input}}
	book["steps"] = schema.ListNestedAttribute{Computed: true, MarkdownDescription: "Its steps, in the order in which they run.",
		NestedObject: schema.NestedAttributeObject{Attributes: step}}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The runbooks that are built into this provider, with the findings that they correct. It works offline. " +
			"`asm_run_runbook` and `terraform-provider-asm runbook run` run them.",
		Attributes: map[string]schema.Attribute{
			"fixes": schema.StringAttribute{Optional: true, MarkdownDescription: "Code of a finding: only runbooks that correct it.",
				Validators: []validator.String{isFinding}},
			"runbooks": schema.ListNestedAttribute{Computed: true, MarkdownDescription: "The runbooks, by name.",
				NestedObject: schema.NestedAttributeObject{Attributes: book}},
		},
	}
}

func (listRunbooks) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m runbooksModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	books, err := builtIn()
	if err != nil {
		resp.Diagnostics.AddError("Built-in runbooks cannot be read", sentence(err.Error())+" This is a bug of the provider.")
	}
	if resp.Diagnostics.HasError() {
		return
	}
	m.Runbooks = []runbookModel{}
	for _, book := range books.All() {
		if m.Fixes.IsNull() || slices.Contains(book.Fixes, catalogue.Code(m.Fixes.ValueString())) {
			m.Runbooks = append(m.Runbooks, newRunbookModel(book.Runbook))
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func newRunbookModel(r *lang.Runbook) runbookModel {
	m := runbookModel{
		Name: types.StringValue(r.Name), Title: types.StringValue(r.Title), Description: orNull(r.Description), Reference: orNull(r.Reference),
		Fixes: []types.String{}, Target: types.StringValue(string(r.Target)), Inputs: []inputModel{}, Steps: []stepModel{},
	}
	for _, code := range r.Fixes {
		m.Fixes = append(m.Fixes, types.StringValue(string(code)))
	}
	for _, in := range r.Inputs {
		m.Inputs = append(m.Inputs, inputModel{
			types.StringValue(in.Name), types.StringValue(typeexpr.TypeString(in.Type)), orNull(in.Description),
			types.BoolValue(in.Required()), types.BoolValue(in.Sensitive), defaultOf(in),
		})
	}
	for _, st := range r.Steps {
		risk, asks := gateOf(st)
		m.Steps = append(m.Steps, stepModel{
			types.StringValue(st.Name), types.StringValue(string(st.Action.Kind)), orNull(st.Action.Name), types.StringValue(string(risk)),
			types.BoolValue(asks),
		})
	}
	return m
}

func defaultOf(in *lang.Input) types.String {
	if in.Required() || in.Sensitive {
		return types.StringNull()
	}
	raw, err := ctyjson.Marshal(in.Default, in.Default.Type())
	if err != nil {
		return types.StringNull() // of a type that JSON cannot have
	}
	return types.StringValue(string(raw))
}
