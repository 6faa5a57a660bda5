package mesh_test

import (
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

func TestExplains(t *testing.T) {
	for _, c := range []struct {
		root, consequence mesh.Code
		want              bool
	}{
		{mesh.BindingMissing, mesh.RevisionsUnhealthy, true},
		{mesh.BindingTugOfWar, mesh.RevisionsUnhealthy, true}, // by way of the binding
		{mesh.BindingMissing, mesh.DataPlaneState, true},      // by way of the control plane
		{mesh.RevisionMismatch, mesh.ControlPlaneState, true},
		{mesh.ServiceDisabled, mesh.LogWebhookFailed, true},
		{mesh.RevisionsUnhealthy, mesh.BindingMissing, false},
		{mesh.BindingMissing, mesh.BindingMissing, false},
		{mesh.BindingMissing, mesh.PoolMissing, false},
		// Each of these is put right by itself, however the others are.
		{mesh.PoolMissing, mesh.NodePoolNoMetadata, false},
		{mesh.PoolMissing, mesh.IdentityMissing, false},
		{mesh.ControlPlaneState, mesh.ProxiesFailed, false},
		{mesh.ControlPlaneState, mesh.InjectionWrong, false},
		{mesh.ServiceDisabled, mesh.BindingMissing, false},
		{mesh.ServiceDisabled, mesh.FeatureDisabled, false},
		{mesh.BindingMissing, mesh.RevisionStalled, false},
		{"no-such", mesh.RevisionStalled, false},
	} {
		if got := mesh.Explains(c.root, c.consequence); got != c.want {
			t.Errorf("%s explains %s: %t", c.root, c.consequence, got)
		}
	}
}

func TestFollowsFrom(t *testing.T) {
	finding := func(code mesh.Code, detail string) mesh.Finding { return mesh.Finding{Code: code, Detail: detail} }
	binding, pool, node := finding(mesh.BindingMissing, ""), finding(mesh.PoolMissing, ""), finding(mesh.NodePoolNoMetadata, "")
	mismatch, url, failed := finding(mesh.RevisionMismatch, string(mesh.StopChannel)), finding(mesh.InjectorURL, ""), finding(mesh.ProxiesFailed, "")
	for _, c := range []struct {
		consequence, root mesh.Finding
		want              bool
	}{
		{finding(mesh.ConditionReported, "MESH_IAM_PERMISSION_DENIED"), binding, true},
		{finding(mesh.ConditionReported, "MESH_IAM_PERMISSION_DENIED"), finding(mesh.BindingTugOfWar, ""), true},
		{finding(mesh.ConditionReported, "MESH_IAM_PERMISSION_DENIED"), pool, false},
		{finding(mesh.ConditionReported, "WORKLOAD_IDENTITY_REQUIRED"), pool, true},
		{finding(mesh.ConditionReported, "WORKLOAD_IDENTITY_REQUIRED"), node, false},
		{finding(mesh.ConditionReported, "NODEPOOL_WORKLOAD_IDENTITY_FEDERATION_REQUIRED"), node, true},
		{finding(mesh.ConditionReported, "CNI_POD_UNSCHEDULABLE"), binding, false},
		{finding(mesh.ConditionReported, "SOMETHING_NEW"), binding, false},
		{finding(mesh.RevisionStalled, string(mesh.StopChannel)), mismatch, true},
		{finding(mesh.RevisionStalled, string(mesh.StopWorkloadIdentity)), mismatch, false},
		{finding(mesh.RevisionStalled, string(mesh.StopWorkloadIdentity)), pool, true},
		{finding(mesh.RevisionStalled, string(mesh.StopMutatingURL)), url, true},
		{finding(mesh.RevisionStalled, string(mesh.StopClusterUpdate)), binding, false},
		{finding(mesh.RevisionStalled, "unknown"), pool, false},
		{finding(mesh.DataPlaneState, mesh.StateNeedsAttention), failed, true},
		{finding(mesh.DataPlaneState, mesh.StateNeedsAttention), binding, false},
		{finding(mesh.DataPlaneState, mesh.StateFailedPrecondition), binding, true},
		{finding(mesh.ControlPlaneState, mesh.StateStalled), finding(mesh.ConditionReported, "MESH_IAM_PERMISSION_DENIED"), true},
		{finding(mesh.ControlPlaneState, mesh.StateStalled), finding(mesh.ConditionReported, "MODERNIZATION_SCHEDULED"), false},
		{binding, finding(mesh.ControlPlaneState, ""), false},
		// What is not about the same thing.
		{finding(mesh.RevisionStalled, string(mesh.StopType)), mismatch, false},
		{mesh.Finding{Code: mesh.RevisionStalled, Detail: string(mesh.StopChannel), Subject: "istio-system/other"}, mismatch, false},
		{finding(mesh.ConnectGatewayDisabled, ""), finding(mesh.ServiceDisabled, mesh.GatewayService), true},
		{finding(mesh.ConnectGatewayDisabled, ""), finding(mesh.ServiceDisabled, "trafficdirector.googleapis.com"), false},
		{finding(mesh.Unreadable, mesh.GatewayService), finding(mesh.ConnectGatewayDisabled, mesh.GatewayService), true},
		{finding(mesh.Unreadable, ""), finding(mesh.ConnectGatewayDisabled, mesh.GatewayService), false},
		{finding(mesh.LogWebhookFailed, ""), mesh.Finding{Code: mesh.InjectorURL, Subject: "m/mutatingwebhookconfigurations/x"}, true},
		{finding(mesh.LogWebhookFailed, ""), mesh.Finding{Code: mesh.InjectorURL, Subject: "m/validatingwebhookconfigurations/x"}, false},
	} {
		if got := c.consequence.FollowsFrom(c.root); got != c.want {
			t.Errorf("%s %s follows from %s %s: %t", c.consequence.Code, c.consequence.Detail, c.root.Code, c.root.Detail, got)
		}
	}
}
