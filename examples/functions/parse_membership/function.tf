locals {
  membership = provider::asm::parse_membership("//gkehub.googleapis.com/projects/prod-fleet/locations/europe-west1/memberships/orders")
}

# "prod-fleet", "europe-west1", "orders", and the name without the host.
output "membership" {
  value = [local.membership.project, local.membership.location, local.membership.name, local.membership.id]
}
