package cli

import (
	"context"
	"errors"

	"github.com/spf13/pflag"
	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/fleet"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// jobFlags name a runbook, its inputs and its targets.
type jobFlags struct {
	targetFlags
	bookFlags
	inputFlags
}

func (f *jobFlags) flags(flags *pflag.FlagSet) {
	f.targetFlags.flags(flags)
	f.bookFlags.flags(flags)
	f.inputFlags.flags(flags)
}

// order is a runbook with its inputs and targets.
type order struct {
	runbook   *lang.Runbook
	file      *lang.File
	inputs    map[string]cty.Value
	selection fleet.Selection
}

// read checks the flags before any request is made. It reports all mistakes at once.
func (f *jobFlags) read(flags *pflag.FlagSet, args []string) (*order, error) {
	name := ""
	if len(args) > 0 {
		name = args[0]
	}
	o := &order{}
	var wrong [3]error
	o.runbook, o.file, wrong[0] = f.find(name)
	if wrong[0] == nil {
		o.inputs, wrong[1] = f.inputFlags.read(o.runbook)
	}
	if wrong[0] == nil && wrong[1] == nil {
		_, diags := lang.NewScope(o.runbook, kinds.Catalogue(), o.inputs, cty.NilVal)
		if diags.HasErrors() {
			wrong[1] = &runbook.Mistakes{Diags: diags, File: o.file}
		}
	}
	o.selection, wrong[2] = f.selection(flags)
	// A secret input may not be declared sensitive.
	return o, quiet(journal.NewRedactor(), errors.Join(wrong[:]...))
}

// jobs finds the targets, and returns a job for each.
func (o *order) jobs(ctx context.Context, e *engine.Engine, name string) ([]runbook.Job, error) {
	targets, err := fleet.Targets(ctx, e, o.runbook, o.selection)
	if err != nil {
		return nil, err
	}
	jobs := make([]runbook.Job, len(targets))
	for i, t := range targets {
		jobs[i] = runbook.Job{Runbook: o.runbook, File: o.file, Inputs: o.inputs, Target: t, Name: name}
	}
	return jobs, nil
}
