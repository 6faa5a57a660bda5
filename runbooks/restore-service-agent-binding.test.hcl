test "the role was revoked" {
  fault "binding-revoked" {}
  after = "1h"

  expect {
    plan    = { api = "satisfied", "grant[\"mesh-sim-1\"]" = "change", noticed = "wait" }
    steps   = { api = "already", grant = "changed", noticed = "passed" }
    changes = ["POST cloudresourcemanager.googleapis.com /v3/projects/mesh-sim-1:setIamPolicy"]
    world = {
      "projects[0].policy.bindings[?(@.role=='roles/anthosservicemesh.serviceAgent')].members" = ["serviceAccount:service-100000000001@gcp-sa-servicemesh.iam.gserviceaccount.com"]
    }
    findings = []
  }

  again {}

  undo {
    expect {
      steps   = { grant = "changed" }
      changes = ["POST cloudresourcemanager.googleapis.com /v3/projects/mesh-sim-1:setIamPolicy"]
      world = {
        "projects[0].policy.bindings[?(@.role=='roles/anthosservicemesh.serviceAgent')].members" = null
      }
      findings = ["service-agent-binding-missing"]
    }
  }
}

# A conditional binding of the same role stays beside the new one.
test "the role is granted only under a condition" {
  fault "binding-conditional" {}
  after = "1h"

  expect {
    steps   = { grant = "changed" }
    changes = ["POST cloudresourcemanager.googleapis.com /v3/projects/mesh-sim-1:setIamPolicy"]
    world = {
      "projects[0].policy.bindings[?(@.role=='roles/anthosservicemesh.serviceAgent')].condition.title" = "expires-2030"
    }
    findings = []
  }

  again {}

  undo {
    expect {
      changes  = ["POST cloudresourcemanager.googleapis.com /v3/projects/mesh-sim-1:setIamPolicy"]
      findings = ["service-agent-binding-conditional"]
    }
  }
}

test "the role is bound to a deleted agent" {
  fault "binding-deleted-agent" {}
  after = "1h"

  expect {
    steps    = { grant = "changed" }
    changes  = ["POST cloudresourcemanager.googleapis.com /v3/projects/mesh-sim-1:setIamPolicy"]
    findings = []
  }

  again {}
}

# IAM refuses an agent that was never generated, so it is generated, and the grant repeated.
test "the agent was never generated" {
  fault "agent-missing" {}
  after = "1h"

  expect {
    steps = { grant = "changed" }
    changes = [
      "POST cloudresourcemanager.googleapis.com /v3/projects/mesh-sim-1:setIamPolicy 400",
      "POST serviceusage.googleapis.com */services/mesh.googleapis.com:generateServiceIdentity",
      "POST cloudresourcemanager.googleapis.com /v3/projects/mesh-sim-1:setIamPolicy",
    ]
    findings = []
  }

  again {}
}

test "the cluster is in another project than the fleet" {
  world {
    projects = 2
    clusters = 2
  }

  fault "binding-revoked" { project = "mesh-sim-2" }
  after  = "1h"
  target = "projects/mesh-sim-1/locations/us-central1/memberships/cluster-2"

  expect {
    plan     = { "grant[\"mesh-sim-1\"]" = "satisfied", "grant[\"mesh-sim-2\"]" = "change" }
    changes  = ["POST cloudresourcemanager.googleapis.com /v3/projects/mesh-sim-2:setIamPolicy"]
    findings = []
  }

  again {}

  undo {
    expect {
      findings = ["service-agent-binding-missing"]
    }
  }
}

test "another client writes the policy at the same time" {
  fault "binding-revoked" {}
  fault "concurrent-write" { count = 1 }
  after = "1h"

  expect {
    changes = [
      "POST cloudresourcemanager.googleapis.com /v3/projects/mesh-sim-1:setIamPolicy 409",
      "POST cloudresourcemanager.googleapis.com /v3/projects/mesh-sim-1:setIamPolicy",
    ]
    world = {
      "projects[0].policy.bindings[?(@.role=='roles/browser')].role" = "roles/browser"
    }
    findings = []
  }

  again {}
}

# A caller without permission to write gets an error, and nothing is changed.
test "the policy may not be written" {
  fault "binding-revoked" {}
  fault "forbidden" { path = ":setIamPolicy" }
  after = "1h"

  expect {
    outcome  = "failed"
    steps    = { grant = "failed", noticed = "not-run" }
    changes  = ["POST cloudresourcemanager.googleapis.com /v3/projects/mesh-sim-1:setIamPolicy 403"]
    findings = ["service-agent-binding-missing"]
  }

  meanwhile {
    unfault "forbidden" {}
  }

  resume {
    expect {
      steps    = { grant = "changed", noticed = "passed" }
      changes  = ["POST cloudresourcemanager.googleapis.com /v3/projects/mesh-sim-1:setIamPolicy"]
      findings = []
    }
  }
}

# An undo leaves what another person has changed since.
test "an undo takes back nothing of others" {
  fault "binding-revoked" {}
  after = "1h"

  expect {
    steps = { grant = "changed" }
  }

  meanwhile {
    unfault "binding-revoked" {}
    fault "binding-conditional" {}
  }

  undo {
    expect {
      steps   = { grant = "already" }
      changes = []
    }
  }
}
