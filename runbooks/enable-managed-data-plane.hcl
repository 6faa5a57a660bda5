# The seed, "Managed data plane status", state DISABLED.
runbook "enable-managed-data-plane" {
  title       = "The managed data plane is off"
  description = <<-EOT
    Turns the managed data plane on for the cluster's managed revision, or for the namespaces
    that are named, and waits until the fleet reports it as active. From then on Google upgrades
    the proxies, by evicting pods as PodDisruptionBudgets allow.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes       = ["managed-data-plane-off"]

  input "namespaces" {
    type        = set(string)
    default     = []
    description = "Namespaces to turn it on for; the whole revision when none is given"
  }

  step "revision" {
    when = length(input.namespaces) == 0

    ensure "managed_data_plane" {
      membership = target.membership
      revision   = target.revision
    }
  }

  step "namespaces" {
    for_each = input.namespaces

    ensure "managed_data_plane" {
      membership = target.membership
      namespace  = each.key
    }
  }

  step "active" {
    depends_on = [step.revision, step.namespaces]

    wait "data_plane_state" {
      membership  = target.membership
      timeout     = "30m"
      interval    = "20s"
      consecutive = 2
    }
  }
}
