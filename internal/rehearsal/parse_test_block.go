package rehearsal

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// parse parses the text of a test file.
func parse(path string, src []byte, runbooks *lang.File) (*File, hcl.Diagnostics) {
	_, top, diags := lang.ParseBlocks(path, src, fileSchema, "A file of tests")
	file := &File{Name: path}
	if top == nil {
		return file, diags
	}
	p := &parser{file: runbooks, path: path, diags: diags}
	seen := map[string]hcl.Range{}
	for _, block := range top.Blocks {
		if first, twice := seen[block.Label]; twice {
			p.fail("Duplicate test", fmt.Sprintf("There is already a test %q, on line %d. Rename one of them.", block.Label, first.Start.Line),
				block.LabelRange)
			continue
		}
		seen[block.Label] = block.DeclRange
		file.Tests = append(file.Tests, p.test(block))
	}
	if len(top.Blocks) == 0 && !diags.HasErrors() {
		p.fail("No test", "The file has no test. A test is a block `test \"NAME\" { … }`.", top.DeclRange)
	}
	return file, lang.Tidy(p.diags)
}

// parser builds tests from the blocks of a file.
type parser struct {
	file  *lang.File // of the runbooks
	path  string     // of the tests
	diags hcl.Diagnostics
}

func (p *parser) fail(summary, detail string, where hcl.Range) {
	p.diags = append(p.diags, lang.Problem(summary, detail, where))
}

func (p *parser) test(block *lang.ParsedBlock) *Test {
	t := &Test{Name: block.Label, File: p.path, Line: block.DeclRange.Start.Line, book: p.file, inputs: block.Expr("inputs")}
	if strings.TrimSpace(t.Name) == "" {
		p.fail("Invalid name", "A test needs a name that says what it rehearses.", block.LabelRange)
	}
	t.Runbook = p.runbook(block)
	t.after = p.duration(block, "after")
	t.target = p.targetName(block, t.Runbook)
	p.inputs(t)
	t.world = p.world(block.Block("world"))
	t.phases = []phase{{what: phaseRun, line: t.Line, approve: p.approve(block, t.Runbook, approve{}), expect: p.expect(block, t.Runbook)}}
	for _, inner := range block.Blocks {
		f := phase{what: inner.Type, line: inner.DeclRange.Start.Line}
		switch inner.Type {
		case "fault":
			t.before = append(t.before, p.faultChange(inner))
			continue
		case phaseMeanwhile:
			f.after = p.duration(inner, "after")
			for _, d := range inner.Blocks {
				f.faults = append(f.faults, p.faultChange(d))
			}
		case phaseResume, phaseAgain:
			f.approve, f.expect = p.approve(inner, t.Runbook, approve{}), p.expect(inner, t.Runbook)
		case phaseUndo:
			f.approve, f.expect = p.approve(inner, t.Runbook, approve{all: true}), p.expect(inner, t.Runbook)
		default:
			continue
		}
		if f.what == phaseAgain && f.expect.changes == nil {
			f.expect.changes = &expectedList{line: f.line}
		}
		t.phases = append(t.phases, f)
	}
	return t
}

// text returns an argument that is a string and its range; ok is false if it is not given.
func (p *parser) text(block *lang.ParsedBlock, name string) (text string, where hcl.Range, ok bool) {
	v, diags := block.Constant(name, cty.String)
	p.diags = append(p.diags, diags...)
	if v == cty.NilVal {
		return "", hcl.Range{}, false
	}
	return v.AsString(), block.Expr(name).Range(), true
}

// runbook is what a test is about, or nil after a mistake was reported.
func (p *parser) runbook(block *lang.ParsedBlock) *lang.Runbook {
	name, where, given := p.text(block, "runbook")
	switch {
	case given && p.file.Runbook(name) == nil:
		p.fail("Unknown runbook",
			fmt.Sprintf("%s has no runbook %q%s", filepath.Base(p.file.Name), name, lang.Suggest(name, p.file.RunbookNames())), where)
	case given:
		return p.file.Runbook(name)
	case len(p.file.Runbooks) == 1:
		return p.file.Runbooks[0]
	case block.Expr("runbook") == nil:
		p.fail(
			"Missing argument",
			fmt.Sprintf("%s has several runbooks; say which it is with `runbook = …`%s", filepath.Base(p.file.Name),
				lang.Suggest("", p.file.RunbookNames())),
			block.DeclRange,
		)
	}
	return nil
}

func (p *parser) duration(block *lang.ParsedBlock, name string) time.Duration {
	text, where, given := p.text(block, name)
	if !given {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > 10*365*24*time.Hour {
		p.fail("Not a duration", fmt.Sprintf("%q must be a duration of at most ten years, such as \"90s\", \"10m\" or \"1h30m\".", name), where)
	}
	return d
}

func (p *parser) targetName(block *lang.ParsedBlock, r *lang.Runbook) string {
	name, where, given := p.text(block, "target")
	if !given || r == nil {
		return name
	}
	if _, err := runbook.ParseTarget(r.Target, name, ""); err != nil {
		p.fail("Bad target", fmt.Sprintf("Runbook %q runs on a %s: %s.", r.Name, r.Target, err), where)
	}
	return name
}

func (p *parser) approve(block *lang.ParsedBlock, r *lang.Runbook, otherwise approve) approve {
	expr := block.Expr("approve")
	if expr == nil {
		return otherwise
	}
	if v, diags := expr.Value(nil); !diags.HasErrors() && !v.IsNull() && v.Type() == cty.String {
		if v.AsString() != "all" {
			p.fail("Unknown word",
				fmt.Sprintf("\"approve\" must be \"all\" or a list of steps, not %q. Write `approve = [%q]`.", v.AsString(), v.AsString()),
				expr.Range())
		}
		return approve{all: true}
	}
	var a approve
	for _, item := range p.items(expr, "approve") {
		p.step(item.text, r, item.at)
		a.steps = append(a.steps, item.text)
	}
	return a
}

// step checks the name of a step, with or without its instance.
func (p *parser) step(name string, r *lang.Runbook, where hcl.Range) {
	if r == nil {
		return
	}
	base, _, _ := strings.Cut(name, "[")
	if r.Step(base) != nil {
		return
	}
	p.fail("Unknown step", fmt.Sprintf("Runbook %q has no step %q%s", r.Name, base, lang.Suggest(base, r.StepNames())), where)
}
