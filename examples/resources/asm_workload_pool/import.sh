# projects/PROJECT/locations/LOCATION/clusters/CLUSTER
terraform import asm_workload_pool.orders projects/prod-clusters/locations/europe-west1/clusters/orders
