package build

import "time"

// All is every tool that make tools leaves in .tools/bin, in the order in which they are built.
//
// Terraform and OpenTofu replace modules in their own go.mod, so they cannot be tool dependencies of
// another module: they are pinned by version and by the hash of their archive, whose go.sum pins the
// rest. Everything else is pinned by the go.mod and go.sum of a folder next to this one.
var All = []Tool{
	{
		Name:    "terraform",
		Title:   "Terraform",
		Module:  "github.com/hashicorp/terraform",
		Version: "v1.16.0",
		Sum:     "h1:FgjcYL8Rt2n+INJ+blTABAf0wFHbmnKRzo+Rx2IKSYI=",
		Package: "github.com/hashicorp/terraform",
		LDFlags: "-X github.com/hashicorp/terraform/version.dev=no",
		Prepare: removeUnshippedModules,
		Recipe:  terraformRecipe,
		// Actions and list resources need 1.14, and so does the schema that the reference is made from.
		OnPath: "v1.14.0",
		CPU:    280 * time.Second,
	},
	{
		Name:    "tofu",
		Title:   "OpenTofu",
		Module:  "github.com/opentofu/opentofu",
		Version: "v1.12.6",
		Sum:     "h1:0VT4P8pMmGcCUnQ9JDrJ+Qg2d35Vzm4FFd/9+H7oF98=",
		Package: "github.com/opentofu/opentofu/cmd/tofu",
		LDFlags: "-X github.com/opentofu/opentofu/version.dev=no",
		CPU:     380 * time.Second,
	},
	{
		Name:    "golangci-lint",
		Title:   "golangci-lint",
		Folder:  "golangci-lint",
		Module:  "github.com/golangci/golangci-lint/v2",
		Package: "github.com/golangci/golangci-lint/v2/cmd/golangci-lint",
		CPU:     110 * time.Second,
	},
	{
		Name:    "tfplugindocs",
		Title:   "tfplugindocs",
		Folder:  "tfplugindocs",
		Module:  "github.com/hashicorp/terraform-plugin-docs",
		Package: "github.com/hashicorp/terraform-plugin-docs/cmd/tfplugindocs",
		CPU:     15 * time.Second,
	},
	{
		Name:    "govulncheck",
		Title:   "govulncheck",
		Folder:  "govulncheck",
		Module:  "golang.org/x/vuln",
		Package: "golang.org/x/vuln/cmd/govulncheck",
		CPU:     5 * time.Second,
	},
}

// DemoTerraform is the oldest Terraform on PATH that make demo and the acceptance suite accept.
const DemoTerraform = "v1.11.0"
