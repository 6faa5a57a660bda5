test "the revision does not ask for a managed data plane" {
  expect {
    plan     = { revisions = "satisfied", "revision[\"asm-managed\"]" = "change" }
    steps    = { revision = "changed", active = "passed" }
    changes  = ["PATCH us-central1-connectgateway.googleapis.com */controlplanerevisions/asm-managed"]
    findings = []
  }

  again {}

  undo {
    expect {
      changes = ["PATCH us-central1-connectgateway.googleapis.com */controlplanerevisions/asm-managed"]
    }
  }
}

test "for a namespace alone" {
  inputs = { namespaces = ["shop"] }

  expect {
    plan     = { revisions = "skipped", "namespaces[\"shop\"]" = "change" }
    steps    = { revisions = "skipped", namespaces = "changed", active = "passed" }
    changes  = ["PATCH us-central1-connectgateway.googleapis.com */namespaces/shop"]
    findings = []
  }

  again {}

  undo {
    expect {
      changes = ["PATCH us-central1-connectgateway.googleapis.com */namespaces/shop"]
    }
  }
}
