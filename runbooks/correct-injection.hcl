# Google's page, "Pod injected with istiod.istio-system".
runbook "correct-injection" {
  title       = "Pods are injected by istiod.istio-system, or not at all"
  description = <<-EOT
    Gives the namespaces that a managed control plane should inject, and does not, the one label
    that makes it: istio.io/rev, or istio-injection=enabled where that is there already and the
    webhook of the default tag serves it, as Google's tutorials have it. Then it restarts the workloads whose pods have no proxy,
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
    description = "Revision to inject them, or default for istio-injection=enabled; by default what each namespace is meant for"
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
    namespaces = coalesce(input.namespaces, step.injectors.result.wrong)
    # What each is meant for: a revision, which may have another beside it, or "default" for istio-injection=enabled.
    revisions = {
      for namespace in local.namespaces :
      namespace => coalesce(input.revision, lookup(step.injectors.result.meant, namespace, target.revision))
    }
  }

  step "injectors" {
    assert "injector_present" {
      membership = target.membership
      revision   = input.revision
    }
  }

  step "labels" {
    for_each = local.namespaces
    approval = "Labels namespace ${each.key} on ${target.name}, so that revision ${local.revisions[each.key]} injects its pods."

    ensure "namespace_injection" {
      membership = target.membership
      namespace  = each.key
      revision   = local.revisions[each.key]
    }
  }

  # Not only the namespaces that were labelled: a resumed run finds their labels correct.
  step "restart" {
    depends_on = [step.labels]
    approval   = "Restarts the workloads on ${target.name} whose pods do not have the proxy that they would get now, one after the other."
    timeout    = "2h"

    ensure "rolling_restart" {
      membership     = target.membership
      namespaces     = input.namespaces
      revision       = input.revision
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

  # What the restart leaves to a person: StatefulSets, Jobs and pods without a controller.
  step "pods" {
    when       = input.namespaces == null
    depends_on = [step.found]

    assert "no_findings" {
      membership = target.membership
      codes      = ["pods-injected-elsewhere", "pods-without-proxy"]
    }
  }
}
