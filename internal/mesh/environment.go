package mesh

import (
	"regexp"
	"strings"
)

// EnvironmentPrefix begins the name of the ConfigMap in istio-system that holds a revision's Environment.
const EnvironmentPrefix = "env-"

// Environment is the content of ConfigMap env-REVISION of a revision. That these keys make the webhooks' URLs is known
// from a fork of Google's own tool, so a difference is a finding with its evidence and nothing to correct unasked; for
// TRAFFIC_DIRECTOR the scheme may differ.
type Environment struct {
	Revision string
	Address  string // CLOUDRUN_ADDR
	Proxied  bool   // WEBHOOK_PROXY is "true"
	Tag      string // TAG: the version that proxies of the revision should run
}

// NewEnvironment reads the data of ConfigMap env-REVISION.
func NewEnvironment(configMap string, data map[string]string) Environment {
	return Environment{
		Revision: strings.TrimPrefix(configMap, EnvironmentPrefix),
		Address:  strings.TrimSpace(data["CLOUDRUN_ADDR"]),
		Proxied:  strings.EqualFold(strings.TrimSpace(data["WEBHOOK_PROXY"]), "true"),
		Tag:      strings.TrimSpace(data["TAG"]),
	}
}

// unknownProject stands for the project in a proxied URL: the ConfigMap does not name it.
const unknownProject = "PROJECT"

// InjectURL is the URL that a mutating webhook of the revision should call, or "" where the environment lacks it. In a
// proxied one, PROJECT stands for the project.
func (e Environment) InjectURL() string {
	switch {
	case e.Address == "":
		return ""
	case e.Proxied:
		return "https://meshconfig.googleapis.com/v1alpha1/projects/" + unknownProject + "/webhooks/inject/ISTIO_META_CLOUDRUN_ADDR/" + e.Address
	}
	return "https://" + e.Address + "/inject/ISTIO_META_CLOUDRUN_ADDR/" + e.Address
}

// URLOfProject is a webhook's URL with the project in the place that InjectURL leaves open.
func URLOfProject(url, project string) string {
	return strings.Replace(url, "/projects/"+unknownProject+"/webhooks/", "/projects/"+project+"/webhooks/", 1)
}

// ValidateURL is the URL that the validating webhook should call, or "".
func (e Environment) ValidateURL() string {
	if e.Address == "" {
		return ""
	}
	return "https://" + e.Address + "/validate"
}

var (
	projectInURL = regexp.MustCompile(`/projects/[^/]+/webhooks/`)
	defaultPort  = regexp.MustCompile(`:443(/|$)`)
)

// SameURL reports whether two URLs of webhooks mean the same. The project and
// the port 443, which Google writes in some and not in others, do not count.
func SameURL(a, b string) bool {
	fold := func(u string) string {
		u = projectInURL.ReplaceAllString(strings.TrimSpace(u), "/projects/"+unknownProject+"/webhooks/")
		return strings.TrimSuffix(defaultPort.ReplaceAllString(u, "$1"), "/")
	}
	return fold(a) == fold(b)
}
