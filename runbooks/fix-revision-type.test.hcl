test "the type is not supported" {
  fault "stop-type" {}
  after = "1h"

  expect {
    outcome = "needs-approval"
    plan    = { field = "change", found = "wait" }
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

  # The cluster no longer accepts the old value, and the undo reports it.
  undo {
    expect {
      steps    = { field = "skipped" }
      changes  = ["PATCH us-central1-connectgateway.googleapis.com */controlplanerevisions/asm-managed 422"]
      findings = []
    }
  }
}
