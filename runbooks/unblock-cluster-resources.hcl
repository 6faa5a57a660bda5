# Google's page, "ControlPlaneRevision stop codes": an error occurred updating cluster resources.
runbook "unblock-cluster-resources" {
  title       = "Google cannot update the mesh's objects in the cluster"
  description = <<-EOT
    Shows how to find what refuses changes of custom resource definitions and webhooks, and
    verifies that the revision no longer stalls for this reason. It may be a policy that is
    wanted, so a person decides.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes       = ["revision-stalled"]

  step "unblock" {
    instruct {
      text = <<-EOT
        Something in ${coalesce(target.cluster, target.membership)} refuses the objects that Google writes for the mesh. Look for
        admission webhooks and policies that match CustomResourceDefinitions or webhook
        configurations, and that deny them or whose service does not answer:

          kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations
          kubectl get validatingadmissionpolicies,validatingadmissionpolicybindings
          kubectl describe controlplanerevision -n istio-system

        Repair it, or exclude these objects from its rules. Then check for node taints that keep
        the pods of kube-system away, and check the role of the mesh service agent:

          terraform-provider-asm runbook plan restore-service-agent-binding --membership ${target.membership}

        The mesh checks again within 15 minutes.
      EOT

      verify "no_findings" {
        membership = target.membership
        codes      = ["revision-stalled:cluster-resources-not-updated"]
      }
    }
  }
}
