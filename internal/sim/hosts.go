package sim

// The hosts of the simulated APIs.
const (
	hostCRM            = "cloudresourcemanager.googleapis.com"
	hostServiceUsage   = "serviceusage.googleapis.com"
	hostContainer      = "container.googleapis.com"
	hostHub            = "gkehub.googleapis.com"
	hostLogging        = "logging.googleapis.com"
	hostIAMCredentials = "iamcredentials.googleapis.com"
	hostOAuth          = "oauth2.googleapis.com"
	hostGateway        = "connectgateway.googleapis.com"
)
