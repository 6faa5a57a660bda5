# Google's page, "ControlPlaneRevision stop codes": the channel does not match the name, or is missing.
runbook "fix-revision-channel" {
  title       = "A ControlPlaneRevision's channel does not match its name"
  description = <<-EOT
    Sets spec.channel of the ControlPlaneRevision to the channel of its name: regular for
    asm-managed, rapid for asm-managed-rapid, stable for asm-managed-stable. A type other than
    managed_service is corrected first, because the cluster refuses the change of the channel
    until then.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes       = ["revision-mismatch", "revision-stalled"]

  input "revision" {
    default     = null
    description = "Name of the ControlPlaneRevision; by default every supported one"
  }

  locals {
    revisions = input.revision == null ? step.revisions.result.supported : toset([input.revision])
    # What this corrects, and its consequences. The run does not wait for findings with another
    # cause.
    findings = [
      "revision-mismatch:channel-does-not-match-name",
      "revision-mismatch:channel-missing",
      "revision-stalled:channel-does-not-match-name",
      "revision-stalled:channel-missing",
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

  # The cluster's schema refuses every change of a revision whose type is not supported.
  step "type" {
    for_each = local.revisions
    approval = "Sets the type of revision ${each.key} on ${target.name} to managed_service."

    ensure "revision_type" {
      membership = target.membership
      revision   = each.key
    }
  }

  step "field" {
    for_each   = local.revisions
    depends_on = [step.type]
    approval   = "Sets the channel of revision ${each.key} on ${target.name}. Google upgrades its control plane with that channel."

    ensure "revision_channel" {
      membership = target.membership
      revision   = each.key
    }
  }

  # The mesh checks again within 15 minutes.
  step "found" {
    depends_on = [step.field]

    wait "findings_gone" {
      membership = target.membership
      codes      = local.findings
      timeout    = "45m"
      interval   = "20s"
    }
  }
}
