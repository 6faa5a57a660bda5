# Google's page on provisioning managed mesh lists the API among those that the fleet needs.
runbook "restore-fleet-api" {
  title       = "The fleet's own API is disabled"
  description = <<-EOT
    Enables gkehub.googleapis.com on the project, and waits until the fleet's memberships can be
    read. Until then nothing else about the mesh can be diagnosed: diagnose again afterwards.
    Find out what disabled the API, or it will be disabled again.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/onboarding/provision-control-plane"
  fixes       = ["api-disabled"]

  target "project" {}

  step "enable" {
    ensure "project_services" {
      project  = target.project
      services = ["gkehub.googleapis.com"]
    }
  }

  # "Wait a few minutes for the action to propagate to our systems".
  step "propagated" {
    depends_on = [step.enable]

    wait "service_usable" {
      project     = target.project
      service     = "gkehub.googleapis.com"
      timeout     = "30m"
      interval    = "20s"
      consecutive = 3
    }
  }
}
