terraform {
  required_version = ">= 1.11"

  required_providers {
    asm = {
      source = "managed-mesh/asm"
    }
  }
}

provider "asm" {
  project                     = var.fleet_project
  fleet_project               = var.fleet_project
  impersonate_service_account = var.service_account
}
