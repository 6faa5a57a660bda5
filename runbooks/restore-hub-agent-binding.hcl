# asmcli, "ensure_cross_project_service_accounts".
runbook "restore-hub-agent-binding" {
  title       = "The GKE Hub service agent lacks its role on the cluster's project"
  description = <<-EOT
    Grants roles/gkehub.serviceAgent on the cluster's project to the fleet's GKE Hub service
    agent, where that is not the fleet's own project. Without it clusters of the project cannot
    be registered in the fleet. Find out who removed the role, or it will be removed again: the
    diagnosis names them if the audit log shows it.
  EOT
  reference   = "https://cloud.google.com/kubernetes-engine/fleet-management/docs/before-you-begin/gke"
  fixes       = ["hub-agent-binding-missing"]

  step "grant" {
    when = target.project != target.fleet_project

    ensure "service_agent_binding" {
      project       = target.project
      fleet_project = target.fleet_project
      agent         = "gkehub"
    }
  }

  step "found" {
    depends_on = [step.grant]

    wait "findings_gone" {
      membership = target.membership
      codes      = ["hub-agent-binding-missing"]
      timeout    = "10m"
      interval   = "10s"
    }
  }
}
