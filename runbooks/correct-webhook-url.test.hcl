test "the injection webhook calls an old control plane" {
  fault "stop-mutating-url" {}
  after = "1h"

  expect {
    outcome = "needs-approval"
    plan    = { url = "change", found = "wait" }
    steps   = { url = "waiting", found = "not-run" }
    changes = []
  }

  resume {
    approve = ["url"]

    expect {
      steps    = { url = "changed", found = "passed" }
      changes  = ["PATCH us-central1-connectgateway.googleapis.com */mutatingwebhookconfigurations/istiod-asm-managed"]
      findings = []
    }
  }

  again {}

  undo {
    expect {
      changes  = ["PATCH us-central1-connectgateway.googleapis.com */mutatingwebhookconfigurations/istiod-asm-managed"]
      findings = ["injector-url"]
    }
  }
}

test "the validating webhook calls an old control plane" {
  fault "stop-validating-url" {}
  after   = "1h"
  approve = "all"

  expect {
    steps    = { url = "changed", found = "passed" }
    changes  = ["PATCH us-central1-connectgateway.googleapis.com */validatingwebhookconfigurations/istiod-istio-system-mcp"]
    findings = []
  }

  again {}
}
