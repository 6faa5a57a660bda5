import {
  to = asm_membership_identity.orders
  identity = {
    membership = "projects/prod-fleet/locations/europe-west1/memberships/orders"
  }
}
