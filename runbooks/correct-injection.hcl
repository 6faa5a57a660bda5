# The seed, "Pod injected with istiod.istio-system".
runbook "correct-injection" {
  title       = "Pods are injected by istiod.istio-system, or not at all"
  description = <<-EOT
    Labels the namespaces whose pods no managed control plane injects, though they should be,
    with istio.io/rev and takes istio-injection away; then restarts the workloads whose pods
    have another proxy than they would get now, or none. A webhook of an in-cluster control
    plane that is left over stays: remove it with the tool that installed it.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes       = ["wrong-injection", "no-injection", "unclear-injection", "injection-label-wrong"]

  input "namespaces" {
    type        = set(string)
    default     = null
    description = "Namespaces to correct; those that are found wrong when not given"
  }

  input "revision" {
    default     = null
    description = "Revision that is to inject them; the cluster's managed one when not given"
  }

  input "stateful_sets" {
    type        = bool
    default     = false
    description = "Restart StatefulSets, too"
  }

  input "ignore_budgets" {
    type        = bool
    default     = true
    description = "Restart also where a PodDisruptionBudget leaves no room, as kubectl rollout restart does"
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
    approval = "Has revision ${local.revision} inject the pods of namespace ${each.key} on ${target.name}."

    ensure "namespace_injection" {
      membership = target.membership
      namespace  = each.key
      revision   = local.revision
    }
  }

  # Not only the namespaces that were labelled: a run that is resumed finds those right.
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
