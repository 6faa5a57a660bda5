data "asm_diagnosis" "fleet" {
  fleet_projects = ["prod-fleet"]
}

# Root causes, without their consequences.
output "root_causes" {
  value = [for f in data.asm_diagnosis.fleet.findings : "${f.about}: ${f.message}" if f.root && f.severity != "info"]
}
