runbook "book" {
  title = "The role, on approval"

  step "grant" {
    approval = "Grants the role."

    ensure "service_agent_binding" {
      project       = target.project
      fleet_project = target.fleet_project
    }
  }
}
