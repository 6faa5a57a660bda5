package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

type diagnoseFlags struct {
	connection
	fleets, memberships, clusters, hosts []string
	baseline, suppressions               string
	failOn                               string
	since                                time.Duration
	concurrency                          int
	timeout                              time.Duration
	noClusters                           bool
	outputs                              outputs
}

func newDiagnose(version string) *cobra.Command {
	var f diagnoseFlags
	cmd := &cobra.Command{
		Use:   "diagnose",
		Short: "Find the root causes of problems with managed mesh",
		Long: `Find the root causes of problems with the managed mesh of fleets, memberships or
clusters. It changes nothing. Where a read is refused, the verdict is unknown and
the report names the missing permission; everything else is judged.

Without --fleet-project, --membership and --cluster, it diagnoses the fleet of
GOOGLE_PROJECT. Credentials come from the environment, as for Terraform's google
provider: GOOGLE_OAUTH_ACCESS_TOKEN, GOOGLE_CREDENTIALS, or Application Default
Credentials.

Exit codes: 0 clean, 1 error, 2 a prerequisite needs correction, 3 the mesh is
unhealthy though its prerequisites are met, 4 unknown.`,
		Example: `  terraform-provider-asm diagnose --fleet-project prod-fleet
  terraform-provider-asm diagnose --membership projects/prod-fleet/locations/europe-west1/memberships/orders
  terraform-provider-asm diagnose --fleet-project prod-fleet --output table --output html=report.html --output json=today.json
  terraform-provider-asm diagnose --fleet-project prod-fleet --baseline yesterday.json --fail-on new`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd, version) },
	}
	flags := cmd.Flags()
	f.targetFlags(flags)
	flags.StringVar(&f.baseline, "baseline", "", "earlier report as JSON; findings that it lacks are marked as new")
	flags.IntVar(&f.concurrency, "concurrency", 64, "clusters to read at once")
	flags.DurationVar(&f.timeout, "timeout", 30*time.Second,
		"how long to repeat reads that fail or are not answered, all together; what cannot be read is unknown")
	flags.BoolVar(&f.noClusters, "no-clusters", false, "read only Google's APIs, not the clusters")
	f.outputs.flag(flags)
	flags.BoolVar(&f.outputs.details, "details", false, "in the table, also evidence, remedies and every consequence; other formats have all")
	f.flags(flags)
	return cmd
}

// targetFlags adds the flags that remediate has, too.
func (f *diagnoseFlags) targetFlags(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.fleets, "fleet-project", nil, "ID or number of a fleet's host project, for all its memberships (repeatable)")
	flags.StringArrayVar(&f.memberships, "membership", nil, "projects/PROJECT/locations/LOCATION/memberships/MEMBERSHIP (repeatable)")
	flags.StringArrayVar(&f.clusters, "cluster", nil, "projects/PROJECT/locations/LOCATION/clusters/CLUSTER (repeatable)")
	flags.StringArrayVar(&f.hosts, "host-project", nil, "Shared VPC host project, where the service agent needs its role, too (repeatable)")
	flags.StringVar(&f.suppressions, "suppressions", "", "file of known findings to suppress, each with a reason and an expiry date")
	flags.StringVar(&f.failOn, "fail-on", string(diagnosis.FailDegraded), "least problem for an exit code other than 0: "+failOns())
	flags.DurationVar(&f.since, "since", 24*time.Hour, "how far back to search the logs of what has a problem; 0 searches none")
}

func failOns() string {
	var names []string
	for _, on := range diagnosis.FailOns() {
		names = append(names, string(on))
	}
	return strings.Join(names, ", ")
}

func (f *diagnoseFlags) run(cmd *cobra.Command, version string) error {
	options, err := f.options(version)
	if err != nil {
		return err
	}
	sinks, err := f.outputs.open(cmd.OutOrStdout())
	if err != nil {
		return err
	}
	defer sinks.close()
	ctx := wait.WithRetryBudget(cmd.Context(), wait.Real, f.timeout)
	reader, err := f.open(ctx, version)
	if err != nil {
		return err
	}
	progress := newProgress(cmd.ErrOrStderr())
	options.Progress = progress.update
	report, err := diagnosis.Run(ctx, reader, options)
	progress.done()
	if errors.Is(err, context.Canceled) {
		return errors.New("interrupted; nothing was changed")
	}
	if err != nil {
		return err
	}
	if err := sinks.write(report); err != nil {
		return err
	}
	return exit(report.ExitCode(diagnosis.FailOn(f.failOn)))
}

// options checks the flags before any request is made. It reports all mistakes at once.
func (f *diagnoseFlags) options(version string) (diagnosis.Options, error) {
	o := diagnosis.Options{Since: f.since, Concurrency: f.concurrency, NoClusters: f.noClusters, Tool: "terraform-provider-asm " + version}
	var wrong []error
	for flag, projects := range map[string][]string{"--fleet-project": f.fleets, "--host-project": f.hosts} {
		for _, p := range projects {
			if err := mesh.CheckProject(p); err != nil {
				wrong = append(wrong, fmt.Errorf("%s: %w", flag, err))
			}
		}
	}
	o.FleetProjects, o.HostProjects = f.fleets, f.hosts
	for _, name := range f.memberships {
		m, err := mesh.ParseMembership(name)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("--membership: %w", err))
		}
		o.Memberships = append(o.Memberships, m)
	}
	for _, name := range f.clusters {
		c, err := mesh.ParseCluster(name)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("--cluster: %w", err))
		}
		o.Clusters = append(o.Clusters, c)
	}
	if len(f.fleets)+len(f.memberships)+len(f.clusters) == 0 {
		project := gcp.FirstOf(gcp.ProjectVariables...)
		if project == "" {
			wrong = append(wrong, errors.New("name what to diagnose: give --fleet-project, --membership or --cluster, or set GOOGLE_PROJECT"))
		}
		o.FleetProjects = []string{project}
		if project != "" {
			if err := mesh.CheckProject(project); err != nil {
				wrong = append(wrong, fmt.Errorf("%s: %w", gcp.ProjectVariables[0], err))
			}
		}
	}
	if !slices.Contains(diagnosis.FailOns(), diagnosis.FailOn(f.failOn)) {
		wrong = append(wrong, fmt.Errorf("--fail-on: %q is not one of %s", f.failOn, failOns()))
	}
	if f.failOn == string(diagnosis.FailNew) && f.baseline == "" {
		wrong = append(wrong, errors.New("--fail-on new: give the report to compare with in --baseline"))
	}
	if f.concurrency < 1 {
		wrong = append(wrong, fmt.Errorf("--concurrency: %d is less than 1", f.concurrency))
	}
	if f.timeout < 0 {
		wrong = append(wrong, fmt.Errorf("--timeout: %s is negative", f.timeout))
	}
	if f.since < 0 {
		wrong = append(wrong, fmt.Errorf("--since: %s is negative", f.since))
	}
	var err error
	if o.Baseline, err = readFile(f.baseline, "--baseline", diagnosis.ReadReport); err != nil {
		wrong = append(wrong, err)
	}
	if o.Suppressions, err = readFile(f.suppressions, "--suppressions", diagnosis.ReadSuppressions); err != nil {
		wrong = append(wrong, err)
	}
	return o, errors.Join(wrong...)
}

// readFile reads the file that a flag names. Without one it returns the zero value.
func readFile[T any](path, flag string, read func(from io.Reader) (T, error)) (T, error) {
	var none T
	if path == "" {
		return none, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return none, fmt.Errorf("%s: %w", flag, err)
	}
	defer file.Close()
	what, err := read(file)
	if err != nil {
		return none, fmt.Errorf("%s %s: %w", flag, path, err)
	}
	return what, nil
}
