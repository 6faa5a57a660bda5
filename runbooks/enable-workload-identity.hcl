# Google's page, "the installer generates HTTP 400 errors", and its stop codes "Workload identity
# is not enabled" and "Unsupported workload pool".
runbook "enable-workload-identity" {
  title       = "Workload Identity is off, or uses another project's pool"
  description = <<-EOT
    Sets the cluster's workload pool to PROJECT_ID.svc.id.goog, which takes up to ten minutes,
    then turns on the GKE metadata server in node pools that lack it. That recreates their nodes,
    so it needs an approval of its own.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes = [
    "workload-pool-missing",
    "workload-pool-wrong",
    "node-pool-without-gke-metadata",
    "installer-health-check-failed",
  ]

  input "node_pools" {
    type        = set(string)
    default     = null
    description = "Names of the node pools to change; by default all that lack the metadata server"
  }

  locals {
    # What this corrects, and its consequences. The run does not wait for findings with another
    # cause, nor for node pools that it does not change.
    findings = concat(
      [
        "workload-pool-missing",
        "workload-pool-wrong",
        "revision-stalled:workload-identity-disabled",
        "revision-stalled:unsupported-workload-pool",
        "mesh-condition:WORKLOAD_IDENTITY_REQUIRED",
        "control-plane-state",
        "data-plane-state",
        "membership-state",
        "membership-not-reported",
        "revisions-unhealthy",
        "revision-missing",
        "revision-not-ready",
        "injector-missing",
      ],
      input.node_pools == null ? ["node-pool-without-gke-metadata", "mesh-condition:NODEPOOL_WORKLOAD_IDENTITY_FEDERATION_REQUIRED"] : [],
    )
  }

  step "pool" {
    approval = "Sets the workload pool of ${target.cluster}. Pods that use the identity of another pool lose it."
    timeout  = "1h"

    ensure "workload_pool" {
      cluster = target.cluster
    }
  }

  step "node-pools" {
    depends_on = [step.pool]
    approval   = "Recreates the nodes of the node pools of ${target.cluster} that lack the GKE metadata server, one pool after the other. Pods move, and their identity changes."
    timeout    = "6h"

    ensure "node_pool_metadata" {
      cluster    = target.cluster
      node_pools = input.node_pools
    }
  }

  step "found" {
    depends_on = [step.node-pools]

    wait "findings_gone" {
      membership = target.membership
      codes      = local.findings
      corrected  = ["workload-pool-missing", "workload-pool-wrong"]
      timeout    = "2h"
      interval   = "30s"
    }
  }
}
