package gcp

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// Endpoints are the base addresses of the APIs, without a version and without a
// trailing slash. An empty one is Google's own.
type Endpoints struct {
	ResourceManager string
	ServiceUsage    string
	Container       string
	GKEHub          string
	Logging         string
	IAMCredentials  string
	ConnectGateway  string // stays empty where it is Google's own, which differs by region
}

var versionSuffix = regexp.MustCompile(`/v[0-9]+(?:(?:alpha|beta)[0-9]*)?$`)

// ParseEndpoint checks a custom endpoint and brings it to the form of Endpoints. A version at the end is dropped,
// because the google provider's endpoints carry one and theirs are meant to be copied.
func ParseEndpoint(endpoint string) (string, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return "", fmt.Errorf("%q is not the address of an API; it reads https://HOST/ or https://HOST/VERSION/", endpoint)
	}
	if u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", fmt.Errorf("%q: an API's address has neither user, query nor fragment", endpoint)
	}
	return versionSuffix.ReplaceAllString(strings.TrimRight(endpoint, "/"), ""), nil
}

// EndpointsBelow returns the endpoints where one server has all APIs below its address, each by the name of its host, as
// the simulator has: BASE/container.googleapis.com. Connect Gateway's is that of us-central1.
func EndpointsBelow(base string) Endpoints {
	at := func(api string) string { return strings.TrimRight(base, "/") + "/" + api + ".googleapis.com" }
	return Endpoints{
		ResourceManager: at("cloudresourcemanager"), ServiceUsage: at("serviceusage"), Container: at("container"),
		GKEHub: at("gkehub"), Logging: at("logging"), IAMCredentials: at("iamcredentials"),
		ConnectGateway: at("us-central1-connectgateway"),
	}
}

func (e Endpoints) complete(universe string) (Endpoints, error) {
	universe = cmp.Or(universe, "googleapis.com")
	for _, each := range []struct {
		endpoint *string
		api      string
	}{
		{&e.ResourceManager, "cloudresourcemanager"},
		{&e.ServiceUsage, "serviceusage"},
		{&e.Container, "container"},
		{&e.GKEHub, "gkehub"},
		{&e.Logging, "logging"},
		{&e.IAMCredentials, "iamcredentials"},
	} {
		parsed, err := ParseEndpoint(cmp.Or(*each.endpoint, "https://"+each.api+"."+universe))
		if err != nil {
			return e, err
		}
		*each.endpoint = parsed
	}
	if e.ConnectGateway != "" {
		var err error
		if e.ConnectGateway, err = ParseEndpoint(e.ConnectGateway); err != nil {
			return e, err
		}
	}
	return e, nil
}
