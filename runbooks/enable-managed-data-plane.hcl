# Google's page, "Managed data plane status", state DISABLED.
runbook "enable-managed-data-plane" {
  title       = "The managed data plane is off"
  description = <<-EOT
    Turns on the managed data plane for the cluster's managed revisions, for some of them, or for
    the given namespaces, and waits until the fleet reports it as active. From then on Google
    upgrades the proxies: it evicts pods as PodDisruptionBudgets allow.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes       = ["managed-data-plane-off"]

  input "namespaces" {
    type        = set(string)
    default     = []
    description = "Namespaces to turn it on for; by default whole revisions"
  }

  input "revisions" {
    type        = set(string)
    default     = null
    description = "Revisions to turn it on for; by default all managed revisions of the cluster"
  }

  step "revisions" {
    when = length(input.namespaces) == 0

    assert "revisions_listed" {
      membership = target.membership
    }
  }

  step "revision" {
    for_each = length(input.namespaces) == 0 ? coalesce(input.revisions, step.revisions.result.supported) : toset([])

    ensure "managed_data_plane" {
      membership = target.membership
      revision   = each.key
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
