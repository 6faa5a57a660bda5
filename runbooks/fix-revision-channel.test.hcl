test "the channel is not that of the name" {
  fault "stop-channel" {}
  after   = "1h"
  approve = "all"

  expect {
    plan     = { type = "satisfied", field = "change", found = "wait" }
    steps    = { field = "changed", found = "passed" }
    changes  = ["PATCH us-central1-connectgateway.googleapis.com */controlplanerevisions/asm-managed"]
    findings = []
  }

  again {}

  undo {
    expect {
      changes  = ["PATCH us-central1-connectgateway.googleapis.com */controlplanerevisions/asm-managed"]
      findings = ["revision-mismatch:channel-does-not-match-name"]
    }
  }
}

test "the channel is missing" {
  fault "stop-channel-missing" {}
  after = "1h"

  expect {
    outcome = "needs-approval"
    steps   = { field = "waiting", found = "not-run" }
    changes = []
  }

  resume {
    approve = ["field"]

    expect {
      steps    = { field = "changed", found = "passed" }
      changes  = ["PATCH us-central1-connectgateway.googleapis.com */controlplanerevisions/asm-managed"]
      findings = []
    }
  }

  again {}
}

# The cluster refuses every change of a revision whose type is not supported.
test "the type is wrong, too" {
  fault "stop-type" {}
  fault "stop-channel" {}
  after   = "1h"
  approve = "all"

  expect {
    plan  = { type = "change", field = "change" }
    steps = { type = "changed", field = "changed", found = "passed" }
    changes = [
      "PATCH us-central1-connectgateway.googleapis.com */controlplanerevisions/asm-managed",
      "PATCH us-central1-connectgateway.googleapis.com */controlplanerevisions/asm-managed",
    ]
    findings = []
  }

  again {}
}
