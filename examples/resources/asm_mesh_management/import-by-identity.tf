import {
  to = asm_mesh_management.orders
  identity = {
    membership = "projects/prod-fleet/locations/europe-west1/memberships/orders"
  }
}
