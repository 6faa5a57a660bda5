package cli

import (
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/managed-mesh/terraform-provider-asm/internal/rehearsal"
	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

type rehearseFlags struct {
	run      string
	parallel int
	outputs  outputs
}

func newRunbookTest(p program) *cobra.Command {
	f := rehearseFlags{outputs: outputs{formats: []report.Format{report.Table, report.JUnit}}}
	cmd := &cobra.Command{
		Use:   "test FILE|FOLDER...",
		Short: "Test runbooks against the simulator",
		Long: `Test runbooks: each test in a file NAME.test.hcl beside NAME.hcl starts a
simulated Google Cloud, breaks something in it, runs the runbook there, and
compares the result with its expectations. For a folder, it runs all its files
*.test.hcl. Nothing leaves the machine, and waits take no time.

Exit codes: 0 all passed, 1 a test failed or a file has a mistake.`,
		Example: `  terraform-provider-asm runbook test runbooks/
  terraform-provider-asm runbook test runbooks/restart.test.hcl --run approval --output table --output junit=runbooks.xml`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.rehearse(cmd, p, args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.run, "run", "", "regular expression for the names of the tests to run")
	flags.IntVar(&f.parallel, "parallel", 0, "tests at a time (default the number of processors)")
	f.outputs.flag(flags)
	return cmd
}

func (f *rehearseFlags) rehearse(cmd *cobra.Command, p program, args []string) error {
	o := rehearsal.Options{Parallel: f.parallel, Version: p.version}
	var wrong error
	if f.parallel < 0 {
		wrong = fmt.Errorf("--parallel: %d is negative", f.parallel)
	}
	if f.run != "" {
		var err error
		if o.Run, err = regexp.Compile(f.run); err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("--run: %w", err))
		}
	}
	files, err := rehearsal.LoadAll(args...)
	if err = errors.Join(wrong, err); err != nil {
		return err
	}
	sinks, err := f.outputs.open(cmd.OutOrStdout())
	if err != nil {
		return err
	}
	defer sinks.close()
	r, err := rehearsal.Run(cmd.Context(), files, o)
	if err != nil {
		return err
	}
	err = sinks.list(&report.List{JUnit: r.JUnit, Table: func(w io.Writer, _ report.Options) error { return r.WriteText(w) }})
	switch {
	case err != nil:
		return err
	case len(r.Results) == 0:
		return errors.New("no test ran: no name matches")
	case r.Failed() > 0:
		return exit(exitError)
	}
	return nil
}
