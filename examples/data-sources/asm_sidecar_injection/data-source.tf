data "asm_sidecar_injection" "orders" {
  membership = "projects/prod-fleet/locations/europe-west1/memberships/orders"
}

# Namespaces whose pods are not injected by the managed control plane, and why.
output "wrongly_injected" {
  value = { for n in data.asm_sidecar_injection.orders.namespaces : n.name => n.summary if !n.managed }
}
