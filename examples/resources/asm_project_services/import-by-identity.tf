import {
  to = asm_project_services.clusters
  identity = {
    project = "prod-clusters"
  }
}
