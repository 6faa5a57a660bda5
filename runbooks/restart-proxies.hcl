# Google's page, "NEEDS_ATTENTION": proxies must be restarted by hand to be upgraded.
runbook "restart-proxies" {
  title       = "Proxies could not be upgraded"
  description = <<-EOT
    Restarts the workloads whose proxies the managed data plane could not upgrade, and those whose
    proxy is not the one that they would get now, one after the other. The data plane upgrades
    by evicting pods, which PodDisruptionBudgets can block; a rollout does not evict.
    StatefulSets are restarted only on request, and pods without a controller never.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes = [
    "proxies-not-upgraded", "proxies-outdated", "data-plane-control", "pods-injected-elsewhere", "pods-without-proxy",
  ]

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

  step "restart" {
    approval = "Restarts the workloads on ${target.name} whose proxies could not be upgraded, one after the other."
    timeout  = "4h"

    ensure "rolling_restart" {
      membership     = target.membership
      namespaces     = input.namespaces
      stateful_sets  = input.stateful_sets
      ignore_budgets = input.ignore_budgets
    }
  }

  step "current" {
    depends_on = [step.restart]

    wait "proxies_current" {
      membership = target.membership
      namespaces = input.namespaces
      timeout    = "30m"
      interval   = "20s"
    }
  }
}
