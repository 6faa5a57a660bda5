resource "asm_mesh_management" "orders" {
  membership = "projects/prod-fleet/locations/europe-west1/memberships/orders"
}

# With permissions on this one membership alone, and not on the fleet's feature.
resource "asm_mesh_management" "staging" {
  membership  = "projects/staging-fleet/locations/europe-west1/memberships/staging"
  management  = "MANAGEMENT_AUTOMATIC"
  api_version = "v2"
}
