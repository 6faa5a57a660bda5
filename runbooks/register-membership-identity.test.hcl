test "the identity provider is missing" {
  fault "identity-provider-missing" {}
  after = "1h"

  expect {
    plan     = { pool = "satisfied", identity = "change", replaced-identity = "skipped", found = "wait" }
    steps    = { pool = "already", identity = "changed", found = "passed" }
    changes  = ["PATCH gkehub.googleapis.com /v1/projects/mesh-sim-1/locations/us-central1/memberships/cluster-1"]
    world    = { "projects[0].fleet.memberships[0].authority.issuer" = "https://container.googleapis.com/v1/projects/mesh-sim-1/locations/us-central1/clusters/cluster-1" }
    findings = []
  }

  again {}

  undo {
    expect {
      changes  = ["PATCH gkehub.googleapis.com /v1/projects/mesh-sim-1/locations/us-central1/memberships/cluster-1"]
      world    = { "projects[0].fleet.memberships[0].authority" = null }
      findings = ["membership-identity-missing"]
    }
  }
}

# Systems that trust only the old identity provider then refuse the workloads. A provider other
# than the GKE cluster's own does not verify, and undo restores the old one.
test "another identity provider is set only on approval" {
  inputs = {
    issuer  = "https://issuer.example.com"
    replace = true
  }

  expect {
    outcome = "needs-approval"
    steps   = { pool = "already", identity = "skipped", replaced-identity = "waiting" }
    changes = []
  }

  resume {
    approve = ["replaced-identity"]

    expect {
      outcome = "failed"
      steps   = { replaced-identity = "changed", found = "failed" }
      changes = [
        "PATCH gkehub.googleapis.com /v1/projects/mesh-sim-1/locations/us-central1/memberships/cluster-1",
        "PATCH gkehub.googleapis.com /v1/projects/mesh-sim-1/locations/us-central1/memberships/cluster-1",
      ]
      error    = "https://issuer.example.com instead of https://container.googleapis.com/"
      findings = ["membership-identity-wrong*"]
    }
  }

  undo {
    expect {
      changes = [
        "PATCH gkehub.googleapis.com /v1/projects/mesh-sim-1/locations/us-central1/memberships/cluster-1",
        "PATCH gkehub.googleapis.com /v1/projects/mesh-sim-1/locations/us-central1/memberships/cluster-1",
      ]
      world    = { "projects[0].fleet.memberships[0].authority.issuer" = "https://container.googleapis.com/v1/projects/mesh-sim-1/locations/us-central1/clusters/cluster-1" }
      findings = []
    }
  }
}
