# "Cannot connect to the GKE cluster": Google's page on the managed control plane
# names three steps. This is all of them as one configuration: when the API was
# disabled, the next apply enables it, provisions the control plane again, and
# restarts the workloads that have no proxy. When nothing is wrong, it does nothing.

terraform {
  required_version = ">= 1.14" # actions

  required_providers {
    asm = {
      source = "managed-mesh/asm"
    }
  }
}

provider "asm" {
  project = var.project
}

variable "project" {
  description = "ID of the fleet's host project."
  type        = string
}

variable "membership" {
  description = "Full name of the cluster's fleet membership."
  type        = string
}

variable "state_dir" {
  description = "Folder that keeps the journals of runs; one that stays, where runners are thrown away."
  type        = string
  default     = null
}

# 1. Enable Connect Gateway, among the APIs that the mesh needs.
resource "asm_project_services" "fleet" {
  lifecycle {
    action_trigger {
      events = [after_create, after_update]
      actions = [
        action.asm_run_runbook.reprovision,
        action.asm_restart_workloads.restart,
      ]
    }
  }
}

# 2. Provision the managed control plane again.
action "asm_run_runbook" "reprovision" {
  config {
    source     = file("${path.module}/reprovision.hcl")
    membership = var.membership
    state_dir  = var.state_dir
  }
}

# 3. Restart the workloads whose pods lack the proxy.
action "asm_restart_workloads" "restart" {
  config {
    membership     = var.membership
    ignore_budgets = true
    state_dir      = var.state_dir
  }
}
