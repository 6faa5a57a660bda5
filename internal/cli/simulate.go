package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/managed-mesh/terraform-provider-asm/internal/report"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

type simulateFlags struct {
	listen           string
	envFile          string
	faults           []string
	projects         int
	implementation   string
	defaultInjection bool
	clusters         int
	latency          time.Duration
	listFaults       bool
}

func newSimulate() *cobra.Command {
	var f simulateFlags
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Serve a simulated Google Cloud on this machine",
		Long: `Serve a simulated Google Cloud on this machine: projects, GKE clusters, a
fleet with managed mesh, and logs. Terraform, gcloud, kubectl and other clients
use it unmodified after you source the env file. Nothing leaves the machine.

It prints one line when it is ready. SIGTERM or Ctrl-C ends it.`,
		Example: `  rm -f sim.env; terraform-provider-asm simulate --env-file sim.env &
  until [ -f sim.env ]; do sleep 0.1; done; . ./sim.env
  gcloud container fleet mesh describe
  kubectl get controlplanerevisions --all-namespaces
  curl -X PUT "$ASM_SIM_URL/_sim/faults/binding-revoked"
  curl -X POST "$ASM_SIM_URL/_sim/clock?advance=15m"`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.listFaults {
				return printFaults(cmd.OutOrStdout())
			}
			return f.run(cmd.Context(), cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:0", "loopback address to listen on; port 0 takes a free one")
	flags.StringVar(&f.envFile, "env-file", "", "write the environment for clients to this file, to be sourced")
	flags.StringArrayVar(&f.faults, "fault", nil, "fault that is active from the start (repeatable; --list-faults lists them)")
	flags.IntVar(&f.projects, "projects", 1, "number of projects")
	flags.IntVar(&f.clusters, "clusters", 1, "number of clusters, spread over the projects")
	flags.StringVar(&f.implementation, "implementation", "TRAFFIC_DIRECTOR", "control plane implementation: TRAFFIC_DIRECTOR or ISTIOD")
	flags.BoolVar(&f.defaultInjection, "default-injection", false,
		"label the namespace shop istio-injection=enabled, as Google's tutorials do, instead of istio.io/rev")
	flags.DurationVar(&f.latency, "latency", 0, "delay of every answer of an API")
	flags.BoolVar(&f.listFaults, "list-faults", false, "list the faults and exit")
	return cmd
}

// validate refuses values that sim.Options would take as "the default".
func (f *simulateFlags) validate() error {
	if f.projects < 1 {
		return fmt.Errorf("--projects: %d is not a positive number", f.projects)
	}
	if f.clusters < 1 {
		return fmt.Errorf("--clusters: %d is not a positive number", f.clusters)
	}
	return nil
}

func (f *simulateFlags) run(ctx context.Context, stdout io.Writer) (err error) {
	if err := f.validate(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	server, err := sim.Start(context.WithoutCancel(ctx), sim.Options{
		Listen: f.listen, Projects: f.projects, Clusters: f.clusters, Faults: f.faults, Latency: f.latency,
		Implementation: f.implementation, DefaultInjection: f.defaultInjection,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	ready := fmt.Sprintf("ready %s (%s, %s", server.URL(), report.Plural(f.projects, "project"), report.Plural(f.clusters, "cluster"))
	if f.envFile != "" {
		if err := server.WriteEnvFile(f.envFile); err != nil {
			return err
		}
		ready += "; env file " + f.envFile
	}
	if _, err := fmt.Fprintln(stdout, ready+")"); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func printFaults(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range sim.Faults() {
		fmt.Fprintf(t, "%s\t%s\n", f.Name, f.Description)
	}
	return t.Flush()
}
