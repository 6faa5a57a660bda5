# A whole fleet.
data "asm_mesh_health" "fleet" {
  fleet_project = "prod-fleet"
}

# One membership.
data "asm_mesh_health" "orders" {
  membership = "projects/prod-fleet/locations/europe-west1/memberships/orders"
}

# Bad health is data. A check reports it and fails nothing.
check "mesh_health" {
  assert {
    condition     = data.asm_mesh_health.fleet.healthy
    error_message = "Mesh of fleet prod-fleet: ${data.asm_mesh_health.fleet.summary}"
  }
}

# What is wrong, where, and which resource of this provider corrects it.
output "orders_findings" {
  value = [
    for f in data.asm_mesh_health.orders.findings :
    "${f.severity}: ${f.message} (corrected by ${coalesce(f.fixed_by, "hand")})"
  ]
}
