package kube

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A workshop makes pods and ReplicaSets, for the seed and for controllers.
type workshop struct {
	seed Seed
	now  time.Time
}

// suffix is n characters of the alphabet of generated names, made from a text.
func suffix(of string, n int) string {
	const alphabet = "bcdfghjklmnpqrstvwxz2456789"
	sum := sha256.Sum256([]byte(of))
	out := make([]byte, n)
	for i := range out {
		out[i] = alphabet[int(sum[i])%len(alphabet)]
	}
	return string(out)
}

// templateHash names the ReplicaSet of a pod template.
func templateHash(template any) string {
	raw, _ := json.Marshal(template) // maps, lists, strings and numbers
	return suffix(string(raw), 10)
}

func owner(o Object, kind string) Object {
	return Object{
		"apiVersion": text(o, "apiVersion"), "kind": kind, "name": name(o), "uid": uid(o), "controller": true, "blockOwnerDeletion": true,
	}
}

// controllerOf is the owner that controls an object; nil if none does.
func controllerOf(o any) Object {
	for _, r := range items(o, "metadata", "ownerReferences") {
		if m, ok := r.(map[string]any); ok && m["controller"] == true {
			return m
		}
	}
	return nil
}

func controlledBy(o Object, by Object) bool {
	c := controllerOf(o)
	return c != nil && text(c, "uid") == uid(by)
}

// replicaSet is the ReplicaSet of a Deployment's present template.
func (w workshop) replicaSet(d Object, replicas int) Object {
	template := copyOf(child(d, "spec", "template"))
	hash := templateHash(template)
	child(template, "metadata", "labels")["pod-template-hash"] = hash
	selector := copyOf(child(d, "spec", "selector"))
	child(selector, "matchLabels")["pod-template-hash"] = hash
	return Object{
		"apiVersion": "apps/v1", "kind": "ReplicaSet",
		"metadata": Object{
			"name": name(d) + "-" + hash, "namespace": namespace(d), "generation": 1, "creationTimestamp": stamp(w.now),
			"labels":          copyOf(child(template, "metadata", "labels")),
			"annotations":     Object{"deployment.kubernetes.io/revision": text(d, "metadata", "annotations", "deployment.kubernetes.io/revision")},
			"ownerReferences": []any{owner(d, "Deployment")},
		},
		"spec": Object{"replicas": replicas, "selector": selector, "template": template},
	}
}

// pod makes a pod from its owner's template, not yet running.
func (w workshop) pod(by Object, kind, podName string) Object {
	template := dig(by, "spec", "template")
	meta := Object{
		"name": podName, "namespace": namespace(by), "creationTimestamp": stamp(w.now), "ownerReferences": []any{owner(by, kind)},
		"labels": copyOf(dig(template, "metadata", "labels")),
	}
	if a, ok := dig(template, "metadata", "annotations").(map[string]any); ok {
		meta["annotations"] = copyOf(a)
	}
	if kind == "ReplicaSet" {
		meta["generateName"] = name(by) + "-"
	}
	pod := Object{"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": deepCopy(dig(template, "spec"))}
	w.settlePod(pod)
	return pod
}

// settlePod gives a new pod what the API server and the scheduler give it.
func (w workshop) settlePod(pod Object) {
	spec := child(pod, "spec")
	if text(spec, "nodeName") == "" {
		sum := sha256.Sum256([]byte(namespace(pod) + name(pod)))
		spec["nodeName"] = w.seed.node(int(sum[0]) % nodes)
	}
	for k, v := range map[string]string{
		"restartPolicy": "Always", "serviceAccountName": "default", "serviceAccount": "default",
		"dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler",
	} {
		if spec[k] == nil {
			spec[k] = v
		}
	}
	pod["status"] = Object{"phase": "Pending", "qosClass": "BestEffort", "startTime": stamp(w.now), "conditions": []any{
		podCondition("PodScheduled", "True", w.now), podCondition("ContainersReady", "False", w.now), podCondition("Ready", "False", w.now),
	}}
}

func podCondition(kind, status string, now time.Time) Object {
	return Object{"type": kind, "status": status, "lastProbeTime": nil, "lastTransitionTime": stamp(now)}
}

// markReady lets a pod run, with all its containers ready.
func markReady(pod Object, now time.Time) {
	sum := sha256.Sum256([]byte(namespace(pod) + "/" + name(pod)))
	st := child(pod, "status")
	st["phase"] = "Running"
	st["podIP"] = fmt.Sprintf("10.4.%d.%d", sum[0], 1+int(sum[1])%254)
	st["podIPs"] = []any{Object{"ip": st["podIP"]}}
	st["hostIP"] = fmt.Sprintf("10.128.0.%d", 2+int(sum[2])%nodes)
	var conditions []any
	for _, k := range []string{"Initialized", "Ready", "ContainersReady", "PodScheduled"} {
		conditions = append(conditions, podCondition(k, "True", now))
	}
	st["conditions"] = conditions
	containers := func(field string) []any {
		var out []any
		for i, c := range items(pod, "spec", field) {
			id := suffix(uid(pod)+namespace(pod)+name(pod)+field+fmt.Sprint(i), 20)
			out = append(out, Object{
				"name": text(c, "name"), "image": text(c, "image"), "imageID": text(c, "image"), "containerID": "containerd://" + id,
				"ready": true, "started": true, "restartCount": 0, "state": Object{"running": Object{"startedAt": stamp(now)}},
			})
		}
		return out
	}
	st["containerStatuses"] = containers("containers")
	if init := containers("initContainers"); init != nil {
		st["initContainerStatuses"] = init
	}
}

// ready says whether a pod has the condition Ready.
func ready(pod Object) bool {
	return slices.ContainsFunc(items(pod, "status", "conditions"), func(c any) bool {
		return text(c, "type") == "Ready" && text(c, "status") == "True"
	})
}

// Which injector a proxy is from.
type proxyKind int

const (
	managedProxy proxyKind = iota
	inClusterProxy
)

// inject adds the proxy to a pod as Istio's injector does; what identifies a
// managed one is from Google's sources, the image's registry is inferred. revision is the webhook's, which an in-cluster
// one notes as "default" where it has none; tag is the managed proxy's.
func (w workshop) inject(pod Object, kind proxyKind, revision, tag string) {
	app := text(pod, "metadata", "labels", "app")
	discovery, rev, image := "meshconfig.googleapis.com:443", revision, "gcr.io/gke-release/asm/proxyv2:"+tag
	env := []any{
		Object{"name": "ISTIO_META_CLOUDRUN_ADDR", "value": w.seed.address(revision)},
		Object{"name": "CA_ADDR", "value": "meshca.googleapis.com:443"},
	}
	if kind == inClusterProxy {
		discovery, image = "istiod.istio-system.svc:15012", "docker.io/istio/proxyv2:1.23.6"
		if rev == "" {
			rev = "default"
		}
		env = []any{Object{"name": "CA_ADDR", "value": "istiod.istio-system.svc:15012"}}
	}
	env = append(env, Object{"name": "PROXY_CONFIG", "value": `{"discoveryAddress":"` + discovery + `"}` + "\n"})
	spec := child(pod, "spec")
	spec["containers"] = append(items(spec, "containers"), Object{
		"name": "istio-proxy", "image": image, "args": []any{"proxy", "sidecar"}, "env": env,
		"ports": []any{Object{"containerPort": 15090, "name": "http-envoy-prom", "protocol": "TCP"}},
	})
	spec["initContainers"] = append(items(spec, "initContainers"),
		Object{"name": "istio-validation", "image": image, "args": []any{"istio-iptables"}})
	annotations, l := child(pod, "metadata", "annotations"), child(pod, "metadata", "labels")
	annotations["sidecar.istio.io/status"] = `{"initContainers":["istio-validation"],"containers":["istio-proxy"],` +
		`"volumes":["workload-socket","credential-socket","workload-certs","istio-envoy","istio-data","istio-podinfo","istio-token"],` +
		`"imagePullSecrets":null,"revision":"` + rev + `"}`
	annotations["istio.io/rev"] = rev
	annotations["prometheus.io/scrape"] = "true"
	l["security.istio.io/tlsMode"] = "istio"
	if l["service.istio.io/canonical-name"] == nil && app != "" {
		l["service.istio.io/canonical-name"] = app
	}
	l["service.istio.io/canonical-revision"] = "latest"
}

// proxyTag is the version of a pod's proxy, "" without one; and whether the managed injector put it there.
func proxyTag(pod Object) (tag string, managed bool) {
	for _, field := range []string{"containers", "initContainers"} {
		for _, c := range items(pod, "spec", field) {
			if text(c, "name") != "istio-proxy" || !strings.Contains(text(c, "image"), "proxyv2") {
				continue
			}
			_, tag, _ = strings.Cut(text(c, "image"), ":")
			for _, e := range items(c, "env") {
				managed = managed || text(e, "name") == "ISTIO_META_CLOUDRUN_ADDR"
			}
			return tag, managed
		}
	}
	return "", false
}
