import {
  to = asm_workload_pool.orders
  identity = {
    cluster = "projects/prod-clusters/locations/europe-west1/clusters/orders"
  }
}
