variable "fleet_project" {
  description = "ID of the fleet's host project."
  type        = string
}

variable "clusters" {
  description = "The mesh's clusters, as projects/PROJECT/locations/LOCATION/clusters/CLUSTER, each with its project's ID."
  type        = set(string)

  validation {
    condition     = alltrue([for c in var.clusters : can(regex("^projects/[^/]+/locations/[^/]+/clusters/[^/]+$", c))])
    error_message = "A cluster reads projects/PROJECT/locations/LOCATION/clusters/CLUSTER."
  }
}

variable "network_projects" {
  description = "IDs of the Shared VPC host projects whose networks the clusters use."
  type        = set(string)
  default     = []
}

variable "service_account" {
  description = "Service account to act as: one with the plan role in the drift job, one with the apply role in the apply job. Null: the caller."
  type        = string
  default     = null
}

variable "output_health" {
  description = "Write the mesh's health to the outputs. Leave it false where a job looks at the exit code of plan: see health.tf."
  type        = bool
  default     = false
}
