# A configuration to rehearse with. The provider takes project and token from
# the simulator's env file.
terraform {
  required_version = ">= 1.11"

  required_providers {
    asm = {
      source = "managed-mesh/asm"
    }
  }
}

resource "asm_project_services" "fleet" {}

resource "asm_service_agent_binding" "fleet" {}

resource "asm_workload_pool" "one" {
  cluster = "projects/mesh-sim-1/locations/us-central1/clusters/cluster-1"
}

data "asm_mesh_health" "fleet" {}

check "mesh_health" {
  assert {
    condition     = data.asm_mesh_health.fleet.healthy
    error_message = "Mesh: ${data.asm_mesh_health.fleet.summary}."
  }
}
