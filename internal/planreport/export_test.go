package planreport

import "github.com/managed-mesh/terraform-provider-asm/internal/mesh"

// Reads reports whether the drift of a kind is judged.
func Reads(kind mesh.Kind) bool { return readers[kind] != nil }
