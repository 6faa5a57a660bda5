# For all proxies of a revision ...
resource "asm_managed_data_plane" "all" {
  membership = "projects/prod-fleet/locations/europe-west1/memberships/orders"
  revision   = "asm-managed"
}

# ... but those of one namespace.
resource "asm_managed_data_plane" "ledger" {
  membership = "projects/prod-fleet/locations/europe-west1/memberships/orders"
  namespace  = "ledger"
  managed    = false
}
