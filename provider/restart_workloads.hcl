# What the action asm_restart_workloads runs, on a membership or a cluster.
runbook "restart-workloads" {
  title = "Restart workloads, so that their pods get their proxies"

  target "TARGET" {}

  input "namespaces" {
    type        = set(string)
    default     = null
    description = "Namespaces to restart; by default all that the managed control plane injects"
  }

  input "revision" {
    type        = string
    default     = null
    description = "Only pods that this revision would inject"
  }

  input "scope" {
    type    = string
    default = "needed"
  }

  input "stateful_sets" {
    type    = bool
    default = false
  }

  input "ignore_budgets" {
    type    = bool
    default = false
  }

  step "restart" {
    timeout = "4h"

    ensure "rolling_restart" {
      TARGET         = target.TARGET
      namespaces     = input.namespaces
      revision       = input.revision
      scope          = input.scope
      stateful_sets  = input.stateful_sets
      ignore_budgets = input.ignore_budgets
    }
  }
}
