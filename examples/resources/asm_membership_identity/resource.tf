# The cluster's workload pool comes first.
resource "asm_workload_pool" "orders" {
  cluster = "projects/prod-clusters/locations/europe-west1/clusters/orders"
}

resource "asm_membership_identity" "orders" {
  membership = "projects/prod-fleet/locations/europe-west1/memberships/orders"

  depends_on = [asm_workload_pool.orders]
}
