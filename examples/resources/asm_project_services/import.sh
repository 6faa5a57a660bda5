# PROJECT
terraform import asm_project_services.clusters prod-clusters
