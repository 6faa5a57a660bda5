# The seed, "ControlPlaneRevision stop codes": a webhook has another URL than expected.
runbook "correct-webhook-url" {
  title       = "A webhook of managed mesh calls another address than expected"
  description = <<-EOT
    Sets the URLs of the managed webhooks to those of the revision's environment, ConfigMap
    env-REVISION. Google does not overwrite a webhook that exists. How the URL is made is known
    from a fork of Google's own tool, not from Google: look at both that the plan shows. The
    journal keeps the old ones, and undo restores them.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes       = ["injector-url", "revision-stalled"]

  input "revision" {
    default     = null
    description = "Revision whose webhooks are corrected; the cluster's managed one when not given"
  }

  locals {
    revision = coalesce(input.revision, target.revision)
    # What this corrects, and what follows from it. What stands for another reason is not
    # waited for.
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

  step "url" {
    approval = "Changes what the webhooks of revision ${local.revision} on ${target.name} call. Compare each address with the new one."

    ensure "webhook_url" {
      membership = target.membership
      revision   = local.revision
    }
  }

  # The mesh tries again within 15 minutes.
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
