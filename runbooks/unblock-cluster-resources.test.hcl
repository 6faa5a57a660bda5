test "a webhook that does not answer is in the way" {
  fault "stop-cluster-resources" {}
  after = "1h"

  expect {
    outcome  = "needs-approval"
    plan     = { unblock = "person" }
    steps    = { unblock = "waiting" }
    changes  = []
    findings = ["revision-stalled:cluster-resources-not-updated"]
  }

  # Approval does not correct the problem.
  resume {
    approve = "all"

    expect {
      outcome = "needs-approval"
      steps   = { unblock = "waiting" }
      changes = []
    }
  }

  meanwhile {
    unfault "stop-cluster-resources" {}
    after = "1h"
  }

  resume {
    expect {
      steps    = { unblock = "passed" }
      changes  = []
      findings = []
    }
  }

  again {}
}
