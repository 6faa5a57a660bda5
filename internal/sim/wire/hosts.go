package wire

// The hosts of the simulated APIs.
const (
	HostCRM            = "cloudresourcemanager.googleapis.com"
	HostServiceUsage   = "serviceusage.googleapis.com"
	HostContainer      = "container.googleapis.com"
	HostHub            = "gkehub.googleapis.com"
	HostLogging        = "logging.googleapis.com"
	HostIAMCredentials = "iamcredentials.googleapis.com"
	HostOAuth          = "oauth2.googleapis.com"
	HostGateway        = "connectgateway.googleapis.com"
)
