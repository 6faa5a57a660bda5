# The seed, "Cluster has memberships.hub.gke.io CRD but no identity provider specified".
runbook "register-membership-identity" {
  title       = "The fleet membership has no identity provider"
  description = <<-EOT
    Turns on the cluster's workload pool and sets the membership's identity provider to the
    cluster's own issuer, as registering with --enable-workload-identity does. An identity
    provider that is another one is replaced only when asked for.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes       = ["membership-identity-missing", "membership-identity-wrong"]

  input "issuer" {
    default     = null
    description = "URL of the issuer, for a cluster outside Google Cloud; that of the GKE cluster when not given"
  }

  input "replace" {
    type        = bool
    default     = false
    description = "Clear an identity provider that is another one, and set this; whatever trusts the old one refuses its workloads from then on"
  }

  locals {
    # What this corrects, and what follows from it. What stands for another reason is not
    # waited for.
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
    approval   = "Clears the identity provider of ${target.membership} and sets another. Whatever trusts the old one refuses its workloads from then on."

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
