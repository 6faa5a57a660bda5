# Google's page, "Check the managed control plane status".
runbook "provision-control-plane" {
  title       = "The managed control plane is missing or not active"
  description = <<-EOT
    Enables the fleet's mesh feature, sets this membership's mesh management to automatic, and
    provisions the control plane, which takes about ten minutes. While another problem blocks
    the control plane, the run does not wait for it: correct that problem first. Provisioning
    then continues by itself, or when you run this again.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes = [
    "mesh-feature-disabled",
    "mesh-not-managed",
    "mesh-management-differs",
    "membership-at-other-location",
    "spec-differs-from-state",
    "membership-not-reported",
    "control-plane-state",
    "revision-missing",
    "revision-not-ready",
    "injector-missing",
  ]

  locals {
    # Other causes that block the control plane, which this runbook does not correct.
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
    approval   = "Sets the mesh management of ${target.membership} to automatic."

    ensure "mesh_management" {
      membership = target.membership
    }
  }

  step "causes" {
    depends_on = [step.management]

    assert "diagnosed" {
      membership = target.membership
      corrected  = ["mesh-feature-disabled", "mesh-not-managed", "mesh-management-differs", "membership-at-other-location"]
    }
  }

  # The step management has just requested it.
  step "provision" {
    when     = !step.management.changed && length(local.others) == 0
    approval = "Provisions the managed control plane of ${target.membership} again. Workloads keep running."
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

  # Whichever revisions the cluster has.
  step "found" {
    when       = length(local.others) == 0
    depends_on = [step.active]

    wait "findings_gone" {
      membership = target.membership
      codes      = ["revision-missing", "revision-not-ready", "injector-missing"]
      timeout    = "25m"
      interval   = "20s"
    }
  }
}
