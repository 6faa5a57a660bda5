package kube

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/labels"
)

// The mesh as it is installed. The tag of a fresh cluster's proxies, and the one that an upgrade brings.
const (
	Revision      = "asm-managed"
	Tag           = "1.23.6-asm.4"
	NextTag       = "1.23.6-asm.9"
	meshNamespace = "istio-system"
	demoNamespace = "shop"

	revLabel       = "istio.io/rev"
	injectionLabel = "istio-injection"
	upgradeLabel   = "dataplane-upgrade"
)

// object is one of those that the cluster begins with; nil if it is not among them.
func (s Seed) object(id, namespace, name string) Object {
	for _, o := range s.bare(id) {
		if text(o, "metadata", "name") == name && text(o, "metadata", "namespace") == namespace {
			s.complete(id, o)
			return o
		}
	}
	return nil
}

// seedLabels are the keys of labels that objects of a seed have, by resource.
var seedLabels = sync.OnceValue(func() map[string]map[string]bool {
	s := Seed{Mesh: true, Membership: "locations/l/memberships/m"}
	out := map[string]map[string]bool{}
	for _, r := range builtins {
		out[r.id()] = map[string]bool{}
		for _, o := range s.bare(r.id()) {
			for k := range labelsOf(o) {
				out[r.id()][k] = true
			}
		}
	}
	return out
})

// seedLacks says whether a selector selects no object of any seed, because it requires a label that none of them has.
func seedLacks(id string, where labels.Selector) bool {
	known, found := seedLabels()[id]
	if !found {
		return false
	}
	requirements, _ := where.Requirements()
	return slices.ContainsFunc(requirements, func(r labels.Requirement) bool {
		return !known[r.Key()] && !r.Matches(labels.Set{})
	})
}

// bare are the objects without what every stored object has.
func (s Seed) bare(id string) []Object {
	var out []Object
	switch id {
	case resNamespaces:
		out = s.namespaces()
	case resAccounts:
		for _, ns := range s.namespaceNames() {
			out = append(out, serviceAccount(ns, "default"))
		}
		if s.Mesh {
			out = append(out, serviceAccount("kube-system", "istio-cni"))
		}
	case resConfigMaps:
		for _, ns := range s.namespaceNames() {
			out = append(out, rootCA(ns))
		}
		if s.Mesh {
			out = append(out, s.envConfigMap(Revision), s.meshConfigMap(Revision))
		}
	case resServices:
		out = s.services()
	case resCRDs:
		out = definitions()
	case resMembership:
		if s.Membership != "" {
			out = append(out, s.membership())
		}
	case resRevisions, resMutating, resValidating, resDataPlane:
		if s.Mesh {
			out = append(out, s.meshObjects(id)...)
		}
	case resDeployments, resReplicaSets, resPods, resDaemonSets:
		out = s.workloads(id)
	}
	return out
}

// complete gives an object of the seed what every stored object has.
func (s Seed) complete(id string, o Object) {
	m := child(o, "metadata")
	if m["uid"] == nil {
		m["uid"] = s.uid(id, text(m, "namespace"), text(m, "name"))
	}
	m["resourceVersion"] = strconv.Itoa(firstVersion)
	if m["creationTimestamp"] == nil {
		m["creationTimestamp"] = stamp(s.Born)
	}
}

func (s Seed) uid(id, ns, name string) string { return uuid(s.path() + " " + key(id, ns, name)) }

func (s Seed) namespaceNames() []string {
	out := []string{"default", "kube-node-lease", "kube-public", "kube-system", demoNamespace}
	if s.Mesh {
		out = append(out, meshNamespace)
	}
	return out
}

func (s Seed) namespaces() []Object {
	var out []Object
	for _, n := range s.namespaceNames() {
		o := newNamespace(n)
		if n == demoNamespace && s.Mesh {
			if s.DefaultInjection {
				child(o, "metadata", "labels")[injectionLabel] = "enabled"
			} else {
				child(o, "metadata", "labels")[revLabel] = Revision
			}
		}
		out = append(out, o)
	}
	return out
}

func newNamespace(n string) Object {
	return Object{
		"apiVersion": "v1", "kind": "Namespace",
		"metadata": Object{"name": n, "labels": Object{"kubernetes.io/metadata.name": n}},
		"spec":     Object{"finalizers": []any{"kubernetes"}},
		"status":   Object{"phase": "Active"},
	}
}

func serviceAccount(ns, n string) Object {
	return Object{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": Object{"name": n, "namespace": ns}}
}

func rootCA(ns string) Object {
	return Object{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": Object{"name": "kube-root-ca.crt", "namespace": ns},
		"data": Object{"ca.crt": "-----BEGIN CERTIFICATE-----\nc2ltdWxhdGVk\n-----END CERTIFICATE-----\n"},
	}
}

func (s Seed) services() []Object {
	service := func(ns, n, ip string, port int, selector Object) Object {
		o := Object{
			"apiVersion": "v1", "kind": "Service", "metadata": Object{"name": n, "namespace": ns},
			"spec": Object{
				"type": "ClusterIP", "clusterIP": ip, "clusterIPs": []any{ip}, "sessionAffinity": "None",
				"ports": []any{Object{"name": "http", "port": port, "protocol": "TCP", "targetPort": port}},
			},
			"status": Object{"loadBalancer": Object{}},
		}
		if selector != nil {
			o["spec"].(Object)["selector"] = selector
		}
		return o
	}
	return []Object{
		service("default", "kubernetes", "10.96.0.1", 443, nil),
		service("kube-system", "kube-dns", "10.96.0.10", 53, anyMap("k8s-app", "kube-dns")),
		service(demoNamespace, "backend", "10.96.1.2", 8080, anyMap("app", "backend")),
		service(demoNamespace, "frontend", "10.96.1.1", 80, anyMap("app", "frontend")),
	}
}

// Join lets the hub write of another registration into the cluster.
func (c *Cluster) Join(fleet, membership string) {
	s := c.seed
	s.Fleet, s.Membership, s.Pool = fleet, membership, c.env.Pool
	c.Put(resMembership, s.membership())
}

// membership is what the hub writes into a registered cluster.
func (s Seed) membership() Object {
	pool := ""
	if s.Pool != "" {
		pool = s.Fleet + ".svc.id.goog"
	}
	spec := Object{"owner": Object{"id": "//gkehub.googleapis.com/projects/" + s.Fleet + "/" + s.Membership}}
	if pool != "" {
		spec["identity_provider"] = s.url()
		spec["workload_identity_pool"] = pool
	}
	return Object{"apiVersion": groupHub + "/v1", "kind": "Membership", "metadata": Object{"name": "membership"}, "spec": spec}
}

// workloads are the demo's two Deployments and what the mesh runs in
// kube-system, with the ReplicaSets and pods that follow from them.
func (s Seed) workloads(id string) []Object {
	var out []Object
	w := workshop{seed: s, now: s.Born}
	add := func(ns, n, image string, replicas int, injected bool) {
		d := s.deployment(ns, n, image, replicas)
		if id == resDeployments {
			setDeploymentStatus(d, replicas, replicas, replicas, replicas, s.Born)
			out = append(out, d)
			return
		}
		s.complete(resDeployments, d)
		rs := w.replicaSet(d, replicas)
		setReplicaSetStatus(rs, replicas, replicas)
		if id == resReplicaSets {
			out = append(out, rs)
			return
		}
		s.complete(resReplicaSets, rs)
		for i := range replicas {
			pod := w.pod(rs, "ReplicaSet", text(rs, "metadata", "name")+"-"+suffix(s.path()+n+strconv.Itoa(i), 5))
			if injected {
				w.inject(pod, managedProxy, Revision, Tag)
			}
			markReady(pod, s.Born)
			out = append(out, pod)
		}
	}
	switch id {
	case resDaemonSets:
		if s.Mesh {
			ds := s.cniNode()
			setDaemonSetStatus(ds, nodes, nodes)
			out = append(out, ds)
		}
		return out
	case resPods:
		if s.Mesh {
			ds := s.cniNode()
			s.complete(resDaemonSets, ds)
			for i := range nodes {
				pod := w.pod(ds, "DaemonSet", "istio-cni-node-"+suffix(s.path()+"cni"+strconv.Itoa(i), 5))
				child(pod, "spec")["nodeName"] = s.node(i)
				markReady(pod, s.Born)
				out = append(out, pod)
			}
		}
	}
	if s.Mesh {
		add("kube-system", "mdp-controller", "gcr.io/gke-release/asm/mdp:1.23.6-asm.4", 1, false)
	}
	add(demoNamespace, "backend", "us-docker.pkg.dev/google-samples/containers/gke/hello-app:2.0", 2, s.Mesh)
	add(demoNamespace, "frontend", "us-docker.pkg.dev/google-samples/containers/gke/hello-app:1.0", 2, s.Mesh)
	return out
}

func (s Seed) deployment(ns, n, image string, replicas int) Object {
	return Object{
		"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": Object{
			"name": n, "namespace": ns, "generation": 1, "labels": anyMap("app", n),
			"annotations": anyMap("deployment.kubernetes.io/revision", "1"),
		},
		"spec": Object{
			"replicas": replicas, "selector": Object{"matchLabels": anyMap("app", n)},
			"progressDeadlineSeconds": 600, "revisionHistoryLimit": 10,
			"strategy": Object{"type": "RollingUpdate", "rollingUpdate": anyMap("maxSurge", "25%", "maxUnavailable", "25%")},
			"template": podTemplate(n, image),
		},
	}
}

func podTemplate(app, image string) Object {
	return Object{
		"metadata": Object{"labels": anyMap("app", app)},
		"spec": Object{
			"containers": []any{Object{
				"name": app, "image": image, "imagePullPolicy": "IfNotPresent", "resources": Object{},
				"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
			}},
			"dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler",
			"securityContext": Object{}, "terminationGracePeriodSeconds": 30,
		},
	}
}

func (s Seed) cniNode() Object {
	template := podTemplate("istio-cni-node", "gcr.io/gke-release/asm/install-cni:1.23.6-asm.4")
	child(template, "metadata")["labels"] = anyMap("k8s-app", "istio-cni-node")
	child(template, "spec")["hostNetwork"] = true
	return Object{
		"apiVersion": "apps/v1", "kind": "DaemonSet",
		"metadata": Object{"name": "istio-cni-node", "namespace": "kube-system", "generation": 1, "labels": anyMap("k8s-app", "istio-cni-node")},
		"spec": Object{
			"selector": Object{"matchLabels": anyMap("k8s-app", "istio-cni-node")}, "template": template, "revisionHistoryLimit": 10,
			"updateStrategy": Object{"type": "RollingUpdate", "rollingUpdate": Object{"maxSurge": 0, "maxUnavailable": 1}},
		},
	}
}

// nodes is how many nodes there are to run on; they are not served.
const nodes = 3

func (s Seed) node(i int) string {
	return "gke-" + s.Name + "-default-pool-" + strings.ReplaceAll(uuid(s.path()), "-", "")[:8] + "-" +
		suffix(s.path()+"node"+strconv.Itoa(i), 4)
}
