# Google's page, "Revision(s) reporting unhealthy": the mesh service agent lost its role.
runbook "restore-service-agent-binding" {
  title       = "Revision(s) reporting unhealthy: the mesh service agent lost its role"
  description = <<-EOT
    Grants roles/anthosservicemesh.serviceAgent to the fleet's mesh service agent on the
    fleet project, the cluster's project and the network's host project, and waits until
    the control plane reports that it is healthy again.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes = [
    "service-agent-binding-missing",
    "service-agent-binding-conditional",
    "service-agent-deleted",
    "service-agent-missing",
    "revisions-unhealthy",
  ]

  target "membership" {}

  input "extra_projects" {
    type        = set(string)
    default     = []
    description = "Further projects on which the agent needs the role, such as those of other networks"

    validation {
      condition     = alltrue([for p in input.extra_projects : can(workload_pool(p))])
      error_message = "These must be project IDs, not numbers."
    }
  }

  input "patience" {
    default     = "30m"
    description = "How long to wait for the mesh to notice"
  }

  locals {
    agent    = service_agent(target.fleet_number)
    projects = setunion(toset([target.fleet_project, target.project, target.network_project]), input.extra_projects)
  }

  step "apis" {
    ensure "project_services" {
      project  = target.fleet_project
      services = ["mesh.googleapis.com"]
    }
  }

  step "grant" {
    for_each   = local.projects
    depends_on = [step.apis]

    ensure "service_agent_binding" {
      project       = each.value
      fleet_project = target.fleet_project
    }

    retry {
      attempts = 5
      backoff  = "2s"
    }
  }

  step "find-the-culprit" {
    when = anytrue([for g in step.grant : g.changed])

    instruct {
      text = <<-EOT
        Something took the role from ${local.agent}: usually google_project_iam_policy or
        google_project_iam_binding in another configuration. Find it, or it will be gone again:
        %{~for project, granted in step.grant~}
        %{~if granted.changed}
          gcloud logging read 'protoPayload.methodName="SetIamPolicy"' --project=${project} --freshness=30d
        %{~endif~}
        %{~endfor}
      EOT

      verify "service_agent_binding" {
        project       = target.project
        fleet_project = target.fleet_project
      }
    }
  }

  step "healthy" {
    wait "control_plane_state" {
      membership  = target.membership
      timeout     = input.patience
      interval    = "20s"
      consecutive = 2
    }
  }
}
