package provider

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
)

type prerequisites struct{ data *Data }

var _ datasource.DataSourceWithConfigure = (*prerequisites)(nil)

func newPrerequisites() datasource.DataSource { return &prerequisites{} }

type prerequisitesModel struct {
	Project       types.String        `tfsdk:"project"`
	FleetProject  types.String        `tfsdk:"fleet_project"`
	HostProjects  types.Set           `tfsdk:"host_projects"`
	Services      types.Set           `tfsdk:"services"`
	Clusters      types.Set           `tfsdk:"clusters"`
	Met           types.Bool          `tfsdk:"met"`
	Status        types.String        `tfsdk:"status"`
	Summary       types.String        `tfsdk:"summary"`
	Prerequisites []prerequisiteModel `tfsdk:"prerequisites"`
	Timeouts      timeouts.Value      `tfsdk:"timeouts"`
}

type prerequisiteModel struct {
	Name     types.String   `tfsdk:"name"`
	Subject  types.String   `tfsdk:"subject"`
	Status   types.String   `tfsdk:"status"`
	Message  types.String   `tfsdk:"message"`
	Findings []findingModel `tfsdk:"findings"`
}

func (d *prerequisites) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_prerequisites"
}

func (d *prerequisites) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.data = providerData(req.ProviderData, &resp.Diagnostics)
}

func (d *prerequisites) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	prerequisite := computedStrings(map[string]string{
		"name":    "`apis`, `service_agent_binding`, `workload_pool` or `node_pool_metadata`.",
		"subject": "Full resource name of the project or cluster.",
		"status":  "`met`, `unmet`, or `unknown` when it could not be read.",
		"message": "What is missing, or why it could not be read.",
	})
	prerequisite["findings"] = findingsAttribute()
	resp.Schema = schema.Schema{
		MarkdownDescription: "Checks every prerequisite of managed mesh on a project, and on the fleet's project where that is another, " +
			"without changing anything. It takes read permission only; what may not be read is `unknown`, with the missing permission named, and " +
			"never an error.",
		Attributes: map[string]schema.Attribute{
			"project": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "ID or number of the project. Default: the provider's project.",
				Validators:          []validator.String{isProject},
			},
			"fleet_project": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "ID or number of the fleet's host project. Default: the provider's `fleet_project`, else `project`.",
				Validators:          []validator.String{isProject},
			},
			"host_projects": schema.SetAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Shared VPC host projects whose networks the clusters use: the agent needs its role there, too.",
				Validators:          []validator.Set{setvalidator.ValueStringsAre(isProject)},
			},
			"services": schema.SetAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "APIs that must be enabled. Default: the default set of `asm_project_services`.",
				Validators:          []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.ValueStringsAre(isService)},
			},
			"clusters": schema.SetAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Clusters to check, as full resource names. Default: the clusters of `project` that are registered in a fleet.",
				Validators:          []validator.Set{setvalidator.ValueStringsAre(isCluster)},
			},
			"met": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether every prerequisite is met."},
			"status": schema.StringAttribute{Computed: true, MarkdownDescription: "`met`; `unmet` when something is known to be missing; " +
				"`unknown` when something could not be read."},
			"summary": schema.StringAttribute{Computed: true, MarkdownDescription: "The status in one line, for a `check`'s error message."},
			"prerequisites": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "The prerequisites, roots first.",
				NestedObject: schema.NestedAttributeObject{Attributes: prerequisite},
			},
		},
		Blocks: map[string]schema.Block{"timeouts": timeouts.Block(ctx)},
	}
}

func (d *prerequisites) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m prerequisitesModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	timeout, diags := m.Timeouts.Read(ctx, time.Minute)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	b := base{data: d.data}
	project, missing := b.project(m.Project)
	if missing {
		missingProject(&resp.Diagnostics, path.Root("project"))
		return
	}
	var results []prereq.Result
	if !b.configured() || project.IsUnknown() {
		const why = "the provider's configuration is not known yet"
		results = []prereq.Result{{Kind: mesh.APIs, Subject: "provider", Status: prereq.Unknown, Message: why,
			Findings: []catalogue.Finding{catalogue.NewFinding(catalogue.NotConfigured, "provider", why)}}}
		m.Project = types.StringNull()
	} else {
		m.Project = project
		if m.FleetProject.IsNull() {
			m.FleetProject = project
			if f := d.data.FleetProject; !f.IsNull() && !f.IsUnknown() {
				m.FleetProject = f
			}
		}
		scope, err := m.scope(ctx)
		if err != nil {
			resp.Diagnostics.AddAttributeError(path.Root("clusters"), "Invalid cluster", sentence(err.Error()))
			return
		}
		results = prereq.Audit(ctx, d.data.Client, scope)
	}
	m.take(results)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func (m prerequisitesModel) scope(ctx context.Context) (prereq.Scope, error) {
	s := prereq.Scope{Project: m.Project.ValueString(), FleetProject: m.FleetProject.ValueString(), Services: mesh.DefaultServices()}
	if !m.Services.IsNull() {
		s.Services, _ = (&servicesModel{Services: m.Services}).services()
	}
	m.HostProjects.ElementsAs(ctx, &s.HostProjects, false)
	slices.Sort(s.HostProjects)
	if m.Clusters.IsNull() {
		return s, nil
	}
	var names []string
	m.Clusters.ElementsAs(ctx, &names, false)
	s.Clusters = []mesh.Cluster{}
	for _, name := range names {
		c, err := mesh.ParseCluster(name)
		if err != nil {
			return s, err
		}
		s.Clusters = append(s.Clusters, c)
	}
	return s, nil
}

func (m *prerequisitesModel) take(results []prereq.Result) {
	counts := map[prereq.Status]int{}
	worst := ""
	m.Prerequisites = []prerequisiteModel{}
	for _, r := range results {
		counts[r.Status]++
		if r.Status != prereq.Met {
			if worst != "" {
				worst += "; "
			}
			worst += r.Message
		}
		m.Prerequisites = append(m.Prerequisites, prerequisiteModel{
			Name: types.StringValue(string(r.Kind)), Subject: types.StringValue(r.Subject), Status: types.StringValue(string(r.Status)),
			Message: types.StringValue(r.Message), Findings: findingModels(r.Findings),
		})
	}
	status := prereq.Met
	switch {
	case counts[prereq.Unmet] > 0:
		status = prereq.Unmet
	case counts[prereq.Unknown] > 0:
		status = prereq.Unknown
	}
	m.Status, m.Met = types.StringValue(string(status)), types.BoolValue(status == prereq.Met)
	summary := fmt.Sprintf("%s: %d met, %d unmet, %d unknown", status, counts[prereq.Met], counts[prereq.Unmet], counts[prereq.Unknown])
	if worst != "" {
		summary += ": " + worst
	}
	m.Summary = types.StringValue(summary)
}
