# Google's page, "contact support": what support asks for first.
runbook "collect-evidence" {
  title       = "Collect evidence for support"
  description = <<-EOT
    Writes the diagnosis, the state of the fleet, the cluster and its revisions, and the related log
    lines into one zip file. Likely secrets are removed; review the file before you send it. It
    corrects nothing.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"

  input "directory" {
    default     = "."
    description = "Folder to write the file to"
  }

  input "since" {
    default     = "24h"
    description = "How far back logs are searched"
  }

  step "bundle" {
    ensure "evidence" {
      membership = target.membership
      directory  = input.directory
      since      = input.since
    }
  }
}
