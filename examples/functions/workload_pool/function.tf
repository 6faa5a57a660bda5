# prod-clusters.svc.id.goog
output "workload_pool" {
  value = provider::asm::workload_pool("prod-clusters")
}
