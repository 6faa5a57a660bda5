# The seed, "Revision(s) reporting unhealthy".
runbook "restore-service-agent-binding" {
  title       = "Revision(s) reporting unhealthy: the mesh service agent lost its role"
  description = <<-EOT
    Grants roles/anthosservicemesh.serviceAgent to the fleet's mesh service agent on the fleet
    project, the cluster's project and the network's host project, and waits until the mesh has
    noticed. Find out who took the role away, or it will be gone again: the diagnosis says so
    where the audit log shows it. Usually that is google_project_iam_policy or
    google_project_iam_binding in another configuration.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes = [
    "service-agent-binding-missing",
    "service-agent-binding-conditional",
    "service-agent-deleted",
    "service-agent-missing",
    "revisions-unhealthy",
  ]

  input "extra_projects" {
    type        = set(string)
    default     = []
    description = "Further projects on which the agent needs the role, such as hosts of other networks"
  }

  input "patience" {
    default     = "1h"
    description = "How long to wait for the mesh to notice, which takes minutes, and at times up to a day"
  }

  locals {
    projects = setunion(toset([target.fleet_project, target.project, target.network_project]), input.extra_projects)
    # What this corrects, and what follows from it. What stands for another reason is not
    # waited for.
    findings = [
      "service-agent-binding-missing",
      "service-agent-binding-conditional",
      "service-agent-deleted",
      "mesh-condition:MESH_IAM_PERMISSION_DENIED",
      "mesh-condition:MESH_IAM_CROSS_PROJECT_PERMISSION_DENIED",
      "mesh-condition:SHARED_VPC_MISSING_PERMISSIONS",
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

  # The agent comes with this API.
  step "api" {
    ensure "project_services" {
      project  = target.fleet_project
      services = ["mesh.googleapis.com"]
    }
  }

  step "grant" {
    for_each   = local.projects
    depends_on = [step.api]

    ensure "service_agent_binding" {
      project       = each.value
      fleet_project = target.fleet_project
    }
  }

  step "noticed" {
    depends_on = [step.grant]

    wait "findings_gone" {
      membership = target.membership
      codes      = local.findings
      timeout    = input.patience
      interval   = "30s"
    }
  }
}
