test "everything is otherwise" {
  fault "binding-revoked" {}

  expect {
    outcome  = "failed"
    plan     = { grant = "satisfied" }
    steps    = { grant = "changed" }
    error    = "no quota"
    changes  = ["POST cloudresourcemanager.googleapis.com *:setIamPolicy"]
    findings = ["api-disabled:*"]
    world    = { "projects[*].projectId" = "mesh-sim-2" }
  }

  again {}
}

test "more is written than expected" {
  fault "binding-revoked" {}
  approve = "all"

  expect {
    changes = []
  }
}

test "the second run writes" {
  fault "binding-revoked" {}
  approve = "all"

  meanwhile {
    fault "binding-revoked" {}
  }

  again {
    approve = "all"
  }
}

test "there is nothing to go on with" {
  resume {}
}

test "there is nothing to take back" {
  undo {}
}

test "the fault cannot be" {
  fault "cluster-deleted" { cluster = "cluster-7" }
}

test "the world has no such target" {
  target = "projects/mesh-sim-1/locations/us-central1/memberships/cluster-7"
}

test "this one passes" {
  expect {
    changes = []
  }
}
