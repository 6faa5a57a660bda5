# What a message means, offline.
output "explained" {
  value = [
    for e in provider::asm::explain("Unsupported workload pool: prod-fleet.hub.id.goog") :
    "${e.title}: ${e.remedy}"
  ]
}
