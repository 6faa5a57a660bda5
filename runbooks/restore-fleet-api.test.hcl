test "the API is enabled" {
  after = "1h"

  expect {
    plan     = { enable = "satisfied", propagated = "satisfied" }
    steps    = { enable = "already", propagated = "passed" }
    changes  = []
    findings = []
  }

  again {}
}
