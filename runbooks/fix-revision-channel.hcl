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
    description = "Name of the ControlPlaneRevision; by default the cluster's managed revision"
  }

  locals {
    revision = coalesce(input.revision, target.revision)
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

  # The cluster's schema refuses every change of a revision whose type is not supported.
  step "type" {
    approval = "Sets the type of revision ${local.revision} on ${target.name} to managed_service."

    ensure "revision_type" {
      membership = target.membership
      revision   = local.revision
    }
  }

  step "field" {
    depends_on = [step.type]
    approval   = "Sets the channel of revision ${local.revision} on ${target.name}. Google upgrades its control plane with that channel."

    ensure "revision_channel" {
      membership = target.membership
      revision   = local.revision
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
