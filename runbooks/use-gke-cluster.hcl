# Google's page, "ControlPlaneRevision stop codes": only GKE memberships are supported.
runbook "use-gke-cluster" {
  title       = "The cluster is not a GKE cluster"
  description = <<-EOT
    Shows what to do about a membership of a cluster outside GKE, where no managed control plane
    runs, and verifies that no revision stalls for this reason.
  EOT
  reference   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
  fixes       = ["revision-stalled"]

  step "choose" {
    instruct {
      text = <<-EOT
        ${target.membership} is not registered as a GKE cluster, and the managed control
        plane runs on GKE only. If it is a GKE cluster, register it as one:

          gcloud container fleet memberships describe ${target.name} --project ${target.fleet_project}
          gcloud container fleet memberships register ${target.name} --project ${target.fleet_project} --gke-uri https://container.googleapis.com/v1/projects/PROJECT/locations/LOCATION/clusters/CLUSTER --enable-workload-identity

        Otherwise run an in-cluster control plane there, and set the management to manual:

          gcloud container fleet mesh update --management manual --memberships ${target.name} --project ${target.fleet_project}
      EOT

      verify "no_findings" {
        membership = target.membership
        codes      = ["revision-stalled:not-a-gke-cluster"]
      }
    }
  }
}
