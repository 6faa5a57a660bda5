test "the Mesh API is off" {
  fault "mesh-api-disabled" {}
  after = "1h"

  expect {
    plan     = { enable = "change", found = "wait" }
    steps    = { enable = "changed", found = "passed" }
    changes  = ["POST serviceusage.googleapis.com /v1/projects/mesh-sim-1/services/mesh.googleapis.com:enable"]
    world    = { "projects[0].services.mesh\\.googleapis\\.com.state" = "ENABLED" }
    findings = []
  }

  again {}

  undo {
    expect {
      changes  = ["POST serviceusage.googleapis.com /v1/projects/mesh-sim-1/services/mesh.googleapis.com:disable"]
      world    = { "projects[0].services.mesh\\.googleapis\\.com.state" = "DISABLED" }
      findings = ["api-disabled:mesh.googleapis.com"]
    }
  }
}

test "the Mesh API is off on the cluster's project only" {
  world {
    projects = 2
    clusters = 2
  }

  fault "mesh-api-disabled" { project = "mesh-sim-2" }
  after  = "1h"
  target = "projects/mesh-sim-1/locations/us-central1/memberships/cluster-2"

  expect {
    plan     = { "enable[\"mesh-sim-1\"]" = "satisfied", "enable[\"mesh-sim-2\"]" = "change" }
    changes  = ["POST serviceusage.googleapis.com /v1/projects/mesh-sim-2/services/mesh.googleapis.com:enable"]
    findings = []
  }

  again {}
}

test "only the APIs that are named" {
  fault "mesh-api-disabled" {}
  after  = "1h"
  inputs = { services = ["connectgateway.googleapis.com"] }

  expect {
    outcome = "failed"
    plan    = { enable = "satisfied", found = "wait" }
    changes = []
    error   = "mesh.googleapis.com"
  }
}

test "an API takes effect late" {
  fault "mesh-api-disabled" {}
  fault "slow-propagation" { for = "2m" }
  after = "1h"

  expect {
    steps    = { enable = "changed", found = "passed" }
    changes  = ["POST serviceusage.googleapis.com /v1/projects/mesh-sim-1/services/mesh.googleapis.com:enable"]
    findings = []
  }

  again {}
}
