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
	{Name: "golangci-lint", Title: "golangci-lint", Folder: "golangci-lint", Module: "github.com/golangci/golangci-lint/v2",
		Package: "github.com/golangci/golangci-lint/v2/cmd/golangci-lint", CPU: 110 * time.Second},
	{Name: "gotestsum", Title: "gotestsum", Folder: "gotestsum", Module: "gotest.tools/gotestsum", Package: "gotest.tools/gotestsum",
		CPU: 5 * time.Second},
	{Name: "tfplugindocs", Title: "tfplugindocs", Folder: "tfplugindocs", Module: "github.com/hashicorp/terraform-plugin-docs",
		Package: "github.com/hashicorp/terraform-plugin-docs/cmd/tfplugindocs", CPU: 15 * time.Second},
	{Name: "govulncheck", Title: "govulncheck", Folder: "govulncheck", Module: "golang.org/x/vuln",
		Package: "golang.org/x/vuln/cmd/govulncheck", CPU: 5 * time.Second},
	// A control plane for the tests. Last, because it takes longer than all the others together. Its objects go
	// into Go's build cache like all others: that is 2.8 GB, which Go itself removes when they are not used for
	// some days, and it turns the nine minutes of the first checkout into seconds for the next.
	{Name: "kube-apiserver", Title: "Kubernetes' API server", Folder: "kube", Module: "k8s.io/kubernetes",
		Package: "k8s.io/kubernetes/cmd/kube-apiserver", LDFlags: kubernetesVersion, Asset: true, CPU: 750 * time.Second},
	{
		Name:    "kube-controller-manager",
		Title:   "Kubernetes' controller manager",
		Folder:  "kube",
		Module:  "k8s.io/kubernetes",
		Package: "k8s.io/kubernetes/cmd/kube-controller-manager",
		LDFlags: kubernetesVersion,
		Asset:   true,
		CPU:     200 * time.Second, // after the API server, with which it shares most packages
	},
	{
		Name:    "etcd",
		Title:   "etcd",
		Folder:  "kube",
		Module:  "go.etcd.io/etcd/server/v3",
		Package: "go.etcd.io/etcd/server/v3",
		Asset:   true,
		CPU:     30 * time.Second, // likewise
	},
}

// kubernetesVersion makes the servers say which release they are: clients parse it.
const kubernetesVersion = "-X k8s.io/component-base/version.gitVersion={version}" +
	" -X k8s.io/component-base/version.gitMajor={major}" +
	" -X k8s.io/component-base/version.gitMinor={minor}" +
	" -X k8s.io/component-base/version.gitTreeState=clean"

// DemoTerraform is the oldest Terraform on PATH that make demo and the acceptance suite accept.
const DemoTerraform = "v1.11.0"
