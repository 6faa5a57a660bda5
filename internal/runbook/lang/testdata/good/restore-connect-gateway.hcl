# Google's page, "cannot connect to the GKE cluster", with its three steps: enable the
# API, install managed mesh again, restart the workloads.
runbook "restore-connect-gateway" {
  title     = "Managed mesh cannot reach its GKE cluster"
  reference = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes     = ["connect-gateway-disabled", "log-connect-gateway-disabled"]

  input "namespaces" {
    type        = set(string)
    default     = null
    description = "Namespaces to restart; all that are injected when not given"
  }

  input "restart" {
    type        = object({ stateful_sets = optional(bool, false), surge = optional(number, 1) })
    default     = {}
    description = "How workloads are restarted"
  }

  locals {
    namespaces = coalesce(input.namespaces, target.injected_namespaces)
    failed     = [for ns, r in step.restart : ns if r.status == "failed"]
  }

  step "enable-api" {
    ensure "project_services" {
      project  = target.project
      services = ["connectgateway.googleapis.com"]
    }
  }

  # Google: "wait a few minutes for the action to propagate to our systems".
  step "propagated" {
    when       = step.enable-api.changed
    on_failure = "undo"

    wait "api_usable" {
      project     = target.project
      service     = "connectgateway.googleapis.com"
      timeout     = "20m"
      interval    = "30s"
      consecutive = 3
    }
  }

  step "agree" {
    approve {
      message = "Re-provisions the managed control plane of ${target.membership}; ${length(local.namespaces)} namespaces are restarted afterwards."
      risk    = "high"
    }
  }

  step "reprovision" {
    depends_on = [step.propagated, step.agree]
    timeout    = "1h"

    ensure "control_plane_provisioned" {
      membership = target.membership
      again      = step.enable-api.changed
    }
  }

  step "restart" {
    for_each   = local.namespaces
    depends_on = [step.reprovision]
    approval   = "Restarts the workloads of namespace ${each.key} on ${target.name}."
    on_failure = "continue"

    ensure "rolling_restart" {
      cluster       = target.cluster
      namespace     = each.value
      revision      = step.reprovision.result.revision
      stateful_sets = input.restart.stateful_sets
      surge         = input.restart.surge
    }
  }

  step "injected" {
    assert {
      condition     = length(local.failed) == 0 && step.reprovision.status == "done"
      error_message = "These namespaces were not restarted: ${join(", ", local.failed)}."
    }
  }

  step "no-new-errors" {
    depends_on = [step.injected]

    assert "log_quiet" {
      project = target.project
      filter  = "jsonPayload.message=~\"Connect Gateway API has not been used in project\""
      within  = "10m"
    }
  }
}
