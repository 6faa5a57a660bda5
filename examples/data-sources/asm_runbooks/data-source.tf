# The runbook that corrects a missing role of the service agent, and its inputs.
data "asm_runbooks" "binding" {
  fixes = "service-agent-binding-missing"
}

output "runbooks" {
  value = { for r in data.asm_runbooks.binding.runbooks : r.name => [for i in r.inputs : i.name] }
}
