# The fleet's own project. Project and fleet are the provider's.
resource "asm_service_agent_binding" "fleet" {}

# A project with clusters that are registered in that fleet.
resource "asm_service_agent_binding" "clusters" {
  project       = "prod-clusters"
  fleet_project = "prod-fleet"
}

# Without the GKE Hub service agent's role, clusters of that project cannot be registered.
resource "asm_service_agent_binding" "hub" {
  project       = "prod-clusters"
  fleet_project = "prod-fleet"
  agent         = "gkehub"
}

# The Shared VPC host project of those clusters.
resource "asm_service_agent_binding" "network" {
  project       = "prod-network"
  fleet_project = "prod-fleet"
}
