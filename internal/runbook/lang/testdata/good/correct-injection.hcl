# Google's page, "Pod injected with istiod.istio-system".
runbook "correct-injection" {
  title     = "Pods are injected by istiod.istio-system"
  reference = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes     = ["wrong-injection", "injection-label-wrong", "no-injection", "unclear-injection"]

  target "cluster" {}

  input "channel" {
    default     = "regular"
    description = "Release channel whose revision the namespaces are to use"

    validation {
      condition     = can(revision(input.channel))
      error_message = "${input.channel} is not a channel: regular, rapid or stable."
    }
  }

  input "debug_token" {
    default     = null
    sensitive   = true
    description = "Short-lived token for istiod's debug endpoint"
  }

  locals {
    revision = revision(input.channel)
    labels = {
      "istio.io/rev" = local.revision
    }
  }

  step "injectors" {
    assert "injector_present" {
      cluster  = target.cluster
      revision = local.revision
    }
  }

  step "labels" {
    for_each   = { for ns in target.injected_namespaces : ns => merge(local.labels, { namespace = ns }) }
    depends_on = [step.injectors]

    ensure "namespace_injection" {
      cluster   = target.cluster
      namespace = each.key
      revision  = each.value["istio.io/rev"]
    }
  }

  step "configuration" {
    when = input.debug_token != null

    assert "debug_configz" {
      cluster = target.cluster
      token   = input.debug_token
    }
  }

  step "leftover" {
    when = step.injectors.result.leftover != ""

    instruct {
      text = "The webhook ${step.injectors.result.leftover} of an in-cluster istiod is left over. When nothing uses it any more: kubectl delete mutatingwebhookconfiguration ${step.injectors.result.leftover}"

      verify {
        condition     = step.injectors.result.leftover == ""
        error_message = "The webhook is still there."
      }
    }
  }

  step "restart" {
    for_each = toset([for ns, l in step.labels : ns if l.changed])

    ensure "rolling_restart" {
      cluster   = target.cluster
      namespace = each.key
      revision  = local.revision
    }
  }
}
