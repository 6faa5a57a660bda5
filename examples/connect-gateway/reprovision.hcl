# The second of the three steps; the first is a resource, the third an action.
runbook "reprovision" {
  title     = "Connect Gateway was disabled: provision the managed control plane again"
  reference = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"

  # Google: "wait a few minutes for the action to propagate to our systems".
  step "propagated" {
    wait "service_usable" {
      project     = target.fleet_project
      service     = "connectgateway.googleapis.com"
      membership  = target.membership
      timeout     = "30m"
      interval    = "10s"
      consecutive = 2
    }
  }

  step "provision" {
    depends_on = [step.propagated]
    timeout    = "45m"

    ensure "control_plane_provisioned" {
      membership = target.membership
    }
  }

  step "revision" {
    depends_on = [step.provision]

    wait "revision_ready" {
      membership = target.membership
      revision   = target.revision
      timeout    = "20m"
      interval   = "10s"
    }
  }
}
