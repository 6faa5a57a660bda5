package explain

import (
	"regexp"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// tables reads what "kubectl get" prints: a line of column names, and a line for each object.
func (e *explainer) tables(raw string) {
	var columns, configurations []string
	for _, line := range strings.Split(raw, "\n") {
		fields := columnGap.Split(strings.TrimSpace(line), -1)
		switch {
		case len(fields) > 1 && headers(fields):
			columns = fields
		case len(fields) < 2 || strings.TrimSpace(line) == "":
			columns = nil
		case columns != nil:
			row := map[string]string{}
			for i, column := range columns {
				if i < len(fields) {
					row[column] = fields[i]
				}
			}
			if _, webhooks := row["WEBHOOKS"]; webhooks {
				configurations = append(configurations, row["NAME"])
			}
			e.row(row)
		}
	}
	e.leftover(configurations)
	e.subject, e.named = "", nil
}

var (
	columnGap = regexp.MustCompile(`\s{2,}|\t+`)
	column    = regexp.MustCompile(`^[A-Z][A-Z0-9 ()/-]*$`)
)

func headers(fields []string) bool {
	for _, f := range fields {
		if !column.MatchString(f) {
			return false
		}
	}
	return fields[0] == "NAME" || fields[0] == "NAMESPACE" || fields[0] == "LAST SEEN"
}

// row reads a line of a table of revisions or pods.
func (e *explainer) row(row map[string]string) {
	name := row["NAME"]
	_, revisions := row["RECONCILED"]
	switch {
	case revisions:
		e.subject, e.named = name, map[string]string{"revision": name}
		if stalled := row["STALLED"]; stalled == "True" {
			e.claim(catalogue.RevisionStalled, string(catalogue.StopUnknown), name+": STALLED True").stopped(catalogue.ParseStop("", ""))
		} else {
			e.revisionConditions(stalled, "", "", row["RECONCILED"], "", "")
		}
	case row["ISTIO-INJECTION"] != "":
		e.named = map[string]string{"namespace": name}
		e.bothLabels(name, row["ISTIO-INJECTION"], row["REV"])
	case row["STATUS"] != "" && row["READY"] != "":
		e.subject, e.named = strings.Trim(row["NAMESPACE"]+"/"+name, "/"), map[string]string{"namespace": row["NAMESPACE"]}
		e.systemPod(name, row["STATUS"], row["STATUS"])
	}
}

// systemPods are what the mesh runs in a cluster, by the beginning of a pod's name.
var systemPods = []struct{ prefix, is string }{
	{"istio-cni-node-", "the managed CNI"}, {"mdp-controller-", "the managed data plane's controller"},
}

// systemPod explains a pod of the mesh itself that does not run.
func (e *explainer) systemPod(name, status, says string) {
	for _, p := range systemPods {
		if !strings.HasPrefix(name, p.prefix) || status == "Running" || status == "Completed" || status == "Succeeded" || status == "" {
			continue
		}
		evidence := strings.TrimSpace("pod " + name + ": " + status + " " + strings.TrimPrefix(says, status))
		if status == "Pending" {
			x := e.claim(catalogue.ComponentUnschedulable, strings.TrimSuffix(p.prefix, "-"), evidence)
			x.command = "kubectl describe pod -n kube-system {pod}"
			x.set("pod", name)
			continue
		}
		x := e.claim(catalogue.ControlPlaneState, mesh.StateFailedPrecondition, evidence)
		if x.Variables == nil {
			continue
		}
		x.Title, x.Severity = "A pod of "+p.is+" does not run", catalogue.Error
		x.Means = "Pod " + name + ", which belongs to " + p.is + ", is " + status + ". Without it the mesh is not provisioned, or not upgraded."
		x.Cause = "The pod's events and log say it: its image cannot be pulled, it lacks a permission, or it ends with an error."
		x.Remedy = "Read the pod's events and log; contact support where they name nothing that you changed."
		x.command = "kubectl get events -n kube-system --field-selector=involvedObject.kind=Pod --sort-by=.lastTimestamp"
		x.Source = "Google's pages on provisioning and on troubleshooting the installation (requests of mdp-controller and istio-cni-node)"
	}
}

// described is how "kubectl describe" prints a condition, on one line.
var described = regexp.MustCompile(`(?:Message: ([^:]{0,300}?) )?Reason: (\S{1,60}) Status: (True|False|Unknown) Type: (Reconciled|Stalled)\W?$`)

// describedConditions reads the conditions of a revision that "kubectl describe" printed. The stop messages are found
// already; this is for revisions that work, are not ready, or stopped with a message that is not known.
func (e *explainer) describedConditions() {
	if e.has(catalogue.RevisionStalled) || e.has(catalogue.RevisionNotReady) {
		return
	}
	conditions := map[string][]string{"Stalled": make([]string, 5), "Reconciled": make([]string, 5)}
	for _, kind := range []string{"Stalled", "Reconciled"} {
		e.Hits("type:"+strings.ToLower(kind), func(at, end int) bool {
			m := described.FindStringSubmatch(e.Window(at, 500, end, 1))
			if m != nil && isAboutMesh(e.Window(at, 2000, end, nearby)) {
				conditions[kind] = m
			}
			return true
		})
	}
	stalled, reconciled := conditions["Stalled"], conditions["Reconciled"]
	e.revisionConditions(stalled[3], stalled[2], stalled[1], reconciled[3], reconciled[2], reconciled[1])
}
