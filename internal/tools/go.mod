// The development tools: what builds, pins and checks, kept out of the provider's own module so
// that nobody who uses the provider downloads it.
module github.com/managed-mesh/terraform-provider-asm/internal/tools

go 1.26.0

require (
	github.com/gofrs/flock v0.13.1
	golang.org/x/mod v0.42.0
	golang.org/x/tools v0.51.0
)

require golang.org/x/sys v0.48.0 // indirect
