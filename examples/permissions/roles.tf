# The two roles of plan.yaml and apply.yaml, made once for the organisation,
# and who holds them on one project. Repeat the grants on every project that
# the configuration names, or grant them on a folder that holds all of them.
terraform {
  required_providers {
    google = {
      source = "hashicorp/google"
    }
  }
}

variable "org_id" {
  type = string
}

variable "project" {
  type = string
}

variable "planner" {
  description = "Identity of the drift job, such as serviceAccount:mesh-plan@prod-fleet.iam.gserviceaccount.com."
  type        = string
}

variable "applier" {
  description = "Identity of the apply job."
  type        = string
}

locals {
  plan  = yamldecode(file("${path.module}/plan.yaml"))
  apply = yamldecode(file("${path.module}/apply.yaml"))

  # Granted by a role of its own, because it needs a condition of its own.
  set_policy = "resourcemanager.projects.setIamPolicy"
}

resource "google_organization_iam_custom_role" "plan" {
  org_id      = var.org_id
  role_id     = "asmPlan"
  title       = local.plan.title
  description = local.plan.description
  permissions = local.plan.includedPermissions
}

resource "google_organization_iam_custom_role" "apply" {
  org_id      = var.org_id
  role_id     = "asmApply"
  title       = local.apply.title
  description = local.apply.description
  permissions = setsubtract(local.apply.includedPermissions, [local.set_policy])
}

resource "google_organization_iam_custom_role" "grant" {
  org_id      = var.org_id
  role_id     = "asmGrant"
  title       = "Managed mesh, grant"
  description = "What the asm provider needs to grant the mesh service agent its role."
  permissions = [local.set_policy]
}

resource "google_project_iam_member" "plan" {
  project = var.project
  role    = google_organization_iam_custom_role.plan.id
  member  = var.planner
}

resource "google_project_iam_member" "apply" {
  project = var.project
  role    = google_organization_iam_custom_role.apply.id
  member  = var.applier
}

# A caller that may write the policy may grant itself anything, unless a condition
# limits the roles that it may grant and revoke.
resource "google_project_iam_member" "grant" {
  project = var.project
  role    = google_organization_iam_custom_role.grant.id
  member  = var.applier

  condition {
    title      = "mesh-service-agent-role-only"
    expression = "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly(['roles/anthosservicemesh.serviceAgent'])"
  }
}
