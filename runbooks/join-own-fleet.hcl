# The seed, "ControlPlaneRevision stop codes": cluster project and environ project do not match.
runbook "join-own-fleet" {
  title       = "The cluster is registered in the fleet of another project"
  description = <<-EOT
    Tells how to register the cluster in the fleet of its own project, and verifies that the
    revision no longer stalls for it. Every feature of the fleet shares the membership, so a
    person plans it.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes       = ["revision-stalled"]

  step "register" {
    instruct {
      text = <<-EOT
        The control plane wants ${coalesce(target.cluster, target.membership)} in the fleet of its own project. Taking it out of
        the fleet of ${target.fleet_project} takes it away from every feature of that fleet: plan that first.

          gcloud container fleet memberships unregister ${target.name} --project ${target.fleet_project} --location MEMBERSHIP_LOCATION --gke-uri https://container.googleapis.com/v1/${coalesce(target.cluster, "CLUSTER")}
          gcloud container fleet memberships register ${target.name} --project ${target.project} --gke-uri https://container.googleapis.com/v1/${coalesce(target.cluster, "CLUSTER")} --enable-workload-identity

        Then have the mesh provisioned for the new membership:

          terraform-provider-asm runbook run provision-control-plane --membership projects/${target.project}/locations/REGION/memberships/${target.name}
      EOT

      verify "no_findings" {
        membership = target.membership
        codes      = ["revision-stalled:project-is-not-the-fleets"]
      }
    }
  }
}
