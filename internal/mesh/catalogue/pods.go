package catalogue

import "github.com/managed-mesh/terraform-provider-asm/internal/mesh"

// Findings about running pods, whose proxies are of when they were created. The detail is the kind of their owner.
const (
	PodsElsewhere Code = "pods-injected-elsewhere"
	PodsBare      Code = "pods-without-proxy"
)

const (
	judgedByPods = "pods, annotation sidecar.istio.io/status, beside what would inject them now"
	sourcePods   = "Google's troubleshooting page, \"cannot connect to the GKE cluster\" and \"Pod injected with istiod.istio-system\", " +
		"which end with a restart of the workloads"
	restartPods = "Restart the workload that owns the pods, for example with the runbook restart-proxies or the action " +
		"asm_restart_workloads. Both restart a StatefulSet only when asked to; pods of a Job end by themselves, and a pod without a " +
		"controller must be created again."
)

var podFindings = []Description{
	{
		Code: PodsElsewhere, Title: "Pods have the proxy of another control plane", Severity: Error, Kind: mesh.ProxyUpgrades,
		Means: "Pods run with a proxy that another control plane or revision injected than the managed one that is meant. The labels may be " +
			"correct: a pod keeps the proxy that it was created with.",
		JudgedBy: judgedByPods,
		Cause: "The pods were created before the labels or the webhooks were corrected, and their workload was not restarted since; or the " +
			"namespace is still injected by another control plane.",
		Source: sourcePods, Established: true,
		Remedy: restartPods, Runbook: runProxies, DocURL: docTroubleshoot,
	},
	{
		Code: PodsBare, Title: "Pods run without a proxy", Severity: Warning, Kind: mesh.ProxyUpgrades,
		Means: "Pods run without a proxy, though the managed control plane is meant to inject them. The labels may be correct: a pod gets its " +
			"proxy only when it is created.",
		JudgedBy: judgedByPods,
		Cause: "The pods were created while nothing injected them, as before the labels were set or while the webhook did not answer, and " +
			"their workload was not restarted since.",
		Source: sourcePods, Established: true,
		Remedy: restartPods, Runbook: runProxies, DocURL: docTroubleshoot,
	},
}
