# Google's page, "cannot connect to the GKE cluster", with its three steps: enable the API,
# install managed mesh again, restart the workloads.
runbook "restore-connect-gateway" {
  title       = "Managed mesh cannot reach its GKE cluster: Connect Gateway is disabled"
  description = <<-EOT
    Enables connectgateway.googleapis.com on the fleet project and the cluster's project, waits
    until Connect Gateway answers, provisions the control plane again and restarts the workloads
    whose pods lack a proxy. While another problem blocks the control plane, it does neither:
    correct that problem first, then run this again for the rest.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes       = ["api-disabled", "connect-gateway-disabled", "log-connect-gateway-disabled", "log-webhook-failed"]

  input "namespaces" {
    type        = set(string)
    default     = null
    description = "Namespaces to restart; by default all that the managed control plane injects"
  }

  input "stateful_sets" {
    type        = bool
    default     = false
    description = "Also restart StatefulSets"
  }

  input "ignore_budgets" {
    type        = bool
    default     = true
    description = "Also restart where a PodDisruptionBudget allows no disruption, as kubectl rollout restart does"
  }

  locals {
    projects = toset([target.fleet_project, target.project])
    # Other causes that block the control plane, which this runbook does not correct: without
    # the fleet's feature nothing can be provisioned again.
    others = [
      for finding, runbook in step.causes.result.blocking : finding
      if finding == "mesh-feature-disabled" || runbook != "provision-control-plane" && !startswith(finding, "log-")
    ]
    # What this corrects, and its consequences. The run does not wait for findings with another
    # cause.
    findings = [
      "api-disabled:connectgateway.googleapis.com",
      "connect-gateway-disabled",
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

  step "enable-api" {
    for_each = local.projects

    ensure "project_services" {
      project  = each.value
      services = ["connectgateway.googleapis.com"]
    }
  }

  # Google: "wait a few minutes for the action to propagate to our systems".
  step "propagated" {
    depends_on = [step.enable-api]

    wait "service_usable" {
      project     = target.project
      service     = "connectgateway.googleapis.com"
      membership  = target.membership
      timeout     = "30m"
      interval    = "20s"
      consecutive = 3
    }
  }

  step "causes" {
    depends_on = [step.propagated]

    assert "diagnosed" {
      membership = target.membership
      corrected  = ["api-disabled:connectgateway.googleapis.com", "connect-gateway-disabled"]
    }
  }

  step "provision" {
    when     = length(local.others) == 0
    approval = "Provisions the managed control plane of ${target.membership} again. Workloads keep running."
    timeout  = "45m"

    ensure "control_plane_provisioned" {
      membership = target.membership
    }
  }

  step "restart" {
    when       = length(local.others) == 0
    depends_on = [step.provision]
    approval   = "Restarts the workloads on ${target.name} whose pods do not have the managed proxy, one after the other."
    timeout    = "2h"

    ensure "rolling_restart" {
      membership     = target.membership
      namespaces     = input.namespaces
      stateful_sets  = input.stateful_sets
      ignore_budgets = input.ignore_budgets
    }
  }

  step "quiet" {
    when       = length(local.others) == 0
    depends_on = [step.restart]

    assert "log_quiet" {
      projects = local.projects
      since    = "2m"
    }

    retry {
      attempts = 15
      backoff  = "30s"
    }
  }

  step "found" {
    depends_on = [step.quiet]

    wait "findings_gone" {
      membership = target.membership
      codes      = local.findings
      corrected  = [for code in local.findings : code if startswith(code, "api-disabled:")]
      timeout    = "15m"
      interval   = "20s"
    }
  }

  # What the restart leaves to a person: StatefulSets, Jobs and pods without a controller.
  step "pods" {
    when       = input.namespaces == null && length(local.others) == 0
    depends_on = [step.found]

    wait "findings_gone" {
      membership = target.membership
      codes      = ["pods-injected-elsewhere", "pods-without-proxy"]
      timeout    = "1m"
      interval   = "20s"
    }
  }
}
