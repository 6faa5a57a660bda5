# Google's page, "ControlPlaneRevision stop codes": cluster project and environ project do not match.
runbook "join-own-fleet" {
  title       = "The cluster is registered in another project's fleet"
  description = <<-EOT
    Shows how to register the cluster in the fleet of its own project, and verifies that the
    revision no longer stalls for this reason. All features of the fleet share the membership,
    so a person plans this.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes       = ["revision-stalled"]

  step "register" {
    instruct {
      text = <<-EOT
        The control plane requires ${coalesce(target.cluster, target.membership)} to be in the fleet of its own project. Removing it
        from the fleet of ${target.fleet_project} also removes it from every feature of that fleet: plan that first.

          gcloud container fleet memberships unregister ${target.name} --project ${target.fleet_project} --location MEMBERSHIP_LOCATION --gke-uri https://container.googleapis.com/v1/${coalesce(target.cluster, "CLUSTER")}
          gcloud container fleet memberships register ${target.name} --project ${target.project} --gke-uri https://container.googleapis.com/v1/${coalesce(target.cluster, "CLUSTER")} --enable-workload-identity

        Then provision the mesh for the new membership:

          terraform-provider-asm runbook run provision-control-plane --membership projects/${target.project}/locations/REGION/memberships/${target.name}
      EOT

      verify "no_findings" {
        membership = target.membership
        codes      = ["revision-stalled:project-is-not-the-fleets"]
      }
    }
  }
}
