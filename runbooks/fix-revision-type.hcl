# The seed, "ControlPlaneRevision stop codes": unsupported type.
runbook "fix-revision-type" {
  title       = "A ControlPlaneRevision's type is not managed_service"
  description = <<-EOT
    Sets spec.type of the ControlPlaneRevision to managed_service, the only type there is.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes       = ["revision-mismatch", "revision-stalled"]

  input "revision" {
    default     = null
    description = "Name of the ControlPlaneRevision; the cluster's managed one when not given"
  }

  locals {
    revision = coalesce(input.revision, target.revision)
    # What this corrects, and what follows from it. What stands for another reason is not
    # waited for.
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

  step "field" {
    approval = "Sets the type of revision ${local.revision} on ${target.name} to managed_service."

    ensure "revision_type" {
      membership = target.membership
      revision   = local.revision
    }
  }

  # The mesh tries again within 15 minutes.
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
