# Google's page, "ControlPlaneRevision stop codes": unsupported name, unsupported namespace.
runbook "recreate-revision" {
  title       = "A ControlPlaneRevision has an unsupported name or namespace"
  description = <<-EOT
    Deletes the ControlPlaneRevisions whose name is none of asm-managed, asm-managed-rapid and
    asm-managed-stable, or that are not in istio-system: neither can be changed. The journal
    keeps each of them whole, and undo creates it again. If the supported revision is missing,
    Google creates it when management is automatic.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes       = ["revision-mismatch", "revision-stalled"]

  locals {
    # What this corrects, and its consequences. The run does not wait for findings with another
    # cause.
    findings = [
      "revision-mismatch:unsupported-revision-name",
      "revision-mismatch:unsupported-revision-namespace",
      "revision-stalled:unsupported-revision-name",
      "revision-stalled:unsupported-revision-namespace",
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

  step "revisions" {
    assert "revisions_listed" {
      membership = target.membership
    }
  }

  step "remove" {
    for_each = step.revisions.result.unsupported
    approval = "Deletes ControlPlaneRevision ${each.key} on ${target.name}, whose name or namespace is not supported."

    ensure "revision_removed" {
      membership = target.membership
      namespace  = each.value.namespace
      revision   = each.value.name
    }
  }

  step "management" {
    depends_on = [step.remove]
    approval   = "Sets the mesh management of ${target.membership} to automatic, so that Google creates the supported revision."

    ensure "mesh_management" {
      membership = target.membership
    }
  }

  step "found" {
    depends_on = [step.management]

    wait "findings_gone" {
      membership = target.membership
      codes      = local.findings
      timeout    = "45m"
      interval   = "20s"
    }
  }
}
