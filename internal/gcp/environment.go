package gcp

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
)

// FromEnvironment fills in what is not set by the environment variables of the google provider, in its order: what is
// given goes first, and of the environment a token goes before credentials.
func (c Config) FromEnvironment() Config {
	if c.AccessToken == "" && c.Credentials == "" {
		c.AccessToken = os.Getenv("GOOGLE_OAUTH_ACCESS_TOKEN")
	}
	if c.AccessToken == "" && c.Credentials == "" {
		for _, name := range []string{"GCLOUD_KEYFILE_JSON", "GOOGLE_CLOUD_KEYFILE_JSON", "GOOGLE_CREDENTIALS"} {
			if v := os.Getenv(name); v != "" { // the last one counts
				c.Credentials, c.variable = v, name
			}
		}
	}
	for variable, field := range map[string]*string{
		"GOOGLE_IMPERSONATE_SERVICE_ACCOUNT":         &c.Impersonate,
		"GOOGLE_BILLING_PROJECT":                     &c.BillingProject,
		"CLOUDSDK_CORE_REQUEST_REASON":               &c.RequestReason,
		"GOOGLE_UNIVERSE_DOMAIN":                     &c.UniverseDomain,
		"GOOGLE_RESOURCE_MANAGER_V3_CUSTOM_ENDPOINT": &c.Endpoints.ResourceManager,
		"GOOGLE_SERVICE_USAGE_CUSTOM_ENDPOINT":       &c.Endpoints.ServiceUsage,
		"GOOGLE_CONTAINER_CUSTOM_ENDPOINT":           &c.Endpoints.Container,
		"GOOGLE_GKE_HUB_CUSTOM_ENDPOINT":             &c.Endpoints.GKEHub,
		"GOOGLE_LOGGING_CUSTOM_ENDPOINT":             &c.Endpoints.Logging,
		"GOOGLE_IAM_CREDENTIALS_CUSTOM_ENDPOINT":     &c.Endpoints.IAMCredentials,
		"GOOGLE_CONNECT_GATEWAY_CUSTOM_ENDPOINT":     &c.Endpoints.ConnectGateway,
	} {
		*field = cmp.Or(*field, os.Getenv(variable))
	}
	return c
}

// ProjectVariables name the default project, in the order in which they count.
var ProjectVariables = []string{"GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"}

// FirstOf is the value of the first environment variable that is set, or "".
func FirstOf(variables ...string) string {
	for _, name := range variables {
		if v := os.Getenv(name); v != "" {
			return v
		}
	}
	return ""
}

// OverrideFromEnvironment is whether USER_PROJECT_OVERRIDE asks for a quota project; without the variable it does not.
func OverrideFromEnvironment() (bool, error) {
	v := os.Getenv("USER_PROJECT_OVERRIDE")
	if v == "" {
		return false, nil
	}
	override, err := strconv.ParseBool(v)
	if err != nil {
		return false, fmt.Errorf("USER_PROJECT_OVERRIDE is %q; it is true or false", v)
	}
	return override, nil
}
