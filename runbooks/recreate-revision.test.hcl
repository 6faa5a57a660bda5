test "a revision has a name that is not supported" {
  fault "stop-name" {}
  after   = "1h"
  approve = "all"

  expect {
    plan     = { revisions = "satisfied", "remove[\"istio-system/asm-custom\"]" = "change", management = "satisfied" }
    steps    = { remove = "changed", management = "already", found = "passed" }
    changes  = ["DELETE us-central1-connectgateway.googleapis.com */namespaces/istio-system/controlplanerevisions/asm-custom"]
    findings = []
  }

  again {}

  undo {
    expect {
      changes  = ["POST us-central1-connectgateway.googleapis.com */namespaces/istio-system/controlplanerevisions"]
      findings = ["revision-mismatch:unsupported-revision-name"]
    }
  }
}

test "a revision is outside of istio-system" {
  fault "stop-namespace" {}
  after = "1h"

  expect {
    outcome = "needs-approval"
    steps   = { remove = "waiting", found = "not-run" }
    changes = []
  }

  resume {
    approve = ["remove"]

    expect {
      steps    = { remove = "changed", found = "passed" }
      changes  = ["DELETE us-central1-connectgateway.googleapis.com */namespaces/default/controlplanerevisions/asm-managed"]
      findings = []
    }
  }

  again {}
}
