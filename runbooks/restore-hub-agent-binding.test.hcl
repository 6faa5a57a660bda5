test "the role was revoked" {
  world {
    projects = 2
    clusters = 2
  }

  fault "hub-agent-revoked" { project = "mesh-sim-2" }
  after  = "1h"
  target = "projects/mesh-sim-1/locations/us-central1/memberships/cluster-2"

  expect {
    plan    = { grant = "change", found = "wait" }
    steps   = { grant = "changed", found = "passed" }
    changes = ["POST cloudresourcemanager.googleapis.com /v3/projects/mesh-sim-2:setIamPolicy"]
    world = {
      "projects[1].policy.bindings[?(@.role=='roles/gkehub.serviceAgent')].members" = ["serviceAccount:service-100000000001@gcp-sa-gkehub.iam.gserviceaccount.com"]
    }
    findings = []
  }

  again {}

  undo {
    expect {
      steps    = { grant = "changed" }
      changes  = ["POST cloudresourcemanager.googleapis.com /v3/projects/mesh-sim-2:setIamPolicy"]
      findings = ["hub-agent-binding-missing"]
    }
  }
}
