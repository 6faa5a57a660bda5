package health

import (
	"fmt"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// namedObjects bounds how many objects a finding names; the others are counted.
const namedObjects = 10

// JudgeCNI reports what switches the managed CNI off. With the implementation ISTIOD that works, and is no alarm.
func JudgeCNI(implementation string, revisions []mesh.ControlPlaneRevision, options map[string]string) Health {
	j := judge{subject: mesh.SystemNamespace}
	verdict, means := mesh.Degraded, "the implementation TRAFFIC_DIRECTOR requires it"
	if implementation == mesh.ImplementationIstiod {
		verdict, means = mesh.Healthy, "it works with the implementation ISTIOD, and blocks modernization"
	}
	for _, r := range revisions {
		value, found := r.Labels[mesh.LabelManagedCNI]
		if !found || value == "true" {
			continue
		}
		j.subject = r.Namespace + "/" + r.Name
		f := j.add(catalogue.ManagedCNIOff, verdict, fmt.Sprintf("revision %s has the label %s=%s, which switches the managed CNI off; %s",
			r.Name, mesh.LabelManagedCNI, orNone(value), means))
		f.Remediation = fmt.Sprintf("kubectl label controlplanerevision %s -n %s %s-", r.Name, r.Namespace, mesh.LabelManagedCNI)
	}
	for option := range strings.SplitSeq(options["ASM_OPTS"], ";") {
		key, value, _ := strings.Cut(option, "=")
		if strings.TrimSpace(key) != "CNI" || strings.TrimSpace(value) == "on" {
			continue
		}
		j.subject = mesh.SystemNamespace + "/" + mesh.OptionsConfigMap
		f := j.add(catalogue.ManagedCNIOff, verdict, fmt.Sprintf("ConfigMap %s has %s in ASM_OPTS, which switches the managed CNI off; %s",
			mesh.OptionsConfigMap, strings.TrimSpace(option), means))
		f.Remediation = "Remove the entry CNI from ASM_OPTS: kubectl edit configmap " + mesh.OptionsConfigMap + " -n " + mesh.SystemNamespace
	}
	return j.health()
}

// JudgeComponents reports the mesh's components that find no node, each once.
func JudgeComponents(pods []mesh.UnschedulablePod) Health {
	j := judge{}
	for _, component := range []string{mesh.ComponentDataPlane, mesh.ComponentCNI} {
		var of []mesh.UnschedulablePod
		for _, p := range pods {
			if p.Component == component {
				of = append(of, p)
			}
		}
		if len(of) == 0 {
			continue
		}
		j.subject = "namespaces/kube-system/" + component
		f := j.add(catalogue.ComponentUnschedulable, mesh.Unhealthy,
			fmt.Sprintf("%d pod(s) of %s find no node: %s", len(of), component, orNone(of[0].Message)))
		f.Detail = component
		f.Remediation = "Make room on the nodes, or take the taint away: kubectl describe pod " + of[0].Name + " -n kube-system"
	}
	return j.health()
}

// JudgeConfig reports the Istio objects that the control plane does not accept, and those that keep a cluster from being
// modernized. partial is what could not be read, or "".
func JudgeConfig(problems []mesh.ConfigProblem, partial string) Health {
	j := judge{subject: "istio"}
	for _, kind := range []struct {
		condition string
		code      catalogue.Code
		verdict   mesh.Verdict
		text      string
	}{
		{mesh.ConditionAccepted, catalogue.ConfigRejected, mesh.Unhealthy, "are not accepted"},
		{mesh.ConditionCompatible, catalogue.ConfigIncompatible, mesh.Degraded, "are not compatible with TRAFFIC_DIRECTOR"},
	} {
		var of []string
		for _, p := range problems {
			if p.Condition == kind.condition {
				of = append(of, p.String())
			}
		}
		if len(of) == 0 {
			continue
		}
		slices.Sort(of)
		j.add(kind.code, kind.verdict, fmt.Sprintf("%d Istio object(s) %s: %s%s", len(of), kind.text, inBounds(of), partial))
	}
	return j.health()
}

// JudgeRemoteSecrets reports the secrets by which clusters were joined by hand.
func JudgeRemoteSecrets(names []string) Health {
	j := judge{subject: mesh.SystemNamespace + "/secrets"}
	if len(names) > 0 {
		j.add(catalogue.RemoteSecrets, mesh.Degraded, fmt.Sprintf("%d secret(s) join other clusters by hand: %s", len(names), inBounds(names)))
	}
	return j.health()
}

// inBounds lists texts, and counts those beyond the bound.
func inBounds(texts []string) string {
	if len(texts) <= namedObjects {
		return strings.Join(texts, "; ")
	}
	return fmt.Sprintf("%s; and %d more", strings.Join(texts[:namedObjects], "; "), len(texts)-namedObjects)
}
