data "asm_control_plane_revisions" "orders" {
  membership = "projects/prod-fleet/locations/europe-west1/memberships/orders"
}

# Why a revision is stalled, with what its message names.
output "stalled" {
  value = {
    for r in data.asm_control_plane_revisions.orders.revisions :
    r.name => { code = r.stop.code, variables = r.stop.variables, remedy = r.stop.remedy } if r.stop != null
  }
}
