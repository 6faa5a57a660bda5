test "the workload pool is missing" {
  fault "workload-pool-missing" {}
  after   = "1h"
  approve = ["pool"]

  expect {
    plan     = { pool = "change", node-pools = "satisfied", found = "wait" }
    steps    = { pool = "changed", node-pools = "already", found = "passed" }
    changes  = ["PUT container.googleapis.com /v1/projects/mesh-sim-1/locations/us-central1/clusters/cluster-1"]
    world    = { "projects[0].clusters[0].workloadIdentityConfig.workloadPool" = "mesh-sim-1.svc.id.goog" }
    findings = []
  }

  again {}

  undo {
    expect {
      changes  = ["PUT container.googleapis.com /v1/projects/mesh-sim-1/locations/us-central1/clusters/cluster-1"]
      findings = ["workload-pool-missing"]
    }
  }
}

test "the workload pool is another project's" {
  fault "workload-pool-wrong" {}
  after   = "1h"
  approve = "all"

  expect {
    changes  = ["PUT container.googleapis.com /v1/projects/mesh-sim-1/locations/us-central1/clusters/cluster-1"]
    world    = { "projects[0].clusters[0].workloadIdentityConfig.workloadPool" = "mesh-sim-1.svc.id.goog" }
    findings = []
  }

  again {}
}

test "the cluster is busy" {
  fault "workload-pool-missing" {}
  fault "cluster-busy" { for = "2h" }
  after   = "1h"
  approve = "all"

  expect {
    steps    = { pool = "changed" }
    findings = []
  }
}

# The pool is approved, and the nodes are not.
test "each part needs its own approval" {
  fault "workload-pool-missing" {}
  fault "node-pool-metadata" {}
  after = "1h"

  expect {
    outcome = "needs-approval"
    steps   = { pool = "waiting", node-pools = "not-run" }
    changes = []
  }

  resume {
    approve = ["pool"]

    expect {
      outcome = "needs-approval"
      steps   = { pool = "changed", node-pools = "waiting" }
      changes = ["PUT container.googleapis.com /v1/projects/mesh-sim-1/locations/us-central1/clusters/cluster-1"]
    }
  }

  resume {
    approve = ["node-pools"]

    expect {
      steps    = { pool = "changed", node-pools = "changed", found = "passed" }
      changes  = ["PUT container.googleapis.com /v1/projects/mesh-sim-1/locations/us-central1/clusters/cluster-1/nodePools/default-pool"]
      findings = []
    }
  }

  again {}

  undo {
    expect {
      changes = [
        "PUT container.googleapis.com /v1/projects/mesh-sim-1/locations/us-central1/clusters/cluster-1/nodePools/default-pool",
        "PUT container.googleapis.com /v1/projects/mesh-sim-1/locations/us-central1/clusters/cluster-1",
      ]
      findings = ["*pool*"]
    }
  }
}
