package kube

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// runMesh is the managed control plane's view of the cluster. It does nothing when it cannot reach the cluster: what is
// there stays as it is, and gets older (inferred).
func (c *Cluster) runMesh() {
	if !c.env.Reachable || c.resource(resRevisions) == nil {
		return
	}
	switch {
	case c.env.Removed:
		c.removeMesh()
	case c.env.Managed && len(c.list(resRevisions, "")) == 0 && c.get(resNamespaces, "", meshNamespace) != nil:
		r := c.seed.revision(Revision)
		child(r, "metadata")["creationTimestamp"] = stamp(c.env.ManagedSince)
		c.create(resRevisions, r)
	case c.env.Managed && c.get(resNamespaces, "", meshNamespace) == nil:
		c.create(resNamespaces, newNamespace(meshNamespace))
	}
	for _, r := range c.list(resRevisions, "") {
		c.runRevision(r)
	}
}

// removeMesh takes the mesh's own objects away; proxies stay in their pods.
func (c *Cluster) removeMesh() {
	for _, r := range c.list(resRevisions, "") {
		n := name(r)
		c.remove(resRevisions, namespace(r), n)
		c.remove(resMutating, "", injectorName(n))
		c.remove(resConfigMaps, meshNamespace, "env-"+n)
		c.remove(resConfigMaps, meshNamespace, "istio-"+n)
		c.remove(resDataPlane, "", n)
	}
	if w := c.get(resMutating, "", defaultTagName); w != nil && ownedByMesh(w) {
		c.remove(resMutating, "", defaultTagName)
	}
	if w := c.get(resValidating, "", validatorName); w != nil && ownedByMesh(w) {
		c.remove(resValidating, "", validatorName)
	}
}

func ownedByMesh(o Object) bool { return labelsOf(o)["istio.io/owned-by"] == "mesh.googleapis.com" }

// runRevision provisions a ControlPlaneRevision, or says why not.
func (c *Cluster) runRevision(r Object) {
	want := c.judge(r)
	if want == nil {
		c.install(name(r))
		want = c.progress(r)
	}
	if setConditions(r, want, c.now) {
		c.put(resRevisions, r)
	}
}

// progress is the state of a revision that nothing keeps from being ready.
// One that was ready, or that was stopped, needs no new start.
func (c *Cluster) progress(r Object) []condition {
	had := len(items(r, "status", "conditions")) > 0 && conditionStatus(r, condFinished) == "True"
	at := parseStamp(text(r, "metadata", "creationTimestamp")).Add(c.env.Provision)
	if !had && c.now.Before(at) {
		c.wake(at)
		return []condition{ // inferred
			{condReconciled, "False", "Provisioning", "The provisioning process is in progress"},
			{condFinished, "False", "Provisioning", "Provisioning has not finished"},
			{condStalled, "False", "NotStalled", "Provisioning has not stalled"},
		}
	}
	return readyConditions()
}

func conditionStatus(o Object, kind string) string {
	for _, c := range items(o, "status", "conditions") {
		if text(c, "type") == kind {
			return text(c, "status")
		}
	}
	return ""
}

func stopped(reason, format string, args ...any) []condition {
	message := fmt.Sprintf(format, args...)
	return []condition{
		{condReconciled, "False", reason, message}, // reason and message inferred
		{condFinished, "True", "ProvisioningFinished", "Provisioning has finished"},
		{condStalled, "True", reason, message},
	}
}

const (
	preconditionFailed = "PreconditionFailed"
	provisioningFailed = "ProvisioningFailed"
)

// judge finds what stops a revision: the thirteen codes of Google's page, in
// its order. nil: nothing does. The English of the project row is inferred.
func (c *Cluster) judge(r Object) []condition {
	n, channel := name(r), text(r, "spec", "channel")
	expected, known := channels[n]
	switch {
	case !c.env.GKE:
		return stopped(preconditionFailed, "Only GKE memberships are supported but %s is not a GKE cluster.", c.seed.Name)
	case !known:
		return stopped(preconditionFailed, "Unsupported ControlPlaneRevision name: %s", n)
	case namespace(r) != meshNamespace:
		return stopped(preconditionFailed, "Unsupported ControlPlaneRevision namespace: %s", namespace(r))
	case strings.TrimSpace(channel) == "":
		return stopped(preconditionFailed, "Channel must not be omitted or blank")
	case channel != expected:
		return stopped(preconditionFailed, "Unsupported channel %s for ControlPlaneRevision with name %s. Expected %s", channel, n, expected)
	case text(r, "spec", "type") != "managed_service":
		return stopped(preconditionFailed, "Unsupported control plane revision type: %s", text(r, "spec", "type"))
	case tooOld(c.env.Version):
		return stopped(preconditionFailed, "Unsupported Kubernetes version: %s", c.env.Version)
	case c.env.Pool == "":
		return stopped(preconditionFailed, "Workload identity is not enabled")
	case c.env.Pool != c.env.ExpectedPool:
		return stopped(preconditionFailed, "Unsupported workload pool: %s", c.env.Pool)
	case c.otherFleet():
		return stopped(preconditionFailed, "Cluster project and environ project do not match")
	}
	return c.judgeResources(n)
}

// tooOld says whether a version is before 1.15.
func tooOld(version string) bool {
	part := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(part) < 2 {
		return false
	}
	major, err := strconv.Atoi(part[0])
	minor, err2 := strconv.Atoi(part[1])
	return err == nil && err2 == nil && (major < 1 || major == 1 && minor < 15)
}

// otherFleet says whether the cluster believes to be of another fleet than the one that its membership is in: the
// project of its Membership's owner, which is written as projects/P or as the full name.
func (c *Cluster) otherFleet() bool {
	m := c.get(resMembership, "", "membership")
	_, rest, ok := strings.Cut(text(m, "spec", "owner", "id"), "projects/")
	if m == nil || !ok {
		return false
	}
	project, _, _ := strings.Cut(rest, "/")
	return project != c.env.FleetProject
}

// judgeResources finds what keeps the mesh from writing its objects, or which of them it found and does not overwrite.
func (c *Cluster) judgeResources(revision string) []condition {
	if c.blocked() {
		return stopped(provisioningFailed, "An error occurred updating cluster resources")
	}
	env := c.get(resConfigMaps, meshNamespace, "env-"+revision)
	if env == nil {
		env = c.seed.envConfigMap(revision)
	}
	for _, w := range []struct {
		id, kind, name, shown, want string
		shared                      []string // other addresses that are as good
	}{
		{
			resMutating, "MutatingWebhookConfiguration", injectorName(revision), quote(injectorName(revision)),
			expectedInjectURL(c.seed.ProjectID, env), nil,
		},
		{resValidating, "ValidatingWebhookConfiguration", validatorName, validatorName, expectedValidateURL(env), c.validateURLs()},
	} {
		for _, hook := range items(c.get(w.id, "", w.name), "webhooks") {
			if url := text(hook, "clientConfig", "url"); url != "" && url != w.want && !slices.Contains(w.shared, url) {
				return stopped(provisioningFailed, "%s %s contains a webhook with URL of %s but expected %s", w.kind, w.shown, url, w.want)
			}
		}
	}
	return nil
}

// validateURLs are the addresses of all revisions' validation: the one validating webhook is that of the first revision,
// and serves a second channel beside it, too (inferred).
func (c *Cluster) validateURLs() (urls []string) {
	for _, r := range c.list(resRevisions, "") {
		if env := c.get(resConfigMaps, meshNamespace, "env-"+name(r)); env != nil {
			urls = append(urls, expectedValidateURL(env))
		}
	}
	return urls
}

// blocked says whether an admission webhook refuses the mesh's writes: one that must answer for webhook configurations
// or definitions and whose service has no endpoints.
func (c *Cluster) blocked() bool {
	for _, config := range c.list(resValidating, "") {
		for _, hook := range items(config, "webhooks") {
			service := dig(hook, "clientConfig", "service")
			if service == nil || text(hook, "failurePolicy") == "Ignore" ||
				!hooksResources(hook, "mutatingwebhookconfigurations", "customresourcedefinitions") {
				continue
			}
			if c.get(resServices, text(service, "namespace"), text(service, "name")) == nil {
				return true
			}
		}
	}
	return false
}

func hooksResources(hook any, names ...string) bool {
	return slices.ContainsFunc(items(hook, "rules"), func(r any) bool {
		return slices.ContainsFunc(items(r, "resources"), func(v any) bool { return v == "*" || slices.Contains(names, sprint(v)) })
	})
}

// install makes what a revision consists of, as far as it is missing.
func (c *Cluster) install(revision string) {
	env := c.get(resConfigMaps, meshNamespace, "env-"+revision)
	if env == nil {
		env = c.seed.envConfigMap(revision)
		c.create(resConfigMaps, env)
		c.create(resConfigMaps, c.seed.meshConfigMap(revision))
	}
	if c.get(resMutating, "", injectorName(revision)) == nil {
		c.create(resMutating, c.seed.injector(revision, expectedInjectURL(c.seed.ProjectID, env)))
	}
	if c.get(resMutating, "", defaultTagName) == nil && !c.hasDefaultInjector() {
		c.create(resMutating, c.seed.defaultTag(revision, expectedInjectURL(c.seed.ProjectID, env)))
	}
	if c.get(resValidating, "", validatorName) == nil {
		c.create(resValidating, c.seed.validator(revision, expectedValidateURL(env)))
	}
}

// hasDefaultInjector reports whether a webhook takes namespaces with istio-injection=enabled. While an in-cluster istiod
// does, the mesh does not install the default tag beside it (inferred).
func (c *Cluster) hasDefaultInjector() bool {
	labelled := Object{"metadata": Object{"labels": anyMap(injectionLabel, "enabled")}}
	for _, config := range c.list(resMutating, "") {
		if labelsOf(config)["app"] != "sidecar-injector" {
			continue // it changes pods for another program
		}
		for _, hook := range items(config, "webhooks") {
			if hooksPods(hook) && selectedBy(hook, "namespaceSelector", labelled) {
				return true
			}
		}
	}
	return false
}
