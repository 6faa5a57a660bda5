test "a bundle is written, and nothing else" {
  fault "binding-revoked" {}
  after  = "1h"
  inputs = { directory = test.directory }

  expect {
    plan    = { bundle = "change" }
    steps   = { bundle = "changed" }
    changes = []
  }

  # Each run writes its own file.
  again {
    expect {
      steps   = { bundle = "changed" }
      changes = []
    }
  }

  undo {
    expect {
      steps   = { bundle = "skipped" }
      changes = []
    }
  }
}

test "the folder is not there" {
  inputs = { directory = "/nowhere/at/all" }

  expect {
    outcome = "failed"
    plan    = { bundle = "unknown" }
    changes = []
    error   = "/nowhere/at/all"
  }
}
