terraform {
  required_version = ">= 1.11"

  required_providers {
    asm = {
      source = "managed-mesh/asm"
    }
  }
}

provider "asm" {
  project = "prod-fleet" # default project of resources and data sources

  # Where the fleet lives in another project than most clusters:
  # fleet_project = "prod-fleet"

  # Without credentials here or in the environment, Application Default
  # Credentials are used, as by the google provider.
  impersonate_service_account = "mesh-apply@prod-fleet.iam.gserviceaccount.com"

  # Audit logs keep it: it shows the next reader why a policy was written.
  request_reason = "infra-live/mesh, scheduled apply"
}
