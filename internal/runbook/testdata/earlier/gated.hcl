runbook "gated" {
  title = "Two changes, one of which asks"
  target "membership" {}
  step "grant" {
    approval = "Grants a role on ${target.project}."
    ensure "service_agent_binding" {
      project       = target.project
      fleet_project = target.fleet_project
    }
  }
  step "services" {
    depends_on = [step.grant]
    ensure "project_services" {
      project  = target.project
      services = ["mesh.googleapis.com"]
    }
  }
}
