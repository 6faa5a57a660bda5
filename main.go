// Terraform-provider-asm keeps the prerequisites of managed Anthos Service Mesh (Cloud Service Mesh) on GKE in place.
// Terraform starts it as a provider; a person uses it as a command line.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"

	"github.com/managed-mesh/terraform-provider-asm/internal/cli"
	"github.com/managed-mesh/terraform-provider-asm/provider"
)

// version is set when a release is built.
var version = "0.1.0-dev"

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	klog.SetLogger(logr.Discard()) // client-go logs its errors on standard error, and returns them, too
	// Terraform gives a plugin this cookie; a debugger is attached to -debug.
	debug := slices.Equal(args, []string{"-debug"})
	if debug || (len(args) == 0 && os.Getenv("TF_PLUGIN_MAGIC_COOKIE") != "") {
		if err := provider.Serve(version, debug); err != nil {
			fmt.Fprintln(os.Stderr, "terraform-provider-asm: cannot serve the provider:", err)
			return 1
		}
		return 0
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // the first signal cancels the command, a second one ends the process
	return cli.Main(ctx, version, args, os.Stdout, os.Stderr)
}
