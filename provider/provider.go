// Package provider is Terraform's view of managed mesh: one file for each resource, data source, action and function.
package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// Address is the provider's address in the Terraform Registry.
const Address = "registry.terraform.io/managed-mesh/asm"

type asmProvider struct {
	version string
	options Options
}

// Options let tests replace what the machine provides.
type Options struct {
	FindDefault findDefault // Application Default Credentials; nil is the standard search
	Clock       wait.Clock  // of every wait; nil is the machine's
	Pace        wait.Clock  // of what actions tell of their progress; likewise
}

var (
	_ provider.Provider              = (*asmProvider)(nil)
	_ provider.ProviderWithFunctions = (*asmProvider)(nil)
	_ provider.ProviderWithActions   = (*asmProvider)(nil)
)

// New returns the provider's constructor.
func New(version string, options Options) func() provider.Provider {
	return func() provider.Provider { return &asmProvider{version, options} }
}

func (p *asmProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName, resp.Version = "asm", p.version
}

func (p *asmProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	endpoint := func(api, variable string) schema.StringAttribute {
		return schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Address of the " + api + " API, instead of Google's own. A version at the end is ignored, so the google " +
				"provider's value fits. Environment: `" + variable + "`.",
			Validators: []validator.String{checked("endpoint", checkEndpoint)},
		}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Enforces and reports what managed Anthos Service Mesh (Cloud Service Mesh) on GKE needs. Arguments and " +
			"environment variables carry the google provider's names.",
		Attributes: map[string]schema.Attribute{
			"project": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Default project of resources and data sources. Environment: `GOOGLE_PROJECT`, `GOOGLE_CLOUD_PROJECT`, " +
					"`GCLOUD_PROJECT`, `CLOUDSDK_CORE_PROJECT`.",
				Validators: []validator.String{isProject},
			},
			"fleet_project": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Default fleet host project, where it is not the project itself.",
				Validators:          []validator.String{isProject},
			},
			"region": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Accepted so that a google provider block can be copied. Nothing here is regional by default.",
			},
			"zone": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Accepted so that a google provider block can be copied.",
			},
			"credentials": schema.StringAttribute{
				Optional: true, Sensitive: true,
				MarkdownDescription: "Contents of, or path to, a credentials JSON of any kind that Google issues. Environment: `GOOGLE_CREDENTIALS`, " +
					"`GOOGLE_CLOUD_KEYFILE_JSON`, `GCLOUD_KEYFILE_JSON`. Without it, and without `access_token`, Application Default Credentials are used.",
				Validators: []validator.String{stringvalidator.LengthAtLeast(1), stringvalidator.ConflictsWith(path.MatchRoot("access_token"))},
			},
			"access_token": schema.StringAttribute{
				Optional: true, Sensitive: true,
				MarkdownDescription: "OAuth 2.0 access token. It is used as it is and not renewed. Environment: `GOOGLE_OAUTH_ACCESS_TOKEN`.",
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"impersonate_service_account": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "E-mail address of a service account to act as. Environment: `GOOGLE_IMPERSONATE_SERVICE_ACCOUNT`.",
				Validators:          []validator.String{isServiceAccount},
			},
			"impersonate_service_account_delegates": schema.ListAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Service accounts through which `impersonate_service_account` is reached, in order.",
				Validators: []validator.List{
					listvalidator.ValueStringsAre(isServiceAccount),
					listvalidator.AlsoRequires(path.MatchRoot("impersonate_service_account")),
				},
			},
			"scopes": schema.ListAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "OAuth 2.0 scopes. Default: `https://www.googleapis.com/auth/cloud-platform`.",
			},
			"billing_project": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Project that requests are charged to when `user_project_override` is true. Environment: " +
					"`GOOGLE_BILLING_PROJECT`.",
				Validators: []validator.String{isProject},
			},
			"user_project_override": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Charge requests to `billing_project`, or to the project they are about, instead of the credentials' own. " +
					"Environment: `USER_PROJECT_OVERRIDE`.",
			},
			"request_reason": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Reason sent with every request; audit logs keep it. Environment: `CLOUDSDK_CORE_REQUEST_REASON`.",
				Validators:          []validator.String{isHeaderValue},
			},
			"request_timeout": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "How long one request may take, such as `30s`. Default: `120s`.",
				Validators:          []validator.String{isDuration},
			},
			"universe_domain": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Domain of the Google Cloud universe. Default: `googleapis.com`. Environment: `GOOGLE_UNIVERSE_DOMAIN`.",
				Validators:          []validator.String{isDomain},
			},
			"resource_manager_v3_custom_endpoint": endpoint("Cloud Resource Manager", "GOOGLE_RESOURCE_MANAGER_V3_CUSTOM_ENDPOINT"),
			"service_usage_custom_endpoint":       endpoint("Service Usage", "GOOGLE_SERVICE_USAGE_CUSTOM_ENDPOINT"),
			"container_custom_endpoint":           endpoint("Kubernetes Engine", "GOOGLE_CONTAINER_CUSTOM_ENDPOINT"),
			"gke_hub_custom_endpoint":             endpoint("GKE Hub", "GOOGLE_GKE_HUB_CUSTOM_ENDPOINT"),
			"logging_custom_endpoint":             endpoint("Cloud Logging", "GOOGLE_LOGGING_CUSTOM_ENDPOINT"),
			"iam_credentials_custom_endpoint":     endpoint("IAM Service Account Credentials", "GOOGLE_IAM_CREDENTIALS_CUSTOM_ENDPOINT"),
			"connect_gateway_custom_endpoint":     endpoint("Connect Gateway", "GOOGLE_CONNECT_GATEWAY_CUSTOM_ENDPOINT"),
		},
	}
}

func (p *asmProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{newServiceAgentBinding, newProjectServices, newWorkloadPool, newMembershipIdentity, newMeshManagement,
		newNamespaceInjection, newManagedDataPlane}
}

func (p *asmProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{newMeshHealth, newPrerequisites, newControlPlaneRevisions, newSidecarInjection, newProxies,
		newDiagnosis, newRunbooks}
}

func (p *asmProvider) Actions(context.Context) []func() action.Action {
	return []func() action.Action{newRunRunbook, newRestartWorkloads}
}

func (p *asmProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{newServiceAgentFunction, newWorkloadPoolFunction, newRevisionFunction, newParseMembershipFunction,
		newExplainFunction}
}
