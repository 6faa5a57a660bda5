# What managed mesh needs, on every project it touches.

locals {
  cluster_projects = toset([for c in var.clusters : split("/", c)[1]])

  # The APIs are needed where the fleet and the clusters are.
  mesh_projects = setunion([var.fleet_project], local.cluster_projects)

  # The service agent's role is also needed on the networks' projects.
  bound_projects = setunion(local.mesh_projects, var.network_projects)
}

resource "asm_project_services" "mesh" {
  for_each = local.mesh_projects

  project = each.value
}

resource "asm_service_agent_binding" "mesh" {
  for_each = local.bound_projects

  project = each.value

  # The agent belongs to an API: that goes first.
  depends_on = [asm_project_services.mesh]
}

resource "asm_workload_pool" "mesh" {
  for_each = var.clusters

  cluster = each.value
}
