# Google's page, "ControlPlaneRevision stop codes": unsupported Kubernetes version.
runbook "upgrade-kubernetes" {
  title       = "The cluster's Kubernetes version is not supported"
  description = <<-EOT
    Shows how to upgrade the cluster, and verifies that the revision no longer stalls for its
    version. An upgrade moves every workload, so a person plans it.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes       = ["revision-stalled"]

  step "upgrade" {
    instruct {
      text = <<-EOT
        Managed mesh does not support the Kubernetes version of ${coalesce(target.cluster, target.membership)}.
        Upgrade the control plane, then the node pools:

          gcloud container get-server-config --project ${target.project} --location ${target.location}
          gcloud container clusters upgrade CLUSTER --master --project ${target.project} --location ${target.location} --cluster-version VERSION
          gcloud container clusters upgrade CLUSTER --node-pool POOL --project ${target.project} --location ${target.location}

        The mesh checks again within 15 minutes.
      EOT

      verify "no_findings" {
        membership = target.membership
        codes      = ["revision-stalled:unsupported-kubernetes-version"]
      }
    }
  }
}
