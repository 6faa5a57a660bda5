package health

import (
	"fmt"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"slices"
)

// Webhooks are the webhook configurations of a cluster and what the managed revisions expect of them.
type Webhooks struct {
	Mutating, Validating []mesh.WebhookConfiguration
	Environments         []mesh.Environment
	Revisions            []string // names of the ControlPlaneRevisions
}

// The kinds of webhook configurations.
const (
	MutatingKind   = "MutatingWebhookConfiguration"
	ValidatingKind = "ValidatingWebhookConfiguration"
)

// ValidatingName is the managed control plane's validating configuration.
const ValidatingName = "istiod-istio-system-mcp"

// Judge compares the webhooks with the revisions that are there: one injector for each, calling the address of its
// environment, and nothing left over of an in-cluster control plane.
func (w Webhooks) Judge() Health {
	j := judge{subject: "mutatingwebhookconfigurations"}
	for _, revision := range w.Revisions {
		j.subject = "mutatingwebhookconfigurations/istiod-" + revision
		if !slices.ContainsFunc(w.Mutating, func(c mesh.WebhookConfiguration) bool {
			return c.Revision() == revision && c.Tag() == ""
		}) {
			j.add(catalogue.InjectorMissing, mesh.Degraded,
				"revision "+revision+" has no mutating webhook with label istio.io/rev="+revision+", so no pod is injected by it")
		}
	}
	for _, c := range w.Mutating {
		j.subject = "mutatingwebhookconfigurations/" + c.Name
		switch {
		case !c.Injects():
		case c.Plane() == mesh.PlaneInCluster && len(w.Revisions) > 0:
			j.add(catalogue.InjectorLeftover, mesh.Healthy, "webhook "+c.Name+" calls the in-cluster control plane "+c.Webhooks[0].Calls())
		default:
			j.url(MutatingKind, c, w.environment(c.Revision()).InjectURL())
		}
	}
	for _, c := range w.Validating {
		j.subject = "validatingwebhookconfigurations/" + c.Name
		if c.Name == ValidatingName {
			j.validating(c, w.Environments)
		}
	}
	return j.health()
}

func (w Webhooks) environment(revision string) mesh.Environment {
	for _, e := range w.Environments {
		if e.Revision == revision {
			return e
		}
	}
	return mesh.Environment{}
}

// url reports every address of c that is not the expected one, each once. Where
// none is expected, nothing can be compared.
func (j *judge) url(kind string, c mesh.WebhookConfiguration, expected string) {
	if expected == "" {
		return
	}
	seen := map[string]bool{}
	for _, w := range c.Webhooks {
		if w.URL == "" || mesh.SameURL(w.URL, expected) || seen[w.URL] {
			continue
		}
		seen[w.URL] = true
		owner := "asmcli or a person installed it, and Google does not correct it"
		if c.Owned() {
			owner = "Google maintains it"
		}
		j.add(catalogue.InjectorURL, mesh.Degraded,
			fmt.Sprintf("%s %s calls %s; its revision's environment expects %s; %s", kind, c.Name, w.URL, expected, owner))
	}
}

// validating accepts the address of any revision: the object is shared.
func (j *judge) validating(c mesh.WebhookConfiguration, environments []mesh.Environment) {
	expected := ""
	for _, e := range environments {
		if e.ValidateURL() == "" {
			continue
		}
		expected = e.ValidateURL()
		if slices.ContainsFunc(c.Webhooks, func(w mesh.Webhook) bool { return mesh.SameURL(w.URL, expected) }) {
			return
		}
	}
	j.url(ValidatingKind, c, expected)
}

// ExpectedURL is the address that the revisions' environments call for in a configuration of this kind, or "" where
// they lack it. The validating configuration is shared: any revision's is as good.
func (w Webhooks) ExpectedURL(kind string, c mesh.WebhookConfiguration) string {
	if kind == MutatingKind {
		if c.Plane() == mesh.PlaneInCluster {
			return ""
		}
		return w.environment(c.Revision()).InjectURL()
	}
	if c.Name != ValidatingName {
		return ""
	}
	expected := ""
	for _, e := range w.Environments {
		url := e.ValidateURL()
		if url == "" {
			continue
		}
		expected = url
		if slices.ContainsFunc(c.Webhooks, func(hook mesh.Webhook) bool { return mesh.SameURL(hook.URL, url) }) {
			return url
		}
	}
	return expected
}
