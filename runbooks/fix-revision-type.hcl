# Google's page, "ControlPlaneRevision stop codes": unsupported type.
runbook "fix-revision-type" {
  title       = "A ControlPlaneRevision's type is not managed_service"
  description = <<-EOT
    Sets spec.type of the ControlPlaneRevision to managed_service, the only supported type.
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
      "revision-mismatch:unsupported-revision-type",
      "revision-stalled:unsupported-revision-type",
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

  step "field" {
    for_each = local.revisions
    approval = "Sets the type of revision ${each.key} on ${target.name} to managed_service."

    ensure "revision_type" {
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
