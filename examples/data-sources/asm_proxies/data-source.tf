data "asm_proxies" "orders" {
  membership = "projects/prod-fleet/locations/europe-west1/memberships/orders"
}

# What to restart, and what keeps the managed data plane from doing it.
output "restart" {
  value = [
    for o in data.asm_proxies.orders.failed :
    "${o.kind} ${o.namespace}/${o.name}: ${o.why}" if o.restartable
  ]
}
