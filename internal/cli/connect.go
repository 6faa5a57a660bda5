package cli

import (
	"context"

	"github.com/spf13/pflag"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// connection is the identity for requests to Google Cloud and the clusters. The rest
// comes from the environment, by the google provider's names.
type connection struct {
	impersonate    string
	billingProject string
	reason         string
}

func (c *connection) flags(flags *pflag.FlagSet) {
	flags.StringVar(&c.impersonate, "impersonate-service-account", "", "act as this service account (GOOGLE_IMPERSONATE_SERVICE_ACCOUNT)")
	flags.StringVar(&c.billingProject, "billing-project", "",
		"project that pays for the requests (GOOGLE_BILLING_PROJECT with USER_PROJECT_OVERRIDE)")
	flags.StringVar(&c.reason, "request-reason", "", "reason for the audit logs (CLOUDSDK_CORE_REQUEST_REASON)")
}

// open makes the clients. It makes no request.
func (c *connection) open(ctx context.Context, version string) (diagnosis.Reader, error) {
	return c.openAt(ctx, version, wait.Real)
}

// openAt is open with the clock for the waits of the clients.
func (c *connection) openAt(ctx context.Context, version string, clock wait.Clock) (diagnosis.Reader, error) {
	config := gcp.Config{
		Clock:       clock,
		Impersonate: c.impersonate, BillingProject: c.billingProject, RequestReason: c.reason,
		UserAgent: "terraform-provider-asm/" + version, UserProjectOverride: c.billingProject != "",
	}.FromEnvironment()
	if !config.UserProjectOverride {
		override, err := gcp.OverrideFromEnvironment()
		if err != nil {
			return diagnosis.Reader{}, err
		}
		config.UserProjectOverride = override
	}
	client, err := gcp.New(ctx, config)
	if err != nil {
		return diagnosis.Reader{}, err
	}
	return diagnosis.Reader{Client: client, Clusters: prereq.NewClusters(client, cluster.Config{})}, nil
}

// again returns the flags that give another command the same identity.
func (c *connection) again() string {
	return flagsOf("--impersonate-service-account", c.impersonate, "--billing-project", c.billingProject)
}
