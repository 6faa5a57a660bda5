package catalogue_test

import (
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

func TestExplains(t *testing.T) {
	for _, c := range []struct {
		root, consequence catalogue.Code
		want              bool
	}{
		{catalogue.BindingMissing, catalogue.RevisionsUnhealthy, true},
		{catalogue.BindingTugOfWar, catalogue.BindingMissing, false}, // it is told beside the binding, which is corrected meanwhile
		{catalogue.BindingMissing, catalogue.DataPlaneState, true},   // by way of the control plane
		{catalogue.RevisionMismatch, catalogue.ControlPlaneState, true},
		{catalogue.ServiceDisabled, catalogue.LogWebhookFailed, true},
		{catalogue.RevisionsUnhealthy, catalogue.BindingMissing, false},
		{catalogue.BindingMissing, catalogue.BindingMissing, false},
		{catalogue.BindingMissing, catalogue.PoolMissing, false},
		// Each of these is put right by itself, however the others are.
		{catalogue.PoolMissing, catalogue.NodePoolNoMetadata, false},
		{catalogue.PoolMissing, catalogue.IdentityMissing, false},
		{catalogue.ControlPlaneState, catalogue.ProxiesFailed, false},
		{catalogue.ControlPlaneState, catalogue.InjectionWrong, false},
		{catalogue.ServiceDisabled, catalogue.BindingMissing, false},
		{catalogue.ServiceDisabled, catalogue.FeatureDisabled, false},
		{catalogue.BindingMissing, catalogue.RevisionStalled, false},
		{"no-such", catalogue.RevisionStalled, false},
	} {
		if got := catalogue.Explains(c.root, c.consequence); got != c.want {
			t.Errorf("%s explains %s: %t", c.root, c.consequence, got)
		}
	}
}

func TestFollowsFrom(t *testing.T) {
	finding := func(code catalogue.Code, detail string) catalogue.Finding {
		return catalogue.Finding{Code: code, Detail: detail}
	}
	binding, pool, node := finding(catalogue.BindingMissing, ""), finding(catalogue.PoolMissing, ""), finding(catalogue.NodePoolNoMetadata, "")
	mismatch, url, failed := finding(catalogue.RevisionMismatch, string(catalogue.StopChannel)), finding(catalogue.InjectorURL,
		""), finding(catalogue.ProxiesFailed, "")
	for _, c := range []struct {
		consequence, root catalogue.Finding
		want              bool
	}{
		{finding(catalogue.ConditionReported, "MESH_IAM_PERMISSION_DENIED"), binding, true},
		{finding(catalogue.ConditionReported, "MESH_IAM_PERMISSION_DENIED"), finding(catalogue.BindingTugOfWar, ""), false},
		{finding(catalogue.ConditionReported, "MESH_IAM_PERMISSION_DENIED"), pool, false},
		{finding(catalogue.ConditionReported, "WORKLOAD_IDENTITY_REQUIRED"), pool, true},
		{finding(catalogue.ConditionReported, "WORKLOAD_IDENTITY_REQUIRED"), node, false},
		{finding(catalogue.ConditionReported, "NODEPOOL_WORKLOAD_IDENTITY_FEDERATION_REQUIRED"), node, true},
		{finding(catalogue.ConditionReported, "CNI_POD_UNSCHEDULABLE"), binding, false},
		{finding(catalogue.ConditionReported, "SOMETHING_NEW"), binding, false},
		{finding(catalogue.RevisionStalled, string(catalogue.StopChannel)), mismatch, true},
		{finding(catalogue.RevisionStalled, string(catalogue.StopWorkloadIdentity)), mismatch, false},
		{finding(catalogue.RevisionStalled, string(catalogue.StopWorkloadIdentity)), pool, true},
		{finding(catalogue.RevisionStalled, string(catalogue.StopMutatingURL)), url, true},
		{finding(catalogue.RevisionStalled, string(catalogue.StopClusterUpdate)), binding, false},
		{finding(catalogue.RevisionStalled, "unknown"), pool, false},
		{finding(catalogue.DataPlaneState, mesh.StateNeedsAttention), failed, true},
		{finding(catalogue.DataPlaneState, mesh.StateNeedsAttention), binding, false},
		{finding(catalogue.DataPlaneState, mesh.StateFailedPrecondition), binding, true},
		{finding(catalogue.ControlPlaneState, mesh.StateStalled), finding(catalogue.ConditionReported, "MESH_IAM_PERMISSION_DENIED"), true},
		{finding(catalogue.ControlPlaneState, mesh.StateStalled), finding(catalogue.ConditionReported, "MODERNIZATION_SCHEDULED"), false},
		{binding, finding(catalogue.ControlPlaneState, ""), false},
		// What is not about the same thing.
		{finding(catalogue.RevisionStalled, string(catalogue.StopType)), mismatch, false},
		{catalogue.Finding{Code: catalogue.RevisionStalled, Detail: string(catalogue.StopChannel), Subject: "istio-system/other"},
			catalogue.Finding{Code: catalogue.RevisionMismatch, Detail: string(catalogue.StopChannel), Subject: "istio-system/asm-managed"}, false},
		{catalogue.Finding{Code: catalogue.InjectorMissing, Subject: "m/mutatingwebhookconfigurations/istiod-asm-managed"},
			catalogue.Finding{Code: catalogue.RevisionNotReady, Subject: "m/istio-system/asm-managed-rapid"}, false},
		{catalogue.Finding{Code: catalogue.InjectorMissing, Subject: "m/mutatingwebhookconfigurations/istiod-asm-managed"},
			catalogue.Finding{Code: catalogue.RevisionNotReady, Subject: "m/istio-system/asm-managed"}, true},
		// A namespace without injection: its own label first.
		{finding(catalogue.InjectionNone, "istio.io/rev=asm-canary"), finding(catalogue.RevisionMissing, ""), false},
		{finding(catalogue.InjectionNone, "istio-injection=enabled"), finding(catalogue.InjectorMissing, ""), false},
		{finding(catalogue.InjectionNone, "istio.io/rev=asm-managed"), finding(catalogue.RevisionMissing, ""), true},
		{finding(catalogue.InjectionNone, "istio.io/rev=asm-managed"), binding, false},
		{finding(catalogue.InjectionNone, "istio.io/rev=asm-managed"),
			catalogue.Finding{Code: catalogue.InjectorMissing, Subject: "m/mutatingwebhookconfigurations/istiod-asm-managed"}, true},
		{finding(catalogue.InjectionNone, "istio.io/rev=asm-managed"),
			catalogue.Finding{Code: catalogue.InjectorMissing, Subject: "m/mutatingwebhookconfigurations/istiod-asm-managed-rapid"}, false},
		{catalogue.Finding{Code: catalogue.InjectionWrong, Subject: "m/namespaces/shop"},
			catalogue.Finding{Code: catalogue.InjectionLabel, Subject: "m/namespaces/cart"}, false},
		// An API that the mesh does without explains only its own refusals.
		{finding(catalogue.ControlPlaneState, mesh.StateStalled), finding(catalogue.ServiceDisabled, "cloudtrace.googleapis.com"), false},
		{finding(catalogue.ControlPlaneState, mesh.StateStalled), finding(catalogue.ServiceDisabled, mesh.GatewayService), true},
		// A plane that is switched off or removed was asked to be, whatever else is broken.
		{finding(catalogue.ControlPlaneState, mesh.StateDeprovisioning), binding, false},
		{finding(catalogue.ControlPlaneState, mesh.StateDisabled), node, false},
		{finding(catalogue.DataPlaneState, mesh.StateDisabled), binding, false},
		{finding(catalogue.DataPlaneProgress, "InvalidRevision"), failed, false},
		{finding(catalogue.DataPlaneProgress, "TooManyEvictions"), failed, true},
		{finding(catalogue.ConnectGatewayDisabled, ""), finding(catalogue.ServiceDisabled, mesh.GatewayService), true},
		{finding(catalogue.ConnectGatewayDisabled, ""), finding(catalogue.ServiceDisabled, "trafficdirector.googleapis.com"), false},
		{finding(catalogue.Unreadable, mesh.GatewayService), finding(catalogue.ConnectGatewayDisabled, mesh.GatewayService), true},
		{finding(catalogue.Unreadable, ""), finding(catalogue.ConnectGatewayDisabled, mesh.GatewayService), false},
		{finding(catalogue.LogWebhookFailed, ""), catalogue.Finding{Code: catalogue.InjectorURL, Subject: "m/mutatingwebhookconfigurations/x"},
			true},
		{finding(catalogue.LogWebhookFailed, ""), catalogue.Finding{Code: catalogue.InjectorURL, Subject: "m/validatingwebhookconfigurations/x"},
			false},
	} {
		if got := c.consequence.FollowsFrom(c.root); got != c.want {
			t.Errorf("%s %s follows from %s %s: %t", c.consequence.Code, c.consequence.Detail, c.root.Code, c.root.Detail, got)
		}
	}
}

// A code without a rule would follow from nothing without anybody having decided it, and one that can be brought about
// must not be a root by its rule.
func TestEveryCodeHasARule(t *testing.T) {
	brought := map[catalogue.Code]bool{}
	for _, d := range catalogue.Catalogue() {
		for _, code := range d.Blocks {
			brought[code] = true
		}
	}
	for _, d := range catalogue.Catalogue() {
		if decided, root := catalogue.RuleOf(d.Code); !decided {
			t.Errorf("%s has no rule: what can it follow from?", d.Code)
		} else if root == brought[d.Code] {
			t.Errorf("%s: its rule says root %t, and something brings it about %t", d.Code, root, brought[d.Code])
		}
	}
	if decided, _ := catalogue.RuleOf("no-such-code"); decided {
		t.Error("a code that is not known has a rule")
	}
}
