test "Connect Gateway is off" {
  fault "connectgateway-disabled" {}
  after   = "1h"
  approve = "all"

  expect {
    plan  = { enable-api = "change", propagated = "wait", provision = "change", found = "wait" }
    steps = { enable-api = "changed", propagated = "passed", provision = "changed", restart = "already", quiet = "passed", found = "passed" }
    changes = [
      "POST serviceusage.googleapis.com /v1/projects/mesh-sim-1/services/connectgateway.googleapis.com:enable",
      "PATCH gkehub.googleapis.com /v1/projects/mesh-sim-1/locations/global/features/servicemesh",
    ]
    world    = { "projects[0].services.connectgateway\\.googleapis\\.com.state" = "ENABLED" }
    findings = []
  }

  again {}

  undo {
    expect {
      changes  = ["POST serviceusage.googleapis.com /v1/projects/mesh-sim-1/services/connectgateway.googleapis.com:disable"]
      findings = ["api-disabled:connectgateway.googleapis.com"]
    }
  }
}

# To enable the API needs no approval. To provision again does.
test "provision is not approved" {
  fault "connectgateway-disabled" {}
  after = "1h"

  expect {
    outcome = "needs-approval"
    steps   = { enable-api = "changed", provision = "waiting", restart = "not-run", found = "not-run" }
    changes = ["POST serviceusage.googleapis.com /v1/projects/mesh-sim-1/services/connectgateway.googleapis.com:enable"]
  }

  resume {
    approve = ["provision"]

    expect {
      steps    = { enable-api = "changed", provision = "changed", restart = "already", found = "passed" }
      changes  = ["PATCH gkehub.googleapis.com /v1/projects/mesh-sim-1/locations/global/features/servicemesh"]
      findings = []
    }
  }

  again {}
}

# Provisioning again does not help while the role is missing.
test "something else is in the way" {
  fault "connectgateway-disabled" {}
  fault "binding-revoked" {}
  after   = "1h"
  approve = "all"

  expect {
    steps    = { enable-api = "changed", provision = "skipped", restart = "skipped" }
    changes  = ["POST serviceusage.googleapis.com /v1/projects/mesh-sim-1/services/connectgateway.googleapis.com:enable"]
    findings = ["service-agent-binding-missing"]
  }
}
