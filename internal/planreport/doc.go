// Package planreport reads a Terraform plan as JSON and gives one verdict for drift and checks together. Terraform's
// own exit code does not: it is 2 for ever with a data source nested in a check block, and a failed check never changes
// it (hashicorp/terraform#35226 and #33174).
package planreport
