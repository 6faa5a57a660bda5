package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/report"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
)

// rehearsal is one test while it runs.
type rehearsal struct {
	test    *Test
	version string
	result  Result
	line    int // of what is being done

	world     *world
	directory string // of the test's own files
	state     string // folder of the runs
	inputs    map[string]cty.Value
	target    runbook.Target
	first     string // run of the runbook that began first, or ""
	last      string // run that began last, or ""
}

// run starts the world and executes the test's phases until one differs from what the
// test expects. It returns an error if it could not run them.
func (r *rehearsal) run(ctx context.Context, lost context.CancelCauseFunc) (err error) {
	r.line = r.test.Line
	folder, err := os.MkdirTemp("", "rehearsal-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	r.state, r.directory = filepath.Join(folder, "runs"), filepath.Join(folder, "directory")
	if err := os.Mkdir(r.directory, 0o700); err != nil {
		return err
	}
	if r.world, err = newWorld(ctx, r.test.world, lost); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.world.close()) }()
	if err := r.setUp(ctx); err != nil {
		return err
	}
	for _, p := range r.test.phases {
		r.line = p.line
		if err := r.phase(ctx, p); err != nil {
			return err
		}
		if len(r.result.Failures) > 0 {
			return nil // later phases would fail because of this
		}
	}
	return nil
}

// setUp switches the test's faults on and finds the target of the runbook.
func (r *rehearsal) setUp(ctx context.Context) error {
	if r.test.inputs != nil {
		values, diags := evaluateInputs(r.test.inputs, r.directory)
		if diags.HasErrors() {
			return errors.New(diags[0].Detail)
		}
		r.inputs = values.AsValueMap()
	}
	if err := r.applyFaults(ctx, r.test.before); err != nil {
		return err
	}
	if err := r.world.clock.Advance(r.test.after); err != nil {
		return err
	}
	raw, err := r.world.control.World(ctx)
	if err != nil {
		return err
	}
	doc, err := readDocument(raw)
	if err != nil {
		return err
	}
	r.target, err = doc.target(r.test.Runbook.Target, r.test.target)
	return err
}

func (r *rehearsal) applyFaults(ctx context.Context, faults []faultChange) error {
	for _, d := range faults {
		r.line = d.line
		if err := r.world.do(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// phase executes one phase and compares its result with what is expected.
func (r *rehearsal) phase(ctx context.Context, p phase) error {
	if p.what == phaseMeanwhile {
		if err := r.applyFaults(ctx, p.faults); err != nil {
			return err
		}
		return r.world.clock.Advance(p.after)
	}
	e, err := r.world.engine(ctx, r.state, r.version)
	if err != nil {
		return err
	}
	r.world.written()
	got := phaseResult{}
	switch p.what {
	case phaseResume:
		if r.last == "" {
			r.failAt(p.line, "there is no run to resume: none was started")
			return nil
		}
		got.result, got.err = e.Resume(ctx, r.last, r.secrets(), p.approve.approvals())
	case phaseUndo:
		if r.first == "" {
			r.failAt(p.line, "there is no run to undo: none was started")
			return nil
		}
		got.plan, got.err = e.PlanUndo(ctx, r.first)
	default:
		got.plan, got.err = e.Plan(ctx, runbook.Job{Runbook: r.test.Runbook, File: r.test.book, Inputs: r.inputs, Target: r.target})
	}
	if planned := r.world.written(); got.result == nil && len(planned) > 0 {
		r.failAt(p.line, "%s: planning wrote:%s", p.what, lines("+ ", planned))
		return nil
	} else if got.result != nil {
		got.writes = planned
	}
	if got.plan != nil && got.err == nil {
		got.result, got.err = e.Run(ctx, got.plan, p.approve.approvals())
		got.writes = r.world.written()
	}
	if got.result != nil && got.result.Run != "" {
		r.last = got.result.Run
		if r.first == "" {
			r.first = r.last
		}
	}
	if ctx.Err() != nil {
		r.record(p, got)
		return context.Cause(ctx)
	}
	r.record(p, got)
	return r.compare(ctx, e, p, got)
}

func (a approve) approvals() engine.Approvals {
	return engine.Approvals{All: a.all, Steps: a.steps, Approver: "rehearsal"}
}

// secrets returns the sensitive inputs, which no journal stores.
func (r *rehearsal) secrets() map[string]cty.Value {
	given := map[string]cty.Value{}
	for name, v := range r.inputs {
		if in := r.test.Runbook.Input(name); in != nil && in.Sensitive {
			given[name] = v
		}
	}
	return given
}

// became is what became of a phase.
type phaseResult struct {
	plan   *engine.Prepared // nil where there is no new one
	result *runbook.Result
	err    error // why it was refused
	writes []string
}

func (b phaseResult) outcome() string {
	if b.err != nil || b.result == nil {
		return refused
	}
	return string(b.result.Outcome)
}

func (b phaseResult) reason() string {
	if b.err != nil {
		return b.err.Error()
	}
	if b.result != nil {
		return b.result.Error
	}
	return ""
}

// record adds to the test's log what a phase did.
func (r *rehearsal) record(p phase, got phaseResult) {
	add := func(format string, args ...any) {
		r.result.Story = append(r.result.Story, strings.TrimRight(fmt.Sprintf(format, args...), " "))
	}
	if got.plan != nil {
		add("%s, plan", p.what)
		for _, s := range got.plan.Steps {
			add("  %s: %s %s", s.Step, s.Status, oneLine(s.Subject, s.Text, s.Error))
		}
	}
	add("%s: %s %s", p.what, got.outcome(), oneLine(got.reason()))
	if got.result != nil {
		for _, s := range got.result.Steps {
			add("  %s: %s %s", s.Step, s.Status, oneLine(s.Text, s.Error))
		}
	}
	for _, w := range got.writes {
		add("  wrote %s", w)
	}
}

// oneLine joins texts on one line and shortens long ones.
func oneLine(parts ...string) string {
	return report.Shorten(report.Clean(strings.Join(parts, " ")), 300)
}

func (r *rehearsal) failAt(line int, format string, args ...any) {
	r.result.Failures = append(r.result.Failures, Failure{line, fmt.Sprintf(format, args...)})
}
