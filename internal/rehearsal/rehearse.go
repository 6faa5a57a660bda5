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
)

// rehearsal is one test that is being run.
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

// play makes the world and does what the test does, until something is not as
// expected. The error is of what kept it from that.
func (r *rehearsal) play(ctx context.Context, lost context.CancelCauseFunc) (err error) {
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
	if err := r.begin(ctx); err != nil {
		return err
	}
	for _, p := range r.test.phases {
		r.line = p.line
		if err := r.phase(ctx, p); err != nil {
			return err
		}
		if len(r.result.Failures) > 0 {
			return nil // what follows would fail because of it
		}
	}
	return nil
}

// begin lets things go wrong in the world, and finds out what the runbook runs on.
func (r *rehearsal) begin(ctx context.Context) error {
	if r.test.inputs != nil {
		values, diags := evaluated(r.test.inputs, r.directory)
		if diags.HasErrors() {
			return errors.New(diags[0].Detail)
		}
		r.inputs = values.AsValueMap()
	}
	if err := r.happen(ctx, r.test.before); err != nil {
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

func (r *rehearsal) happen(ctx context.Context, deeds []deed) error {
	for _, d := range deeds {
		r.line = d.line
		if err := r.world.do(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// phase does one thing, and compares what became of it.
func (r *rehearsal) phase(ctx context.Context, p phase) error {
	if p.what == phaseMeanwhile {
		if err := r.happen(ctx, p.deeds); err != nil {
			return err
		}
		return r.world.clock.Advance(p.after)
	}
	e, err := r.world.engine(ctx, r.state, r.version)
	if err != nil {
		return err
	}
	r.world.written()
	was := became{}
	switch p.what {
	case phaseResume:
		if r.last == "" {
			r.failAt(p.line, "there is no run to go on with: none began")
			return nil
		}
		was.result, was.err = e.Resume(ctx, r.last, r.secrets(), p.approve.of())
	case phaseUndo:
		if r.first == "" {
			r.failAt(p.line, "there is no run to take back: none began")
			return nil
		}
		was.plan, was.err = e.PlanUndo(ctx, r.first)
	default:
		was.plan, was.err = e.Plan(ctx, runbook.Job{Runbook: r.test.Runbook, File: r.test.book, Inputs: r.inputs, Target: r.target})
	}
	if planned := r.world.written(); was.result == nil && len(planned) > 0 {
		r.failAt(p.line, "%s: planning wrote:%s", p.what, lines("+ ", planned))
		return nil
	} else if was.result != nil {
		was.writes = planned
	}
	if was.plan != nil && was.err == nil {
		was.result, was.err = e.Run(ctx, was.plan, p.approve.of())
		was.writes = r.world.written()
	}
	if was.result != nil && was.result.Run != "" {
		r.last = was.result.Run
		if r.first == "" {
			r.first = r.last
		}
	}
	if ctx.Err() != nil {
		r.tell(p, was)
		return context.Cause(ctx)
	}
	r.tell(p, was)
	return r.compare(ctx, e, p, was)
}

func (a approve) of() runbook.Approvals {
	return runbook.Approvals{All: a.all, Steps: a.steps, Approver: "rehearsal"}
}

// secrets are the inputs that no journal keeps.
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
type became struct {
	plan   *runbook.Plan // nil where there is no new one
	result *runbook.Result
	err    error // why it did not begin
	writes []string
}

func (b became) outcome() string {
	if b.err != nil || b.result == nil {
		return refused
	}
	return string(b.result.Outcome)
}

func (b became) reason() string {
	if b.err != nil {
		return b.err.Error()
	}
	if b.result != nil {
		return b.result.Error
	}
	return ""
}

// tell adds to the story what a phase did.
func (r *rehearsal) tell(p phase, was became) {
	add := func(format string, args ...any) {
		r.result.Story = append(r.result.Story, strings.TrimRight(fmt.Sprintf(format, args...), " "))
	}
	if was.plan != nil {
		add("%s, plan", p.what)
		for _, s := range was.plan.Steps {
			add("  %s: %s %s", s.Step, s.Status, oneLine(s.Subject, s.Text, s.Error))
		}
	}
	add("%s: %s %s", p.what, was.outcome(), oneLine(was.reason()))
	if was.result != nil {
		for _, s := range was.result.Steps {
			add("  %s: %s %s", s.Step, s.Status, oneLine(s.Text, s.Error))
		}
	}
	for _, w := range was.writes {
		add("  wrote %s", w)
	}
}

// oneLine joins texts, and shortens what would fill the screen.
func oneLine(parts ...string) string {
	return report.Shorten(report.Clean(strings.Join(parts, " ")), 300)
}

func (r *rehearsal) failAt(line int, format string, args ...any) {
	r.result.Failures = append(r.result.Failures, Failure{line, fmt.Sprintf(format, args...)})
}
