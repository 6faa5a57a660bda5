test "the membership is not of a GKE cluster" {
  fault "stop-not-gke" {}
  after = "1h"

  expect {
    outcome  = "needs-approval"
    plan     = { choose = "person" }
    steps    = { choose = "waiting" }
    changes  = []
    findings = ["revision-stalled:not-a-gke-cluster"]
  }

  # Approval does not correct the problem.
  resume {
    approve = "all"

    expect {
      outcome = "needs-approval"
      steps   = { choose = "waiting" }
      changes = []
    }
  }

  meanwhile {
    unfault "stop-not-gke" {}
    after = "1h"
  }

  resume {
    expect {
      steps    = { choose = "passed" }
      changes  = []
      findings = []
    }
  }

  again {}
}
