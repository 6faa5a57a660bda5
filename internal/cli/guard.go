package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/managed-mesh/terraform-provider-asm/internal/guard"
	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

func newGuard(version string) *cobra.Command {
	out := outputs{formats: report.GuardFormats()}
	var fleets []string
	var manifests, against string
	var live bool
	var connect connection
	cmd := &cobra.Command{
		Use:   "guard [PLAN.json...|-]",
		Short: "Say before an apply whether a plan would take away what the mesh needs",
		Long: `Read the output of "terraform show -json PLANFILE", or of OpenTofu, of any
configuration and any provider, and say whether applying the plan would take away
something that managed mesh needs: by which resource, what then happens to the
mesh, and what to write instead. It makes no request without --live.

With --live, it reads the given fleets, says of each finding which memberships it
would hit and whether the agent holds its role today, and puts those that hit most
first. No verdict changes by it.

Without --fleet-project, the mesh service agent of every fleet counts. With it,
only those of the given fleets do; a number saves the guess.

With --manifests, it judges Kubernetes YAML in the same way: namespaces,
ControlPlaneRevisions, webhooks, and the objects of Config Connector. Give what
was before with --against; an object that is gone counts as deleted.

Several plans are judged one by one: nothing orders them. Sensitive values are
used, and never printed.

Exit codes:
  0  harmless: nothing is taken away
  1  error: no verdict
  3  breaks: something that the mesh needs is taken away
  4  unknown: the plan does not say`,
		Example: `  terraform plan -out=plan
  terraform show -json plan | terraform-provider-asm guard -
  terraform-provider-asm guard plan.json --fleet-project my-fleet-project=123456789012
  terraform-provider-asm guard */plan.json --output table --output markdown=comment.md
  kustomize build overlays/prod | terraform-provider-asm guard --manifests - --against rendered/prod`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case against != "" && manifests == "":
				return errors.New("--against is what was before --manifests; give both")
			case len(args) == 0 && manifests == "":
				return errors.New("give a plan (terraform show -json), - for standard input, or --manifests")
			case manifests == "-" && slices.Contains(args, "-"):
				return errors.New("- is given twice")
			}
			options, err := guardOptions(version, fleets)
			if err != nil {
				return err
			}
			if live && len(fleets) == 0 {
				return errors.New("--live needs --fleet-project: the fleets that are to be read")
			}
			writers, err := out.open(cmd.OutOrStdout())
			if err != nil {
				return err
			}
			defer writers.close()
			var reader liveFleets
			if live {
				opened, err := connect.open(cmd.Context(), version)
				if err != nil {
					return err
				}
				reader.client = opened.Client
				if options.Fleets, err = guard.Complete(cmd.Context(), reader, options.Fleets); err != nil {
					return err
				}
			}
			g := guard.New(options)
			if err := errors.Join(guardPlans(g, cmd.InOrStdin(), args), guardManifests(g, cmd.InOrStdin(), manifests, against)); err != nil {
				return err
			}
			result := g.Result()
			if live {
				result.Live(cmd.Context(), reader, options.Fleets)
			}
			if err := writers.each(func(to io.Writer, format report.Format, o report.Options) error {
				return report.WriteGuard(to, format, result, o)
			}); err != nil {
				return err
			}
			return exit(result.ExitCode())
		},
	}
	guardFleets(cmd.Flags(), &fleets)
	cmd.Flags().BoolVar(&live, "live", false,
		"read the fleets: their numbers, the memberships that would be hit, and whether the agent holds its role today")
	connect.flags(cmd.Flags())
	cmd.Flags().StringVar(&manifests, "manifests", "", "folder of Kubernetes YAML that is to be applied, or - for standard input")
	cmd.Flags().StringVar(&against, "against", "", "folder of what was applied before, for --manifests")
	out.flag(cmd.Flags())
	cmd.AddCommand(newGuardServe(version))
	return cmd
}

func guardFleets(flags *pflag.FlagSet, fleets *[]string) {
	flags.StringArrayVar(fleets, "fleet-project", nil,
		"ID of a guarded fleet's host project, or ID=NUMBER (repeatable; default every fleet in the plan)")
}

// guardPlans judges every plan. It reports all plans that cannot be read at once.
func guardPlans(g *guard.Guard, stdin io.Reader, names []string) error {
	var failed []error
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return fmt.Errorf("%s is given twice", name)
		}
		if err := guardPlan(g, stdin, name); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

func guardManifests(g *guard.Guard, stdin io.Reader, name, against string) error {
	if name == "" {
		return nil
	}
	read := func(name string) (*guard.Manifests, error) {
		if name == "-" {
			return guard.ReadManifestStream(stdin)
		}
		return guard.ReadManifests(name)
	}
	after, err := read(name)
	if err != nil {
		return fmt.Errorf("--manifests %s: %w", name, err)
	}
	var before *guard.Manifests
	if against != "" {
		if before, err = read(against); err != nil {
			return fmt.Errorf("--against %s: %w", against, err)
		}
	}
	g.AddManifests(name, after, before)
	return nil
}

func guardPlan(g *guard.Guard, stdin io.Reader, name string) error {
	from, what := stdin, "the plan on standard input"
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("reading the plan %s: %w", name, err)
		}
		defer f.Close()
		from, what = f, "the plan "+name
	}
	if err := g.Add(name, from); err != nil {
		return fmt.Errorf("reading %s: %w", what, err)
	}
	return nil
}
