package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

type findDefault = gcp.FindDefault

type providerModel struct {
	Project             types.String `tfsdk:"project"`
	FleetProject        types.String `tfsdk:"fleet_project"`
	Region              types.String `tfsdk:"region"`
	Zone                types.String `tfsdk:"zone"`
	Credentials         types.String `tfsdk:"credentials"`
	AccessToken         types.String `tfsdk:"access_token"`
	Impersonate         types.String `tfsdk:"impersonate_service_account"`
	Delegates           types.List   `tfsdk:"impersonate_service_account_delegates"`
	Scopes              types.List   `tfsdk:"scopes"`
	BillingProject      types.String `tfsdk:"billing_project"`
	UserProjectOverride types.Bool   `tfsdk:"user_project_override"`
	RequestReason       types.String `tfsdk:"request_reason"`
	RequestTimeout      types.String `tfsdk:"request_timeout"`
	UniverseDomain      types.String `tfsdk:"universe_domain"`
	ResourceManager     types.String `tfsdk:"resource_manager_v3_custom_endpoint"`
	ServiceUsage        types.String `tfsdk:"service_usage_custom_endpoint"`
	Container           types.String `tfsdk:"container_custom_endpoint"`
	GKEHub              types.String `tfsdk:"gke_hub_custom_endpoint"`
	Logging             types.String `tfsdk:"logging_custom_endpoint"`
	IAMCredentials      types.String `tfsdk:"iam_credentials_custom_endpoint"`
	ConnectGateway      types.String `tfsdk:"connect_gateway_custom_endpoint"`
}

// Data is what the provider hands to its resources and data sources.
type Data struct {
	// Client is nil while the provider's configuration is not fully known, as in
	// a plan in which another resource makes the credentials.
	Client       *gcp.Client
	Clusters     *prereq.Clusters // nil as Client is
	Project      types.String     // default project; unknown, null or a value
	FleetProject types.String     // default fleet host project, likewise

	version     string // of this program
	clock, pace wait.Clock
	// running holds one run on a target at a time: the store of runs would refuse a second one.
	running wait.KeyedLock
	// declarations keep instances of one subject from taking each other's away.
	declarations declarations
}

func (p *asmProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var m providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	data := &Data{
		Project:      m.Project,
		FleetProject: m.FleetProject,
		version:      p.version, clock: orReal(p.options.Clock), pace: orReal(p.options.Pace),
	}
	if env := gcp.FirstOf(gcp.ProjectVariables...); data.Project.IsNull() && env != "" {
		data.Project = types.StringValue(env)
	}
	if !m.Project.IsUnknown() && !data.Project.IsNull() {
		checkEnv(&resp.Diagnostics, "project", data.Project.ValueString())
	}
	resp.DataSourceData, resp.ResourceData = data, data
	resp.EphemeralResourceData, resp.ActionData, resp.ListResourceData = data, data, data
	if name := m.firstUnknown(); name != "" {
		tflog.Debug(ctx, "provider configuration is not known yet", map[string]any{"argument": name})
		if req.ClientCapabilities.DeferralAllowed {
			resp.Deferred = &provider.Deferred{Reason: provider.DeferredReasonProviderConfigUnknown}
		}
		return
	}
	config := p.clientConfig(ctx, m, req.TerraformVersion, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	client, err := gcp.New(ctx, config)
	if err != nil {
		refuse(&resp.Diagnostics, err)
		return
	}
	data.Client, data.Clusters = client, prereq.NewClusters(client, cluster.Config{})
}

func orReal(c wait.Clock) wait.Clock {
	if c == nil {
		return wait.Real
	}
	return c
}

// clientConfig joins the configuration and the environment, in the order of the google provider.
func (p *asmProvider) clientConfig(ctx context.Context, m providerModel, terraformVersion string, diags *diag.Diagnostics) gcp.Config {
	config := gcp.Config{
		AccessToken: m.AccessToken.ValueString(), Credentials: m.Credentials.ValueString(),
		Impersonate: m.Impersonate.ValueString(), BillingProject: m.BillingProject.ValueString(),
		RequestReason: m.RequestReason.ValueString(), UniverseDomain: m.UniverseDomain.ValueString(),
		UserAgent:   fmt.Sprintf("Terraform/%s (+https://www.terraform.io) terraform-provider-asm/%s", terraformVersion, p.version),
		Log:         func(ctx context.Context, message string, fields map[string]any) { tflog.Debug(ctx, message, fields) },
		FindDefault: p.options.FindDefault, Clock: p.options.Clock,
		Endpoints: gcp.Endpoints{
			ResourceManager: m.ResourceManager.ValueString(), ServiceUsage: m.ServiceUsage.ValueString(), Container: m.Container.ValueString(),
			GKEHub: m.GKEHub.ValueString(), Logging: m.Logging.ValueString(), IAMCredentials: m.IAMCredentials.ValueString(),
			ConnectGateway: m.ConnectGateway.ValueString(),
		},
	}.FromEnvironment()
	diags.Append(m.Delegates.ElementsAs(ctx, &config.Delegates, false)...)
	diags.Append(m.Scopes.ElementsAs(ctx, &config.Scopes, false)...)
	if d := m.RequestTimeout.ValueString(); d != "" {
		config.RequestTimeout, _ = time.ParseDuration(d) // checked by the schema
	}
	config.UserProjectOverride = m.UserProjectOverride.ValueBool()
	if m.UserProjectOverride.IsNull() {
		override, err := gcp.OverrideFromEnvironment()
		if err != nil {
			diags.AddAttributeError(path.Root("user_project_override"), "Invalid environment variable", sentence(err.Error()))
		}
		config.UserProjectOverride = override
	}
	if !m.BillingProject.IsNull() && !config.UserProjectOverride {
		diags.AddAttributeWarning(path.Root("billing_project"), "billing_project has no effect",
			"Requests are charged to billing_project only when user_project_override is true.")
	}
	return config
}

// refuse reports why no client could be made, at the argument that has to change.
func refuse(diags *diag.Diagnostics, err error) {
	var credentials *gcp.CredentialsError
	switch {
	case errors.Is(err, gcp.ErrNoCredentials):
		diags.AddAttributeError(path.Root("credentials"), "No Google Cloud credentials", sentence(err.Error())+
			" In the configuration, access_token and credentials do the same. Nothing was read or changed.")
	case errors.As(err, &credentials):
		diags.AddAttributeError(path.Root("credentials"), "Unusable credentials", sentence(credentials.Problem))
	default:
		diags.AddError("Invalid provider configuration", sentence(err.Error()))
	}
}

// checkEnv checks a value that may have come from the environment and so was not checked by the schema.
func checkEnv(diags *diag.Diagnostics, argument, project string) {
	if err := checkProject(project); err != nil {
		diags.AddAttributeError(path.Root(argument), "Invalid project", sentence(err.Error())+" It comes from the provider's project or from "+
			"the environment (GOOGLE_PROJECT and its like).")
	}
}

// firstUnknown names an argument whose value is not known yet and without which no request can be made, or "".
func (m providerModel) firstUnknown() string {
	for name, value := range map[string]attr.Value{
		"credentials": m.Credentials, "access_token": m.AccessToken,
		"impersonate_service_account": m.Impersonate, "impersonate_service_account_delegates": m.Delegates, "scopes": m.Scopes,
		"billing_project": m.BillingProject, "user_project_override": m.UserProjectOverride,
		"request_reason": m.RequestReason, "request_timeout": m.RequestTimeout, "universe_domain": m.UniverseDomain,
		"resource_manager_v3_custom_endpoint": m.ResourceManager, "service_usage_custom_endpoint": m.ServiceUsage,
		"container_custom_endpoint": m.Container, "gke_hub_custom_endpoint": m.GKEHub,
		"logging_custom_endpoint": m.Logging, "iam_credentials_custom_endpoint": m.IAMCredentials,
		"connect_gateway_custom_endpoint": m.ConnectGateway,
	} {
		if value.IsUnknown() {
			return name
		}
	}
	return ""
}
