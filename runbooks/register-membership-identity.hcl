# Google's page, "Cluster has memberships.hub.gke.io CRD but no identity provider specified".
runbook "register-membership-identity" {
  title       = "The fleet membership has no identity provider"
  description = <<-EOT
    Sets the cluster's workload pool, and sets the membership's identity provider to the cluster's
    own issuer, as a registration with --enable-workload-identity does. Another identity provider
    is replaced only with the input replace.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes       = ["membership-identity-missing", "membership-identity-wrong"]

  input "issuer" {
    default     = null
    description = "URL of the issuer, for a cluster outside Google Cloud; by default that of the GKE cluster"
  }

  input "replace" {
    type        = bool
    default     = false
    description = "Replace another identity provider with this one; systems that trust only the old one then refuse the cluster's workloads"
  }

  locals {
    # What this corrects, and its consequences. The run does not wait for findings with another
    # cause.
    findings = [
      "membership-identity-missing",
      "membership-identity-wrong",
      "control-plane-state",
      "data-plane-state",
      "membership-state",
      "membership-not-reported",
      "revisions-unhealthy",
      "revision-missing",
      "revision-not-ready",
      "injector-missing",
    ]
  }

  step "pool" {
    when     = target.cluster != null
    approval = "Sets the workload pool of ${target.cluster}. Pods that use the identity of another pool lose it."
    timeout  = "1h"

    ensure "workload_pool" {
      cluster = target.cluster
    }
  }

  step "identity" {
    when       = !input.replace
    depends_on = [step.pool]

    ensure "membership_identity" {
      membership = target.membership
      issuer     = input.issuer
    }
  }

  step "replaced-identity" {
    when       = input.replace
    depends_on = [step.pool]
    approval   = "Replaces the identity provider of ${target.membership}. Systems that trust only the old one then refuse the cluster's workloads."

    ensure "membership_identity" {
      membership = target.membership
      issuer     = input.issuer
      replace    = true
    }
  }

  step "found" {
    depends_on = [step.identity, step.replaced-identity]

    wait "findings_gone" {
      membership = target.membership
      codes      = local.findings
      timeout    = "15m"
      interval   = "15s"
    }
  }
}
