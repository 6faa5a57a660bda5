# The default set, on the provider's project.
resource "asm_project_services" "fleet" {}

# The default set and the APIs of certificates. Naming any replaces the
# default set, so it is repeated here.
resource "asm_project_services" "clusters" {
  project = "prod-clusters"
  services = [
    "connectgateway.googleapis.com",
    "container.googleapis.com",
    "gkehub.googleapis.com",
    "mesh.googleapis.com",
    "meshca.googleapis.com",
    "meshconfig.googleapis.com",
    "networksecurity.googleapis.com",
    "networkservices.googleapis.com",
    "privateca.googleapis.com",
    "trafficdirector.googleapis.com",
  ]
}
