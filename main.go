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
	"time"

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
	signal.Ignore(syscall.SIGPIPE) // a run must not stop half-way because the reader of its progress has gone
	ctx, stop := untilSignal(context.Background())
	defer stop()
	return cli.Main(ctx, version, args, os.Stdout, os.Stderr)
}

// debounce is how long after the first signal another does nothing: a process group and coreutils' timeout deliver
// one request to end as two signals.
const debounce = time.Second

// untilSignal returns a context that the first request to end the process cancels: Ctrl-C, SIGTERM or, unless nohup
// has it ignored, the hang-up of the terminal. A later one ends the process.
func untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(ctx, ends...)
	context.AfterFunc(ctx, func() { time.AfterFunc(debounce, stop) })
	return ctx, stop
}
