# Google's page, "Pod injected with istiod.istio-system".
runbook "correct-injection" {
  title       = "Pods are injected by istiod.istio-system, or not at all"
  description = <<-EOT
    Sets the label istio.io/rev on the namespaces that a managed control plane should inject and
    does not, and removes istio-injection; then restarts the workloads whose pods have no proxy,
    or not the one that they would get now. A left-over webhook of an in-cluster control plane
    stays: remove it with the tool that installed it.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes       = ["wrong-injection", "no-injection", "unclear-injection", "injection-label-wrong"]

  input "namespaces" {
    type        = set(string)
    default     = null
    description = "Namespaces to correct; by default those with wrong injection"
  }

  input "revision" {
    default     = null
    description = "Revision to inject them; by default the cluster's managed revision"
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
    revision   = coalesce(input.revision, target.revision)
    namespaces = coalesce(input.namespaces, step.injectors.result.wrong)
  }

  step "injectors" {
    assert "injector_present" {
      membership = target.membership
      revision   = local.revision
    }
  }

  step "labels" {
    for_each = local.namespaces
    approval = "Labels namespace ${each.key} on ${target.name}, so that revision ${local.revision} injects its pods."

    ensure "namespace_injection" {
      membership = target.membership
      namespace  = each.key
      revision   = local.revision
    }
  }

  # Not only the namespaces that were labelled: a resumed run finds their labels correct.
  step "restart" {
    depends_on = [step.labels]
    approval   = "Restarts the workloads on ${target.name} whose pods do not have the proxy of revision ${local.revision}, one after the other."
    timeout    = "2h"

    ensure "rolling_restart" {
      membership     = target.membership
      namespaces     = input.namespaces
      revision       = local.revision
      stateful_sets  = input.stateful_sets
      ignore_budgets = input.ignore_budgets
    }
  }

  step "found" {
    depends_on = [step.restart]

    wait "findings_gone" {
      membership = target.membership
      codes      = ["wrong-injection", "no-injection", "unclear-injection"]
      timeout    = "10m"
      interval   = "15s"
    }
  }
}
