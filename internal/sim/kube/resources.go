package kube

import (
	"slices"
	"strings"
	"sync"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
)

// A resource is one kind of object and how it is served.
type resource struct {
	group      string
	versions   []string // the first is the one that is stored
	plural     string
	singular   string
	kind       string
	namespaced bool
	short      []string
	categories []string
	// status says that there is a status subresource.
	status bool
	// scale says that there is a scale subresource.
	scale bool
	// custom resources come from a CustomResourceDefinition.
	custom *customInfo
	// typed is an object of the type in k8s.io/api; nil where there is none.
	typed any
}

// customInfo is what a CustomResourceDefinition adds.
type customInfo struct {
	columns map[string][]any // additionalPrinterColumns by version
	schemas map[string]any   // openAPIV3Schema by version
}

// id is the resource's name in the store: "pods", "deployments.apps".
func (r *resource) id() string {
	if r.group == "" {
		return r.plural
	}
	return r.plural + "." + r.group
}

// groupVersion is the apiVersion of the resource in a version.
func (r *resource) groupVersion(version string) string {
	if r.group == "" {
		return version
	}
	return r.group + "/" + version
}

const (
	groupApps      = "apps"
	groupBatch     = "batch"
	groupPolicy    = "policy"
	groupAdmission = "admissionregistration.k8s.io"
	groupCRD       = "apiextensions.k8s.io"
	groupAuth      = "authentication.k8s.io"
	groupAuthz     = "authorization.k8s.io"
	groupLease     = "coordination.k8s.io"
	groupMesh      = "mesh.cloud.google.com"
	groupHub       = "hub.gke.io"
	groupMeta      = "meta.k8s.io"
)

// The store names of the resources that controllers work on.
const (
	resNamespaces  = "namespaces"
	resPods        = "pods"
	resConfigMaps  = "configmaps"
	resSecrets     = "secrets"
	resAccounts    = "serviceaccounts"
	resEvents      = "events"
	resServices    = "services"
	resDeployments = "deployments.apps"
	resReplicaSets = "replicasets.apps"
	resStateful    = "statefulsets.apps"
	resDaemonSets  = "daemonsets.apps"
	resJobs        = "jobs.batch"
	resBudgets     = "poddisruptionbudgets.policy"
	resMutating    = "mutatingwebhookconfigurations." + groupAdmission
	resValidating  = "validatingwebhookconfigurations." + groupAdmission
	resCRDs        = "customresourcedefinitions." + groupCRD
	resRevisions   = "controlplanerevisions." + groupMesh
	resDataPlane   = "dataplanecontrols." + groupMesh
	resMembership  = "memberships." + groupHub
)

// builtins are the resources that every cluster serves.
var builtins = []*resource{
	{
		versions: v1, plural: "configmaps", singular: "configmap", kind: "ConfigMap",
		namespaced: true, short: []string{"cm"}, typed: corev1.ConfigMap{},
	},
	{
		versions: v1, plural: "events", singular: "event", kind: "Event",
		namespaced: true, short: []string{"ev"}, typed: corev1.Event{},
	},
	{
		versions: v1, plural: "namespaces", singular: "namespace", kind: "Namespace",
		short: []string{"ns"}, status: true, typed: corev1.Namespace{},
	},
	{
		versions: v1, plural: "pods", singular: "pod", kind: "Pod",
		namespaced: true, short: []string{"po"}, categories: all, status: true, typed: corev1.Pod{},
	},
	{
		versions: v1, plural: "secrets", singular: "secret", kind: "Secret",
		namespaced: true, typed: corev1.Secret{},
	},
	{
		versions: v1, plural: "serviceaccounts", singular: "serviceaccount", kind: "ServiceAccount",
		namespaced: true, short: []string{"sa"}, typed: corev1.ServiceAccount{},
	},
	{
		versions: v1, plural: "services", singular: "service", kind: "Service",
		namespaced: true, short: []string{"svc"}, categories: all, status: true, typed: corev1.Service{},
	},
	{
		group: groupAdmission, versions: v1, plural: "mutatingwebhookconfigurations",
		singular: "mutatingwebhookconfiguration", kind: "MutatingWebhookConfiguration",
		categories: []string{"api-extensions"}, typed: admissionv1.MutatingWebhookConfiguration{},
	},
	{
		group: groupAdmission, versions: v1, plural: "validatingwebhookconfigurations",
		singular: "validatingwebhookconfiguration", kind: "ValidatingWebhookConfiguration",
		categories: []string{"api-extensions"}, typed: admissionv1.ValidatingWebhookConfiguration{},
	},
	{
		group: groupCRD, versions: v1, plural: "customresourcedefinitions",
		singular: "customresourcedefinition", kind: "CustomResourceDefinition",
		short: []string{"crd", "crds"}, categories: []string{"api-extensions"}, status: true,
	},
	{
		group: groupApps, versions: v1, plural: "daemonsets", singular: "daemonset", kind: "DaemonSet",
		namespaced: true, short: []string{"ds"}, categories: all, status: true, typed: appsv1.DaemonSet{},
	},
	{
		group: groupApps, versions: v1, plural: "deployments", singular: "deployment", kind: "Deployment",
		namespaced: true, short: []string{"deploy"}, categories: all, status: true, scale: true, typed: appsv1.Deployment{},
	},
	{
		group: groupApps, versions: v1, plural: "replicasets", singular: "replicaset", kind: "ReplicaSet",
		namespaced: true, short: []string{"rs"}, categories: all, status: true, scale: true, typed: appsv1.ReplicaSet{},
	},
	{
		group: groupApps, versions: v1, plural: "statefulsets", singular: "statefulset", kind: "StatefulSet",
		namespaced: true, short: []string{"sts"}, categories: all, status: true, scale: true, typed: appsv1.StatefulSet{},
	},
	{
		group: groupBatch, versions: v1, plural: "jobs", singular: "job", kind: "Job",
		namespaced: true, categories: all, status: true, typed: batchv1.Job{},
	},
	{
		group: groupLease, versions: v1, plural: "leases", singular: "lease", kind: "Lease",
		namespaced: true, typed: coordinationv1.Lease{},
	},
	{
		group: groupPolicy, versions: v1, plural: "poddisruptionbudgets", singular: "poddisruptionbudget", kind: "PodDisruptionBudget",
		namespaced: true, short: []string{"pdb"}, status: true, typed: policyv1.PodDisruptionBudget{},
	},
}

var (
	v1  = []string{"v1"}
	all = []string{"all"}
)

var builtinByID = func() map[string]*resource {
	out := map[string]*resource{}
	for _, r := range builtins {
		out[r.id()] = r
	}
	return out
}()

// resource finds a resource by its name in the store; nil if the cluster does not serve it.
func (c *Cluster) resource(id string) *resource {
	if r := builtinByID[id]; r != nil {
		return r
	}
	if _, changed := c.objects[key(resCRDs, "", id)]; !changed {
		return seedResources()[id]
	}
	if crd := c.get(resCRDs, "", id); crd != nil {
		return customResource(crd)
	}
	return nil
}

// seedResources are the custom resources of a cluster in which nobody changed their definitions.
var seedResources = sync.OnceValue(func() map[string]*resource {
	out := map[string]*resource{}
	for _, crd := range definitions() {
		out[name(crd)] = customResource(crd)
	}
	return out
})

// resources lists everything that the cluster serves.
func (c *Cluster) resources() []*resource {
	out := slices.Clone(builtins)
	for _, crd := range c.list(resCRDs, "") {
		out = append(out, customResource(crd))
	}
	return out
}

// customResource reads a CustomResourceDefinition.
func customResource(crd Object) *resource {
	r := &resource{
		group:      text(crd, "spec", "group"),
		plural:     text(crd, "spec", "names", "plural"),
		singular:   text(crd, "spec", "names", "singular"),
		kind:       text(crd, "spec", "names", "kind"),
		namespaced: text(crd, "spec", "scope") == "Namespaced",
		custom:     &customInfo{columns: map[string][]any{}, schemas: map[string]any{}},
	}
	if r.singular == "" {
		r.singular = strings.ToLower(r.kind)
	}
	for _, s := range items(crd, "spec", "names", "shortNames") {
		r.short = append(r.short, sprint(s))
	}
	for _, s := range items(crd, "spec", "names", "categories") {
		r.categories = append(r.categories, sprint(s))
	}
	for _, v := range items(crd, "spec", "versions") {
		version := text(v, "name")
		if dig(v, "served") == true {
			if dig(v, "storage") == true {
				r.versions = append([]string{version}, r.versions...)
			} else {
				r.versions = append(r.versions, version)
			}
		}
		if dig(v, "subresources", "status") != nil {
			r.status = true
		}
		r.custom.columns[version] = items(v, "additionalPrinterColumns")
		r.custom.schemas[version] = dig(v, "schema", "openAPIV3Schema")
	}
	return r
}

// priority sorts versions as discovery prefers them: v1, v1beta1, v1alpha1.
func priority(versions []string) []string {
	out := slices.Clone(versions)
	rank := func(v string) int {
		switch {
		case strings.Contains(v, "alpha"):
			return 2
		case strings.Contains(v, "beta"):
			return 1
		}
		return 0
	}
	slices.SortStableFunc(out, func(a, b string) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(b, a)
	})
	return out
}
