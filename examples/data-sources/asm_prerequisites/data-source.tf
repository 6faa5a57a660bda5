# Everything that the mesh needs on a project and on its fleet's project:
# before a migration, or where another team owns the resources.
data "asm_prerequisites" "clusters" {
  project       = "prod-clusters"
  fleet_project = "prod-fleet"
}

# What is missing or could not be read, by prerequisite.
output "mesh_prerequisites" {
  value = {
    for p in data.asm_prerequisites.clusters.prerequisites :
    "${p.name} of ${p.subject}" => p.message
    if p.status != "met"
  }
}
