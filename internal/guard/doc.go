// Package guard says, before a Terraform plan is applied, whether it would take away something that managed mesh needs:
// by which resource, what happens to the mesh then, and what to write instead. It reads plans of any configuration and
// any provider, offline, and decides by what the providers document about each type of resource (table.go).
//
// What cannot be told, such as a value that is known only after apply, is unknown and never harmless.
package guard
