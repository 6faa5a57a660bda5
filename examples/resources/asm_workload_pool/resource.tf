# Node pools without the GKE metadata server are reported and left alone.
resource "asm_workload_pool" "orders" {
  cluster = "projects/prod-clusters/locations/europe-west1/clusters/orders"
}

# Here they are changed, which recreates their nodes: one node pool after
# another, in a cluster where that is welcome.
resource "asm_workload_pool" "staging" {
  cluster            = "projects/staging-clusters/locations/europe-west1/clusters/staging"
  migrate_node_pools = true

  timeouts {
    update = "3h"
  }
}
