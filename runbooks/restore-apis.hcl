# The seed, "cannot connect to the GKE cluster", for the other APIs that managed mesh needs.
runbook "restore-apis" {
  title       = "An API that managed mesh needs is disabled"
  description = <<-EOT
    Enables the APIs that managed mesh needs on the fleet project and on the cluster's project,
    those that are off and no other. Where connectgateway.googleapis.com is off, run
    restore-connect-gateway, which also provisions the control plane again and restarts the
    workloads. Find out what disabled the API, or it will be off again.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes       = ["api-disabled"]

  input "services" {
    type        = set(string)
    default     = null
    description = "Names of the APIs; all that managed mesh needs when not given"
  }

  locals {
    # What this corrects, and what follows from it. What stands for another reason is not
    # waited for.
    findings = [
      "api-disabled",
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

  step "enable" {
    for_each = toset([target.fleet_project, target.project])

    ensure "project_services" {
      project  = each.value
      services = input.services
    }
  }

  step "found" {
    depends_on = [step.enable]

    wait "findings_gone" {
      membership = target.membership
      codes      = local.findings
      timeout    = "10m"
      interval   = "15s"
    }
  }
}
