package catalogue

import "github.com/managed-mesh/terraform-provider-asm/internal/mesh"

// Findings about webhooks and namespaces.
const (
	InjectorMissing  Code = "injector-missing"
	InjectorURL      Code = "injector-url"
	InjectorLeftover Code = "injector-leftover"
	InjectionWrong   Code = "wrong-injection"
	InjectionNone    Code = "no-injection"
	InjectionUnclear Code = "unclear-injection"
	InjectionLabel   Code = "injection-label-wrong"
	InjectionChosen  Code = "in-cluster-injection-chosen"
)

const judgedByLabels = "namespace labels against webhooks[].namespaceSelector and objectSelector"

var injectionFindings = []Description{
	{
		Code: InjectorMissing, Title: "A revision has no injection webhook", Severity: Error, Kind: mesh.DataPlane,
		Means:       "A ControlPlaneRevision has no mutating webhook, so no pod gets a proxy of it.",
		JudgedBy:    "admissionregistration.k8s.io mutatingwebhookconfigurations, label istio.io/rev",
		Cause:       "The control plane is not provisioned yet, or the webhook was deleted.",
		Source:      sourceDataCtrl + ", which expects exactly one for each revision",
		Established: true,
		Remedy:      "Let the mesh provision again once the control plane is healthy; Google installs the webhook.",
		Runbook:     runProvision, DocURL: docTroubleshoot,
		Blocks: []Code{InjectionNone},
	},
	{
		Code: InjectorURL, Title: "A webhook calls another address than expected", Severity: Warning, Kind: mesh.DataPlane,
		Means:    "A webhook of the managed control plane calls another address than its revision's.",
		JudgedBy: "admissionregistration.k8s.io webhooks[].clientConfig.url beside ConfigMap env-REVISION",
		Cause:    "The webhook was installed for an earlier control plane. Google does not overwrite one that exists.",
		Source: "Google's troubleshooting page, stop codes on webhook URLs; the form of the expected URL is " +
			"inferred from a fork of Google's tool",
		Remedy:  "Compare both URLs, keep a copy of the webhook configuration, then set the expected URL. Google never overwrites it.",
		Runbook: runWebhook, DocURL: docTroubleshoot,
		Blocks: []Code{RevisionStalled, LogWebhookFailed},
	},
	{
		Code: InjectorLeftover, Title: "An in-cluster webhook is left over", Severity: Info, Kind: mesh.DataPlane,
		Means:       "A webhook of an in-cluster control plane is still installed beside the managed one.",
		JudgedBy:    "admissionregistration.k8s.io mutatingwebhookconfigurations, webhooks[].clientConfig.service",
		Cause:       "An in-cluster control plane was not removed after the move to the managed one.",
		Source:      pageInjection,
		Established: true,
		Remedy:      "Once no namespace is selected by it, remove the in-cluster control plane with the tool that installed it.",
		DocURL:      docTroubleshoot,
	},
	{
		Code: InjectionWrong, Title: "Pods are injected by istiod.istio-system", Severity: Error, Kind: mesh.DataPlane,
		Means: "Pods of a namespace get their proxy from an in-cluster istiod, though the managed control plane is meant: the cluster has a " +
			"ControlPlaneRevision, and the namespace names no revision of another control plane. Usually the label istio-injection=enabled " +
			"was not replaced although the in-cluster istiod still takes it.",
		JudgedBy: judgedByLabels,
		Cause: "The label istio-injection=enabled was not replaced by istio.io/rev, and a webhook of an in-cluster control plane is " +
			"still there.",
		Source:      pageInjection,
		Established: true,
		Remedy: "Set the label istio.io/rev to the revision, remove istio-injection, then restart the workloads: while an in-cluster istiod " +
			"takes istio-injection=enabled, only istio.io/rev reaches the managed control plane.",
		FixedBy: mesh.InjectionLabels.Resource(), Runbook: runInjection, DocURL: docTroubleshoot,
		Blocks: []Code{PodsElsewhere, PodsBare},
	},
	{
		Code: InjectionChosen, Title: "A namespace stays with an in-cluster control plane", Severity: Info, Kind: mesh.DataPlane,
		Means: "A namespace names a revision or a tag of an in-cluster control plane, as during a canary migration. It is left as it is: no " +
			"runbook relabels it.",
		JudgedBy:    "namespace label istio.io/rev beside the labels istio.io/rev and istio.io/tag of the webhooks",
		Cause:       "A person or a tool chose that control plane for the namespace.",
		Source:      "Istio's documentation on canary upgrades",
		Established: true,
		Remedy:      "To move it to the managed control plane, set the label istio.io/rev to a managed revision, then restart the workloads.",
		DocURL:      docTroubleshoot,
	},
	{
		Code: InjectionNone, Title: "Injection is asked for and does not happen", Severity: Warning, Kind: mesh.DataPlane,
		Means:    "A namespace asks for injection, but no webhook selects its pods: they start without a proxy.",
		JudgedBy: judgedByLabels,
		Cause: "istio.io/rev names a revision that does not exist, or the label is istio-injection=enabled and the cluster has no webhook " +
			"of the default tag, istio-revision-tag-default.",
		Source:      "Istio's documentation on injection; " + pageTutorials,
		Established: true,
		Remedy: "Where a webhook of the default tag calls the managed control plane, label the namespace istio-injection=enabled alone; " +
			"otherwise set istio.io/rev to a revision that exists, and remove istio-injection.",
		FixedBy: mesh.InjectionLabels.Resource(), Runbook: runInjection, DocURL: docInjection,
		Blocks: []Code{PodsElsewhere, PodsBare},
	},
	{
		Code: InjectionUnclear, Title: "What injects is not well defined", Severity: Warning, Kind: mesh.DataPlane,
		Means:       "What injects the pods of a namespace is not well defined: it carries both labels, or several webhooks select it.",
		JudgedBy:    judgedByLabels,
		Cause:       "One label was added and the other was left.",
		Source:      "Google's page on injection: behaviour is undefined with both labels; " + pageTutorials,
		Established: true,
		Remedy: "Keep one label: istio-injection=enabled where a webhook of the default tag calls the managed control plane, otherwise " +
			"istio.io/rev.",
		FixedBy: mesh.InjectionLabels.Resource(), Runbook: runInjection, DocURL: docInjection,
		Blocks: []Code{PodsElsewhere, PodsBare},
	},
	{
		Code: InjectionLabel, Title: "A namespace lacks the injection label", Severity: Error, Kind: mesh.InjectionLabels,
		Single: true,
		Means: "A namespace does not carry the label that makes the managed control plane inject its pods, or carries both labels. " +
			"istio-injection=enabled is right where a webhook of the default tag calls the managed control plane, as on clusters of " +
			"the implementation TRAFFIC_DIRECTOR.",
		JudgedBy:    "namespace labels istio.io/rev and istio-injection, and the webhooks that select them",
		Cause:       "A label was not replaced, or another tool rewrote the namespace's labels.",
		Source:      pageInjection + "; " + pageTutorials,
		Established: true,
		Remedy:      "Set the label that the message names and remove the other one, then restart the workloads.",
		FixedBy:     mesh.InjectionLabels.Resource(), Runbook: runInjection, DocURL: docInjection,
		Blocks: []Code{InjectionWrong, InjectionNone, InjectionUnclear},
	},
}
