test "a namespace is injected by istiod.istio-system" {
  fault "wrong-injection" {}
  after   = "1h"
  approve = "all"

  expect {
    plan  = { injectors = "satisfied", "labels[\"shop\"]" = "change", restart = "later" }
    steps = { labels = "changed", restart = "changed", found = "passed" }
    changes = [
      "PATCH us-central1-connectgateway.googleapis.com */namespaces/shop",
      "PATCH us-central1-connectgateway.googleapis.com */namespaces/shop/deployments/backend",
      "PATCH us-central1-connectgateway.googleapis.com */namespaces/shop/deployments/frontend",
    ]
    findings = []
  }

  again {}

  # A restart cannot be undone; the label can.
  undo {
    expect {
      steps    = { labels = "changed", restart = "skipped" }
      changes  = ["PATCH us-central1-connectgateway.googleapis.com */namespaces/shop"]
      findings = ["wrong-injection"]
    }
  }
}

test "label and restart are agreed to one by one" {
  fault "wrong-injection" {}
  after = "1h"

  expect {
    outcome = "needs-approval"
    steps   = { labels = "waiting", restart = "not-run" }
    changes = []
  }

  resume {
    approve = ["labels"]

    expect {
      outcome = "needs-approval"
      steps   = { labels = "changed", restart = "waiting" }
      changes = ["PATCH us-central1-connectgateway.googleapis.com */namespaces/shop"]
    }
  }

  resume {
    approve = ["restart"]

    expect {
      steps = { restart = "changed", found = "passed" }
      changes = [
        "PATCH us-central1-connectgateway.googleapis.com */namespaces/shop/deployments/backend",
        "PATCH us-central1-connectgateway.googleapis.com */namespaces/shop/deployments/frontend",
      ]
      findings = []
    }
  }

  again {}
}

# Another person has labelled the namespace since the run stopped.
test "a person was faster" {
  fault "wrong-injection" {}
  after = "1h"

  expect {
    outcome = "needs-approval"
    steps   = { labels = "waiting" }
    changes = []
  }

  meanwhile {
    unfault "wrong-injection" {}
    after = "10m"
  }

  resume {
    expect {
      steps    = { restart = "already", found = "passed" }
      changes  = []
      findings = []
    }
  }
}
