# Google's page, "Revision(s) reporting unhealthy".
runbook "restore-service-agent-binding" {
  title       = "Revision(s) reporting unhealthy: the mesh service agent lost its role"
  description = <<-EOT
    Grants roles/anthosservicemesh.serviceAgent to the fleet's mesh service agent on the fleet
    project, the cluster's project and the network's host project, and waits until the mesh
    reports it. Find out who removed the role, or it will be removed again: the diagnosis names
    them if the audit log shows it. The usual cause is google_project_iam_policy or
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
    description = "Other projects on which the agent needs the role, such as host projects of other networks"
  }

  input "patience" {
    default     = "1h"
    description = "How long to wait until the mesh reports the change; it takes minutes, sometimes up to a day"
  }

  locals {
    projects = setunion(toset([target.fleet_project, target.project, target.network_project]), input.extra_projects)
    # What this corrects, and its consequences. The run does not wait for findings with another
    # cause.
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

  # Google creates the agent with this API.
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
      corrected  = [for code in local.findings : code if startswith(code, "service-agent-")]
      timeout    = input.patience
      interval   = "30s"
    }
  }
}
