test "a budget holds the upgrade of proxies" {
  fault "proxies-failed" {}
  after   = "1h"
  approve = "all"

  expect {
    plan     = { restart = "change", current = "wait" }
    steps    = { restart = "changed", current = "passed" }
    changes  = ["PATCH us-central1-connectgateway.googleapis.com */namespaces/shop/deployments/backend"]
    findings = []
  }

  again {}

  undo {
    expect {
      steps   = { restart = "skipped" }
      changes = []
    }
  }
}

test "the restart is not approved" {
  fault "proxies-failed" {}
  after = "1h"

  expect {
    outcome = "needs-approval"
    steps   = { restart = "waiting", current = "not-run" }
    changes = []
  }

  resume {
    approve = ["restart"]

    expect {
      steps    = { restart = "changed", current = "passed" }
      changes  = ["PATCH us-central1-connectgateway.googleapis.com */namespaces/shop/deployments/backend"]
      findings = []
    }
  }

  again {}
}

# A rollout that starts a new pod before it stops an old one does not use up a budget.
test "budgets are heeded" {
  fault "proxies-failed" {}
  after   = "1h"
  approve = "all"
  inputs  = { ignore_budgets = false }

  expect {
    steps    = { restart = "changed", current = "passed" }
    changes  = ["PATCH us-central1-connectgateway.googleapis.com */namespaces/shop/deployments/backend"]
    findings = []
  }
}

test "another namespace is left alone" {
  fault "proxies-failed" {}
  after   = "1h"
  approve = "all"
  inputs  = { namespaces = ["default"] }

  expect {
    plan    = { restart = "satisfied" }
    changes = []
  }
}
