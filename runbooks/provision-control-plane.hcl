# The seed, "Check the managed control plane status".
runbook "provision-control-plane" {
  title       = "The managed control plane is not there, or not active"
  description = <<-EOT
    Enables the fleet's mesh feature, asks for automatic management of this membership's mesh
    and has the control plane provisioned, which takes some ten minutes. While something else
    keeps the control plane from working, its provisioning is not waited for: correct that
    first, and the mesh goes on by itself or when this is run again.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes = [
    "mesh-feature-disabled",
    "mesh-not-managed",
    "mesh-management-differs",
    "spec-differs-from-state",
    "membership-not-reported",
    "control-plane-state",
    "revision-missing",
    "revision-not-ready",
    "injector-missing",
  ]

  locals {
    # What the control plane needs besides, and this runbook does not bring about.
    others = [
      for finding, runbook in step.causes.result.blocking : finding
      if runbook != "provision-control-plane"
    ]
  }

  step "feature" {
    ensure "mesh_feature" {
      fleet_project = target.fleet_project
    }
  }

  step "management" {
    depends_on = [step.feature]
    approval   = "Asks Google to manage the mesh of ${target.membership} automatically."

    ensure "mesh_management" {
      membership = target.membership
    }
  }

  step "causes" {
    depends_on = [step.management]

    assert "diagnosed" {
      membership = target.membership
      corrected  = ["mesh-feature-disabled", "mesh-not-managed", "mesh-management-differs"]
    }
  }

  # What was just asked for is not asked for again.
  step "provision" {
    when     = !step.management.changed && length(local.others) == 0
    approval = "Has Google provision the managed control plane of ${target.membership} again. Workloads keep running."
    timeout  = "45m"

    ensure "control_plane_provisioned" {
      membership = target.membership
    }
  }

  step "active" {
    when       = length(local.others) == 0
    depends_on = [step.provision]

    wait "control_plane_state" {
      membership  = target.membership
      timeout     = "45m"
      interval    = "20s"
      consecutive = 2
    }
  }

  step "revision" {
    when       = length(local.others) == 0
    depends_on = [step.active]

    wait "revision_ready" {
      membership = target.membership
      revision   = target.revision
      timeout    = "20m"
      interval   = "20s"
    }
  }

  step "injector" {
    when       = length(local.others) == 0
    depends_on = [step.revision]

    assert "injector_present" {
      membership = target.membership
      revision   = target.revision
    }

    retry {
      attempts = 10
      backoff  = "15s"
    }
  }
}
