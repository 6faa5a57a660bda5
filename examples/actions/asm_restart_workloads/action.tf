# The pods of a namespace get their proxies when the namespace is labelled.
resource "asm_namespace_injection" "shop" {
  membership = "projects/prod-fleet/locations/europe-west1/memberships/orders"
  namespace  = "shop"
  revision   = "asm-managed"

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.asm_restart_workloads.shop]
    }
  }
}

action "asm_restart_workloads" "shop" {
  config {
    membership = "projects/prod-fleet/locations/europe-west1/memberships/orders"
    namespaces = ["shop"]
  }
}
