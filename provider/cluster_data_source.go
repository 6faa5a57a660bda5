package provider

import (
	"context"
	"maps"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

// clusterReader is what the data sources that look into a cluster share.
type clusterReader struct{ data *Data }

func (d *clusterReader) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.data = providerData(req.ProviderData, &resp.Diagnostics)
}

// clusterModel is the part of their models that is alike.
type clusterModel struct {
	clusterRef
	Healthy  types.Bool     `tfsdk:"healthy"`
	Verdict  types.String   `tfsdk:"verdict"`
	Summary  types.String   `tfsdk:"summary"`
	Findings []findingModel `tfsdk:"findings"`
	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

// clusterSchema adds to attributes what the data sources have in common.
func clusterSchema(ctx context.Context, means string, attributes map[string]schema.Attribute) schema.Schema {
	maps.Copy(attributes, map[string]schema.Attribute{
		"membership": schema.StringAttribute{Optional: true, MarkdownDescription: membershipMeans, Validators: membershipOrCluster()},
		"cluster":    schema.StringAttribute{Optional: true, MarkdownDescription: clusterMeans, Validators: []validator.String{isCluster}},
		"healthy":    schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the verdict is `healthy`."},
		"verdict":    schema.StringAttribute{Computed: true, MarkdownDescription: verdictDescription},
		"summary": schema.StringAttribute{Computed: true, MarkdownDescription: "The verdict and what led to it in one line, for a `check`'s " +
			"error message."},
		"findings": findingsAttribute(),
	})
	return schema.Schema{
		MarkdownDescription: means + "\n\nBad health is data, not an error: a plan goes on, and a `check` block or an output decides. A " +
			"cluster that cannot be reached or does not let the caller read is `unknown`, with the reason, within the timeout.",
		Attributes: attributes,
		Blocks:     map[string]schema.Block{"timeouts": timeouts.Block(ctx)},
	}
}

// look opens the cluster and reads it. Whatever fails becomes a finding; only an argument that cannot be is an error.
func (d *clusterReader) look(ctx context.Context, m *clusterModel, diags *diag.Diagnostics,
	read func(context.Context, *cluster.Cluster) (health.Health, error)) {
	timeout, problems := m.Timeouts.Read(ctx, time.Minute)
	diags.Append(problems...)
	target, err := m.target()
	if err != nil {
		diags.AddError("Invalid argument", sentence(err.Error()))
	}
	if diags.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	m.take(target.String(), d.health(ctx, target, read))
}

func (d *clusterReader) health(ctx context.Context, target cluster.Target,
	read func(context.Context, *cluster.Cluster) (health.Health, error)) health.Health {
	if d.data == nil || d.data.Clusters == nil {
		f := catalogue.NewFinding(catalogue.NotConfigured, target.String(), "the provider's configuration is not known yet")
		return health.Health{Verdict: mesh.Unknown, Summary: string(mesh.Unknown) + ": " + f.Message, Findings: []catalogue.Finding{f}}
	}
	opened, err := d.data.Clusters.Open(ctx, target)
	if err == nil {
		var health health.Health
		if health, err = read(ctx, opened); err == nil {
			return health
		}
	}
	return apierr.UnreadHealth(target.String(), err)
}

func (m *clusterModel) take(subject string, h health.Health) {
	m.Healthy = types.BoolValue(h.Verdict == mesh.Healthy)
	m.Verdict, m.Summary = types.StringValue(string(h.Verdict)), types.StringValue(h.Summary)
	m.Findings = findingModels(h.About(subject).Findings)
}
