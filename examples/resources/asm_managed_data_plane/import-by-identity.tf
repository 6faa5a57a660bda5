import {
  to = asm_managed_data_plane.all
  identity = {
    membership = "projects/prod-fleet/locations/europe-west1/memberships/orders"
    revision   = "asm-managed"
  }
}
