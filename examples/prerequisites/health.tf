# The layout for jobs that look at the exit code of `terraform plan
# -detailed-exitcode`: the data source is at top level. Nested in the check
# block, it would be read again during every apply, which counts as a change:
# plan would exit 2 for ever.
data "asm_mesh_health" "fleet" {}

# A failed check is a warning. It changes neither the plan nor its exit code;
# a job finds it in the JSON of the plan, as drift-job/drift.sh does.
check "mesh_health" {
  assert {
    condition     = contains(["healthy", "provisioning"], data.asm_mesh_health.fleet.verdict)
    error_message = "Mesh of fleet ${var.fleet_project}: ${data.asm_mesh_health.fleet.summary}."
  }
}

# Root outputs are part of the plan: with this one on, plan exits 2 when the
# health changes, and again when it recovers, until an apply stores the new
# value.
output "mesh_health" {
  description = "Health of the mesh when it was last applied; null unless output_health is true."
  value = var.output_health ? {
    verdict  = data.asm_mesh_health.fleet.verdict
    summary  = data.asm_mesh_health.fleet.summary
    findings = [for f in data.asm_mesh_health.fleet.findings : "${f.severity}: ${f.subject}: ${f.message}"]
  } : null
}
