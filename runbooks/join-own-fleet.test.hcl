test "the cluster is in the fleet of another project" {
  fault "stop-project" {}
  after = "1h"

  expect {
    outcome  = "needs-approval"
    plan     = { register = "person" }
    steps    = { register = "waiting" }
    changes  = []
    findings = ["revision-stalled:project-is-not-the-fleets"]
  }

  # Approval does not correct the problem.
  resume {
    approve = "all"

    expect {
      outcome = "needs-approval"
      steps   = { register = "waiting" }
      changes = []
    }
  }

  meanwhile {
    unfault "stop-project" {}
    after = "1h"
  }

  resume {
    expect {
      steps    = { register = "passed" }
      changes  = []
      findings = []
    }
  }

  again {}
}
