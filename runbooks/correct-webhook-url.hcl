# Google's page, "ControlPlaneRevision stop codes": a webhook has an unexpected URL.
runbook "correct-webhook-url" {
  title       = "A webhook of managed mesh calls an unexpected URL"
  description = <<-EOT
    Sets the URLs of the managed webhooks to those of the revision's environment, ConfigMap
    env-REVISION. Google does not overwrite an existing webhook. The format of the URL is known
    from a fork of Google's own tool, not from Google: compare the old and the new URL in the
    plan. The journal keeps the old URLs, and undo restores them.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes       = ["injector-url", "revision-stalled"]

  input "revision" {
    default     = null
    description = "Revision whose webhooks are corrected; by default every supported one"
  }

  locals {
    revisions = input.revision == null ? step.revisions.result.supported : toset([input.revision])
    # What this corrects, and its consequences. The run does not wait for findings with another
    # cause.
    findings = [
      "injector-url",
      "revision-stalled:mutating-webhook-url",
      "revision-stalled:validating-webhook-url",
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

  # Each by its own name: a second channel is a revision of its own.
  step "revisions" {
    assert "revisions_listed" {
      membership = target.membership
    }
  }

  step "url" {
    for_each = local.revisions
    approval = "Changes the URLs that the webhooks of revision ${each.key} on ${target.name} call. Compare each old URL with the new one."

    ensure "webhook_url" {
      membership = target.membership
      revision   = each.key
    }
  }

  # The mesh checks again within 15 minutes.
  step "found" {
    depends_on = [step.url]

    wait "findings_gone" {
      membership = target.membership
      codes      = local.findings
      timeout    = "45m"
      interval   = "20s"
    }
  }
}
