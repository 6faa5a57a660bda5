# The seed, "ControlPlaneRevision stop codes": an error occurred updating cluster resources.
runbook "unblock-cluster-resources" {
  title       = "Google cannot update the mesh's objects in the cluster"
  description = <<-EOT
    Tells where to look for what refuses changes of custom resource definitions and webhooks, and
    verifies that the revision no longer stalls for it. What refuses them is somebody's policy, so
    a person decides.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes       = ["revision-stalled"]

  step "unblock" {
    instruct {
      text = <<-EOT
        Something in ${coalesce(target.cluster, target.membership)} refuses what Google writes for the mesh. Look for
        admission webhooks and policies that cover CustomResourceDefinitions and webhook
        configurations and whose service does not answer, or that deny them:

          kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations
          kubectl get validatingadmissionpolicies,validatingadmissionpolicybindings
          kubectl describe controlplanerevision -n istio-system

        Repair it, or take these objects out of its rules. Then look at node taints that keep
        the pods of kube-system away, and at the role of the mesh service agent:

          terraform-provider-asm runbook plan restore-service-agent-binding --membership ${target.membership}

        The mesh looks again within 15 minutes.
      EOT

      verify "no_findings" {
        membership = target.membership
        codes      = ["revision-stalled:cluster-resources-not-updated"]
      }
    }
  }
}
