# Google's page, "cannot connect to the GKE cluster", for the other APIs that managed mesh needs.
runbook "restore-apis" {
  title       = "An API that managed mesh needs is disabled"
  description = <<-EOT
    Enables those APIs that managed mesh needs and that are disabled, on the fleet project and on
    the cluster's project. connectgateway.googleapis.com is left to restore-connect-gateway,
    which also provisions the control plane again and restarts the workloads. Find out what
    disabled the API, or it will be disabled again.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes       = ["api-disabled"]

  input "services" {
    type = set(string)
    default = [
      "container.googleapis.com",
      "gkehub.googleapis.com",
      "mesh.googleapis.com",
      "meshconfig.googleapis.com",
      "networksecurity.googleapis.com",
      "networkservices.googleapis.com",
      "trafficdirector.googleapis.com",
    ]
    description = "Names of the APIs"
  }

  locals {
    # What this corrects, and its consequences. The run does not wait for findings with another
    # cause. An API that is not named is not enabled; while it is disabled, the run does not pass.
    findings = [
      "api-disabled:container.googleapis.com",
      "api-disabled:gkehub.googleapis.com",
      "api-disabled:mesh.googleapis.com",
      "api-disabled:meshconfig.googleapis.com",
      "api-disabled:networksecurity.googleapis.com",
      "api-disabled:networkservices.googleapis.com",
      "api-disabled:trafficdirector.googleapis.com",
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
      corrected  = [for code in local.findings : code if startswith(code, "api-disabled:")]
      timeout    = "45m"
      interval   = "15s"
    }
  }
}
