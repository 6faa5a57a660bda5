test "the fleet's mesh feature is off" {
  fault "feature-disabled" {}
  after   = "1h"
  approve = ["management"]

  expect {
    plan  = { feature = "change", management = "change" }
    steps = { feature = "changed", management = "changed", provision = "skipped", active = "passed", found = "passed" }
    changes = [
      "POST gkehub.googleapis.com /v1/projects/mesh-sim-1/locations/global/features",
      "PATCH gkehub.googleapis.com /v1/projects/mesh-sim-1/locations/global/features/servicemesh",
    ]
    findings = []
  }

  again {}

  undo {
    expect {
      changes = [
        "PATCH gkehub.googleapis.com /v1/projects/mesh-sim-1/locations/global/features/servicemesh",
        "DELETE gkehub.googleapis.com /v1/projects/mesh-sim-1/locations/global/features/servicemesh",
      ]
      findings = ["mesh-feature-disabled"]
    }
  }
}

test "management is manual" {
  fault "management-manual" {}
  after   = "1h"
  approve = "all"

  expect {
    plan     = { feature = "satisfied", management = "change" }
    steps    = { feature = "already", management = "changed", active = "passed" }
    changes  = ["PATCH gkehub.googleapis.com /v1/projects/mesh-sim-1/locations/global/features/servicemesh"]
    findings = []
  }

  again {}

  undo {
    expect {
      changes  = ["PATCH gkehub.googleapis.com /v1/projects/mesh-sim-1/locations/global/features/servicemesh"]
      findings = ["spec-differs-from-state:MANAGEMENT_MANUAL"]
    }
  }
}

test "nothing is approved" {
  fault "management-manual" {}
  after = "1h"

  expect {
    outcome = "needs-approval"
    steps   = { feature = "already", management = "waiting", active = "not-run" }
    changes = []
  }

  resume {
    approve = ["management"]

    expect {
      changes  = ["PATCH gkehub.googleapis.com /v1/projects/mesh-sim-1/locations/global/features/servicemesh"]
      findings = []
    }
  }

  again {}
}

# The control plane cannot be provisioned without its role.
test "something else is in the way" {
  fault "management-manual" {}
  fault "binding-revoked" {}
  after   = "1h"
  approve = "all"

  expect {
    steps    = { management = "changed", provision = "skipped", active = "skipped" }
    changes  = ["PATCH gkehub.googleapis.com /v1/projects/mesh-sim-1/locations/global/features/servicemesh"]
    findings = ["service-agent-binding-missing"]
  }
}
