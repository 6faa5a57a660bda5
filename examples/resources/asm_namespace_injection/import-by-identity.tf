import {
  to = asm_namespace_injection.cart
  identity = {
    membership = "projects/prod-fleet/locations/europe-west1/memberships/orders"
    namespace  = "cart"
  }
}
