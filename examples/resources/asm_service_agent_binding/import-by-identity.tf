import {
  to = asm_service_agent_binding.clusters
  identity = {
    project       = "prod-clusters"
    fleet_project = "prod-fleet"
  }
}
