# The seed, "ControlPlaneRevision stop codes": only GKE memberships are supported.
runbook "use-gke-cluster" {
  title       = "The cluster is not a GKE cluster"
  description = <<-EOT
    Tells what to do about a membership that is not that of a GKE cluster, where no managed
    control plane runs, and verifies that no revision stalls for it.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes       = ["revision-stalled"]

  step "choose" {
    instruct {
      text = <<-EOT
        ${target.membership} is not known as the membership of a GKE cluster, and the managed control
        plane runs on GKE only. Where it is one, register it as what it is:

          gcloud container fleet memberships describe ${target.name} --project ${target.fleet_project}
          gcloud container fleet memberships register ${target.name} --project ${target.fleet_project} --gke-uri https://container.googleapis.com/v1/projects/PROJECT/locations/LOCATION/clusters/CLUSTER --enable-workload-identity

        Otherwise run an in-cluster control plane there, and stop asking for a managed one:

          gcloud container fleet mesh update --management manual --memberships ${target.name} --project ${target.fleet_project}
      EOT

      verify "no_findings" {
        membership = target.membership
        codes      = ["revision-stalled:not-a-gke-cluster"]
      }
    }
  }
}
