package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

type diagnose struct{ clusterReader }

var _ datasource.DataSourceWithConfigure = (*diagnose)(nil)

func newDiagnosis() datasource.DataSource { return &diagnose{} }

type diagnosisModel struct {
	FleetProjects types.Set               `tfsdk:"fleet_projects"`
	Memberships   types.Set               `tfsdk:"memberships"`
	Clusters      types.Set               `tfsdk:"clusters"`
	HostProjects  types.Set               `tfsdk:"host_projects"`
	Logs          types.Bool              `tfsdk:"search_logs"`
	Healthy       types.Bool              `tfsdk:"healthy"`
	Verdict       types.String            `tfsdk:"verdict"`
	Summary       types.String            `tfsdk:"summary"`
	Findings      []diagnosisFindingModel `tfsdk:"findings"`
	Subjects      []subjectModel          `tfsdk:"subjects"`
	Timeouts      timeouts.Value          `tfsdk:"timeouts"`
}

type diagnosisFindingModel struct {
	findingModel
	About       types.String   `tfsdk:"about"`
	Root        types.Bool     `tfsdk:"root"`
	BlockedBy   []types.String `tfsdk:"blocked_by"`
	Waiting     types.Bool     `tfsdk:"waiting"`
	Fingerprint types.String   `tfsdk:"fingerprint"`
	Runbook     types.String   `tfsdk:"runbook"`
}

type subjectModel struct {
	Name    types.String            `tfsdk:"name"`
	Type    types.String            `tfsdk:"type"`
	Verdict types.String            `tfsdk:"verdict"`
	Summary types.String            `tfsdk:"summary"`
	Checks  map[string]types.String `tfsdk:"checks"`
}

func (d *diagnose) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_diagnosis"
}

func (d *diagnose) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	names := func(means string, is validator.String) schema.SetAttribute {
		return schema.SetAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: means,
			Validators: []validator.Set{setvalidator.ValueStringsAre(is)}}
	}
	finding := findingsAttribute().NestedObject.Attributes
	for name, a := range computedStrings(map[string]string{
		"about":       "The subject that it counts for.",
		"fingerprint": "The same for the same problem of the same subject, whatever its message says.",
		"runbook":     "The runbook that corrects it, for `asm_run_runbook`; null where only a person can.",
	}) {
		finding[name] = a
	}
	finding["root"] = schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether nothing else explains it."}
	finding["waiting"] = schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether its cause is corrected and the mesh has yet to " +
		"notice."}
	finding["blocked_by"] = schema.ListAttribute{Computed: true, ElementType: types.StringType,
		MarkdownDescription: "Fingerprints of the root causes that bring it about."}
	subject := computedStrings(map[string]string{
		"name": "Full resource name.", "type": "`fleet`, `project`, `membership`, or `cluster` for one in no fleet.",
		"verdict": verdictDescription, "summary": "The verdict and what led to it, in one line.",
	})
	subject["checks"] = schema.MapAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "What was looked at: `met`, " +
		"`unmet`, `blocked` by something else, or `unknown`."}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The whole diagnosis of fleets, memberships or clusters: from what Google's APIs and the clusters themselves tell " +
			"to the root causes, with their consequences under them. `terraform-provider-asm diagnose` shows the same on the command line.\n\n" +
			"Bad health is data, not an error. What may not be read is `unknown`, and nothing else is. It costs two requests a fleet, three a " +
			"project and seven a cluster; who changed something is shown by the drift of resources and by the command line, not here.",
		Attributes: map[string]schema.Attribute{
			"fleet_projects": names("IDs or numbers of fleet host projects: all of their memberships. Default, where nothing is named: the "+
				"provider's `fleet_project`, else its `project`.", isProject),
			"memberships": names("Memberships: `projects/PROJECT/locations/LOCATION/memberships/MEMBERSHIP`.", isMembership),
			"clusters": names("Clusters: `projects/PROJECT/locations/LOCATION/clusters/CLUSTER`; each is found in the fleet that it is "+
				"registered in.", isCluster),
			"host_projects": names("Shared VPC host projects, which need the service agent's role, too.", isProject),
			"search_logs": schema.BoolAttribute{Optional: true, MarkdownDescription: "Also search the logs of the last day for the mesh's own " +
				"complaints, where something is wrong. Default: `false`."},
			"healthy": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the verdict is `healthy`."},
			"verdict": schema.StringAttribute{Computed: true, MarkdownDescription: "The worst of all subjects: " + verdictDescription},
			"summary": schema.StringAttribute{Computed: true, MarkdownDescription: "The verdict with its counts in one line, for a " +
				"`check`'s error message."},
			"findings": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "What is wrong, in a stable order: root causes first, gravest first.",
				NestedObject: schema.NestedAttributeObject{Attributes: finding},
			},
			"subjects": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "What was looked at: fleets, projects, memberships, each sorted by name.",
				NestedObject: schema.NestedAttributeObject{Attributes: subject},
			},
		},
		Blocks: map[string]schema.Block{"timeouts": timeouts.Block(ctx)},
	}
}

func (d *diagnose) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m diagnosisModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	timeout, problems := m.Timeouts.Read(ctx, 10*time.Minute)
	resp.Diagnostics.Append(problems...)
	options, ok := d.options(ctx, m, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	m.Findings, m.Subjects = []diagnosisFindingModel{}, []subjectModel{}
	if !ok {
		f := catalogue.NewFinding(catalogue.NotConfigured, "", "the provider's configuration is not known yet")
		m.Healthy, m.Verdict, m.Summary = types.BoolValue(false), types.StringValue(string(mesh.Unknown)), types.StringValue(string(mesh.Unknown)+
			": "+f.Message)
		m.Findings = append(m.Findings, newDiagnosisFinding(diagnosis.Finding{Finding: f}))
		resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	report, err := diagnosis.Run(ctx, diagnosis.Reader{Client: d.data.Client, Clusters: d.data.Clusters}, options)
	if err != nil {
		addError(&resp.Diagnostics, "Cannot diagnose", err)
		return
	}
	m.take(report)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

// options are what the configuration names. ok is false while the provider's configuration is not known.
func (d *diagnose) options(ctx context.Context, m diagnosisModel, diags *diag.Diagnostics) (o diagnosis.Options, ok bool) {
	diags.Append(m.FleetProjects.ElementsAs(ctx, &o.FleetProjects, false)...)
	diags.Append(m.HostProjects.ElementsAs(ctx, &o.HostProjects, false)...)
	var memberships, clusters []string
	diags.Append(m.Memberships.ElementsAs(ctx, &memberships, false)...)
	diags.Append(m.Clusters.ElementsAs(ctx, &clusters, false)...)
	for _, name := range memberships {
		parsed, err := mesh.ParseMembership(name)
		if err != nil {
			diags.AddAttributeError(path.Root("memberships"), "Invalid membership", sentence(err.Error()))
		}
		o.Memberships = append(o.Memberships, parsed)
	}
	for _, name := range clusters {
		parsed, err := mesh.ParseCluster(name)
		if err != nil {
			diags.AddAttributeError(path.Root("clusters"), "Invalid cluster", sentence(err.Error()))
		}
		o.Clusters = append(o.Clusters, parsed)
	}
	if m.Logs.ValueBool() {
		o.Since = 24 * time.Hour
	}
	if d.data == nil || d.data.Client == nil {
		return o, false
	}
	if len(o.FleetProjects)+len(o.Memberships)+len(o.Clusters) > 0 {
		return o, true
	}
	fallback := d.data.FleetProject
	if fallback.IsNull() {
		fallback = d.data.Project
	}
	switch {
	case fallback.IsUnknown():
		return o, false
	case fallback.IsNull():
		diags.AddError("Nothing to diagnose", "Set fleet_projects, memberships or clusters here, or fleet_project or project on the provider.")
	}
	o.FleetProjects = []string{fallback.ValueString()}
	return o, true
}

func (m *diagnosisModel) take(r *diagnosis.Report) {
	m.Healthy = types.BoolValue(r.Verdict == mesh.Healthy)
	m.Verdict, m.Summary = types.StringValue(string(r.Verdict)), types.StringValue(r.Summary)
	for _, f := range r.Findings {
		m.Findings = append(m.Findings, newDiagnosisFinding(f))
	}
	for _, s := range r.Subjects {
		checks := map[string]types.String{}
		for _, c := range s.Checks {
			checks[string(c.Kind)] = types.StringValue(string(c.Status))
		}
		m.Subjects = append(m.Subjects,
			subjectModel{types.StringValue(s.Name), types.StringValue(s.Type), types.StringValue(string(s.Verdict)), types.StringValue(s.Summary),
				checks})
	}
}

func newDiagnosisFinding(f diagnosis.Finding) diagnosisFindingModel {
	return diagnosisFindingModel{
		findingModel: findingModels([]catalogue.Finding{f.Finding})[0],
		About:        orNull(f.About), Root: types.BoolValue(f.Root()), BlockedBy: stringValues(f.BlockedBy),
		Waiting: types.BoolValue(f.Waiting), Fingerprint: orNull(f.Fingerprint), Runbook: orNull(catalogue.RunbookOf(f.Finding)),
	}
}
