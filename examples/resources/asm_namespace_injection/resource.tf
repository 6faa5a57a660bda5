resource "asm_namespace_injection" "cart" {
  membership = "projects/prod-fleet/locations/europe-west1/memberships/orders"
  namespace  = "cart"
  revision   = provider::asm::revision("regular")
}

# As Google's tutorials label it: istio-injection=enabled.
resource "asm_namespace_injection" "catalog" {
  membership = "projects/prod-fleet/locations/europe-west1/memberships/orders"
  namespace  = "catalog"
  revision   = "default"
}

# Many namespaces of one cluster, reached at its endpoint where Connect Gateway
# refuses.
resource "asm_namespace_injection" "shop" {
  for_each = toset(["checkout", "payment"])

  membership = "projects/prod-fleet/locations/europe-west1/memberships/orders"
  cluster    = "projects/prod-clusters/locations/europe-west1/clusters/orders"
  namespace  = each.key
  revision   = "asm-managed"
}
