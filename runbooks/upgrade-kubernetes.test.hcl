test "the cluster runs Kubernetes 1.14" {
  fault "stop-kubernetes-version" {}
  after = "1h"

  expect {
    outcome  = "needs-approval"
    plan     = { upgrade = "person" }
    steps    = { upgrade = "waiting" }
    changes  = []
    findings = ["revision-stalled:unsupported-kubernetes-version"]
  }

  # Approval does not correct the problem.
  resume {
    approve = "all"

    expect {
      outcome = "needs-approval"
      steps   = { upgrade = "waiting" }
      changes = []
    }
  }

  meanwhile {
    unfault "stop-kubernetes-version" {}
    after = "1h"
  }

  resume {
    expect {
      steps    = { upgrade = "passed" }
      changes  = []
      findings = []
    }
  }

  again {}
}
