# Runs when it is invoked: terraform apply -invoke=action.asm_run_runbook.orders
action "asm_run_runbook" "orders" {
  config {
    runbook    = "restore-service-agent-binding"
    membership = "projects/prod-fleet/locations/europe-west1/memberships/orders"
    reason     = "ticket 4711"
  }
}

# A runbook of your own, on approval of one of its steps.
action "asm_run_runbook" "own" {
  config {
    source     = <<-EOT
      runbook "label" {
        title = "A namespace lost its label"

        input "namespaces" {
          type = set(string)
        }

        step "label" {
          for_each = input.namespaces
          approval = "Labels $${each.value}."

          ensure "namespace_injection" {
            membership = target.membership
            namespace  = each.value
            revision   = target.revision
          }
        }
      }
    EOT
    membership = "projects/prod-fleet/locations/europe-west1/memberships/orders"
    inputs     = { namespaces = jsonencode(["shop", "cart"]) }
    approve    = ["label"]
  }
}
