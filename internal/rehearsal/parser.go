package rehearsal

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

const (
	maxProjects = 20 // of a world that a test makes
	maxClusters = 50
)

// parser makes tests of the parts of a file.
type parser struct {
	books
	path  string
	diags hcl.Diagnostics
}

func (p *parser) fail(summary, detail string, where hcl.Range) {
	p.diags = append(p.diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: &where})
}

func (p *parser) test(part *lang.Part) *Test {
	t := &Test{Name: part.Label, File: p.path, Line: part.DeclRange.Start.Line, book: p.file, inputs: part.Expr("inputs")}
	if strings.TrimSpace(t.Name) == "" {
		p.fail("Bad name", "A test's name says what is rehearsed.", part.LabelRange)
	}
	t.Runbook = p.runbook(part)
	t.after = p.duration(part, "after")
	t.target = p.targetName(part, t.Runbook)
	p.inputs(t)
	t.world = p.world(part.Part("world"))
	t.phases = []phase{{what: phaseRun, line: t.Line, approve: p.approve(part, t.Runbook, approve{}), expect: p.expect(part, t.Runbook)}}
	for _, inner := range part.Parts {
		f := phase{what: inner.Type, line: inner.DeclRange.Start.Line}
		switch inner.Type {
		case "fault":
			t.before = append(t.before, p.deed(inner))
			continue
		case phaseMeanwhile:
			f.after = p.duration(inner, "after")
			for _, d := range inner.Parts {
				f.deeds = append(f.deeds, p.deed(d))
			}
		case phaseResume, phaseAgain:
			f.approve, f.expect = p.approve(inner, t.Runbook, approve{}), p.expect(inner, t.Runbook)
		case phaseUndo:
			f.approve, f.expect = p.approve(inner, t.Runbook, approve{all: true}), p.expect(inner, t.Runbook)
		default:
			continue
		}
		if f.what == phaseAgain && f.expect.changes == nil {
			f.expect.changes = &list{line: f.line}
		}
		t.phases = append(t.phases, f)
	}
	return t
}

// text is an argument that is a string, with where it is; ok says that it is given.
func (p *parser) text(part *lang.Part, name string) (text string, where hcl.Range, ok bool) {
	v, diags := part.Constant(name, cty.String)
	p.diags = append(p.diags, diags...)
	if v == cty.NilVal {
		return "", hcl.Range{}, false
	}
	return v.AsString(), part.Expr(name).Range(), true
}

// runbook is what a test is about, or nil where that is told.
func (p *parser) runbook(part *lang.Part) *lang.Runbook {
	name, where, given := p.text(part, "runbook")
	switch {
	case given && p.find(name) == nil:
		p.fail("Unknown runbook", fmt.Sprintf("%s has no runbook %q%s", filepath.Base(p.file.Name), name, lang.Suggest(name, p.names())), where)
	case given:
		return p.find(name)
	case len(p.file.Runbooks) == 1:
		return p.file.Runbooks[0]
	case part.Expr("runbook") == nil:
		p.fail("Missing argument", fmt.Sprintf("%s has several runbooks; say which it is with `runbook = …`%s", filepath.Base(p.file.Name), lang.Suggest("", p.names())), part.DeclRange)
	}
	return nil
}

func (p *parser) duration(part *lang.Part, name string) time.Duration {
	text, where, given := p.text(part, name)
	if !given {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > 10*365*24*time.Hour {
		p.fail("Not a duration", fmt.Sprintf("%q must be a duration of at most ten years, such as \"90s\", \"10m\" or \"1h30m\".", name), where)
	}
	return d
}

func (p *parser) targetName(part *lang.Part, r *lang.Runbook) string {
	name, where, given := p.text(part, "target")
	if !given || r == nil {
		return name
	}
	if _, err := runbook.ParseTarget(r.Target, name, ""); err != nil {
		p.fail("Bad target", fmt.Sprintf("Runbook %q runs on a %s: %s.", r.Name, r.Target, err), where)
	}
	return name
}

// The folder of a test, as its inputs can name it.
const folderReference = "test.directory"

// evaluated are the inputs of a test.
func evaluated(expr hclsyntax.Expression, directory string) (cty.Value, hcl.Diagnostics) {
	return expr.Value(&hcl.EvalContext{Variables: map[string]cty.Value{"test": cty.ObjectVal(map[string]cty.Value{"directory": cty.StringVal(directory)})}})
}

// inputs checks the names of a test's inputs. Of what type they are the runbook says
// when it is planned, and a test may be about that.
func (p *parser) inputs(t *Test) {
	if t.inputs == nil {
		return
	}
	before := len(p.diags)
	for _, pair := range p.pairs(t.inputs, "inputs") {
		if t.Runbook != nil && t.Runbook.Input(pair.name) == nil {
			p.fail("Unknown input", fmt.Sprintf("Runbook %q has no input %q%s", t.Runbook.Name, pair.name, lang.Suggest(pair.name, inputNames(t.Runbook))), pair.at)
		}
	}
	for _, ref := range t.inputs.Variables() {
		where := ref.SourceRange()
		if !isFolder(ref) {
			p.fail("Not a constant", "An input is written out. It can refer to `"+folderReference+"` alone, a folder that is gone after the test.", where)
			return
		}
	}
	if len(p.diags) > before {
		return
	}
	if _, diags := evaluated(t.inputs, "/tmp"); diags.HasErrors() {
		for _, d := range diags {
			d.Expression, d.EvalContext = nil, nil
		}
		p.diags = append(p.diags, diags...)
	}
}

func isFolder(ref hcl.Traversal) bool {
	if len(ref) != 2 || ref.RootName() != "test" {
		return false
	}
	attr, is := ref[1].(hcl.TraverseAttr)
	return is && "test."+attr.Name == folderReference
}

func inputNames(r *lang.Runbook) []string {
	var names []string
	for _, in := range r.Inputs {
		names = append(names, in.Name)
	}
	return names
}

// pair is one element of a map that is written out.
type pair struct {
	name    string
	at      hcl.Range
	value   hcl.Expression
	valueAt hcl.Range
}

// pairs are the elements of a map, as they are written. What is none is told.
func (p *parser) pairs(expr hclsyntax.Expression, name string) []pair {
	items, diags := hcl.ExprMap(expr)
	if diags.HasErrors() {
		p.fail("Wrong type", fmt.Sprintf("%q must be a map that is written out: `%s = { NAME = … }`.", name, name), expr.Range())
		return nil
	}
	var all []pair
	for _, item := range items {
		key, diags := item.Key.Value(nil)
		if diags.HasErrors() || key.IsNull() || key.Type() != cty.String {
			p.fail("Not a constant", fmt.Sprintf("What stands left in %q is a name, written out.", name), item.Key.Range())
			continue
		}
		if slices.ContainsFunc(all, func(other pair) bool { return other.name == key.AsString() }) {
			p.fail("Duplicate name", fmt.Sprintf("%q is in %q twice.", key.AsString(), name), item.Key.Range())
			continue
		}
		all = append(all, pair{key.AsString(), item.Key.Range(), item.Value, item.Value.Range()})
	}
	return all
}

func (p *parser) world(part *lang.Part) setup {
	w := setup{projects: 1, clusters: 1}
	if part == nil {
		return w
	}
	number := func(name string, most int, to *int) {
		v, diags := part.Constant(name, cty.Number)
		p.diags = append(p.diags, diags...)
		if v == cty.NilVal {
			return
		}
		f := v.AsBigFloat()
		n, _ := f.Int64()
		if !f.IsInt() || n < 1 || n > int64(most) {
			p.fail("Number out of range", fmt.Sprintf("%q must be a number from 1 to %d.", name, most), part.Expr(name).Range())
			return
		}
		*to = int(n)
	}
	number("projects", maxProjects, &w.projects)
	number("clusters", maxClusters, &w.clusters)
	file, where, given := p.text(part, "file")
	if !given {
		return w
	}
	for _, other := range []string{"projects", "clusters"} {
		if e := part.Expr(other); e != nil {
			p.fail("Two worlds in one", fmt.Sprintf("A world from a file has its own projects and clusters: take %q out, or \"file\".", other), e.Range())
		}
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(filepath.Dir(p.path), file)
	}
	if info, err := os.Stat(file); err != nil {
		p.fail("Cannot read the world", fmt.Sprintf("The document of the world cannot be read: %s.", err), where)
	} else if info.IsDir() {
		p.fail("Cannot read the world", fmt.Sprintf("%s is a folder, and no document of a world.", file), where)
	}
	w.file = file
	return w
}

// deed reads a fault or unfault.
func (p *parser) deed(part *lang.Part) deed {
	d := deed{fault: part.Label, off: part.Type == "unfault", params: map[string]string{}, line: part.DeclRange.Start.Line}
	var known []string
	var fault *sim.Fault
	for _, f := range sim.Faults() {
		known = append(known, f.Name)
		if f.Name == part.Label {
			fault = &f
		}
	}
	if fault == nil {
		p.fail("Unknown fault", fmt.Sprintf("The simulator has no fault %q%s The command `terraform-provider-asm simulate --list-faults` lists them.", part.Label, lang.Suggest(part.Label, known)), part.LabelRange)
		return d
	}
	for _, a := range part.Open {
		if !slices.Contains(fault.Parameters, a.Name) {
			p.fail("Unknown argument", fmt.Sprintf("Fault %q has no parameter %q%s", fault.Name, a.Name, lang.Suggest(a.Name, fault.Parameters)), a.NameRange)
			continue
		}
		v, diags := lang.ConstantOf(a, cty.String)
		p.diags = append(p.diags, diags...)
		if v != cty.NilVal {
			d.params[a.Name] = v.AsString()
		}
	}
	return d
}

func (p *parser) approve(part *lang.Part, r *lang.Runbook, otherwise approve) approve {
	expr := part.Expr("approve")
	if expr == nil {
		return otherwise
	}
	if v, diags := expr.Value(nil); !diags.HasErrors() && !v.IsNull() && v.Type() == cty.String {
		if v.AsString() != "all" {
			p.fail("Unknown word", fmt.Sprintf("\"approve\" is \"all\" or a list of steps, not %q. Write `approve = [%q]`.", v.AsString(), v.AsString()), expr.Range())
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

type item struct {
	text string
	at   hcl.Range
}

// items are the elements of a list of texts that is written out.
func (p *parser) items(expr hclsyntax.Expression, name string) []item {
	elements, diags := hcl.ExprList(expr)
	if diags.HasErrors() {
		p.fail("Wrong type", fmt.Sprintf("%q must be a list that is written out: `%s = [\"…\"]`.", name, name), expr.Range())
		return nil
	}
	var all []item
	for _, e := range elements {
		v, diags := e.Value(nil)
		if diags.HasErrors() || v.IsNull() || v.Type() != cty.String {
			p.fail("Wrong type", fmt.Sprintf("What is in %q are strings, written out.", name), e.Range())
			continue
		}
		all = append(all, item{v.AsString(), e.Range()})
	}
	return all
}

// step checks the name of a step, with its instance or without.
func (p *parser) step(name string, r *lang.Runbook, where hcl.Range) {
	if r == nil {
		return
	}
	base, _, _ := strings.Cut(name, "[")
	if r.Step(base) != nil {
		return
	}
	var steps []string
	for _, s := range r.Steps {
		steps = append(steps, s.Name)
	}
	p.fail("Unknown step", fmt.Sprintf("Runbook %q has no step %q%s", r.Name, base, lang.Suggest(base, steps)), where)
}

func (p *parser) expect(in *lang.Part, r *lang.Runbook) expect {
	x := expect{outcome: outcomes[0], line: in.DeclRange.Start.Line}
	part := in.Part(expectBlock.Type)
	if part == nil {
		return x
	}
	x.line = part.DeclRange.Start.Line
	if text, where, given := p.text(part, "outcome"); given {
		x.outcome, x.line = text, where.Start.Line
		p.word("outcome", text, outcomes, where)
	}
	if text, where, given := p.text(part, "error"); given {
		x.err = &wanted{value: text, line: where.Start.Line}
	}
	x.plan = p.statuses(part, "plan", planStatuses, r)
	x.steps = p.statuses(part, "steps", stepOutcomes, r)
	x.changes, x.findings = p.list(part, "changes", p.change), p.list(part, "findings", p.finding)
	if expr := part.Expr("world"); expr != nil {
		for _, pair := range p.pairs(expr, "world") {
			p.value(pair, &x)
		}
	}
	return x
}

func (p *parser) word(name, text string, known []string, where hcl.Range) {
	if !slices.Contains(known, text) {
		p.fail("Unknown word", fmt.Sprintf("%q is %s, not %q.", name, strings.ReplaceAll(or(known), "`", `"`), text), where)
	}
}

func (p *parser) statuses(part *lang.Part, name string, known []string, r *lang.Runbook) []wanted {
	expr := part.Expr(name)
	if expr == nil {
		return nil
	}
	var all []wanted
	for _, pair := range p.pairs(expr, name) {
		p.step(pair.name, r, pair.at)
		v, diags := pair.value.Value(nil)
		if diags.HasErrors() || v.IsNull() || v.Type() != cty.String {
			p.fail("Wrong type", fmt.Sprintf("What becomes of a step in %q is %s.", name, strings.ReplaceAll(or(known), "`", `"`)), pair.valueAt)
			continue
		}
		p.word(pair.name, v.AsString(), known, pair.valueAt)
		all = append(all, wanted{pair.name, v.AsString(), pair.at.Start.Line})
	}
	return all
}

func (p *parser) list(part *lang.Part, name string, check func(string, hcl.Range)) *list {
	expr := part.Expr(name)
	if expr == nil {
		return nil
	}
	l := &list{line: expr.Range().Start.Line}
	for _, item := range p.items(expr, name) {
		check(item.text, item.at)
		l.patterns = append(l.patterns, item.text)
	}
	return l
}

var writeMethods = []string{"POST", "PUT", "PATCH", "DELETE"}

func (p *parser) change(text string, where hcl.Range) {
	words := strings.Fields(text)
	switch {
	case strings.HasPrefix(text, "*") || len(words) > 0 && strings.Contains(words[0], "*"):
	case len(words) < 3 && !strings.Contains(text, "*"):
		p.fail("Not a write", "A write is \"METHOD HOST PATH\", for example \"POST serviceusage.googleapis.com /v1/projects/*/services:batchEnable\".", where)
	case !slices.Contains(writeMethods, words[0]):
		p.fail("Not a write", fmt.Sprintf("%q does not write: POST, PUT, PATCH and DELETE do.", words[0]), where)
	}
}

func (p *parser) finding(text string, where hcl.Range) {
	code, _, _ := strings.Cut(text, ":")
	if strings.Contains(code, "*") || mesh.Describe(mesh.Code(code)).Title != "" {
		return
	}
	var known []string
	for _, d := range mesh.Catalogue() {
		known = append(known, string(d.Code))
	}
	p.fail("Unknown finding", fmt.Sprintf("There is no finding %q%s", code, lang.Suggest(code, known)), where)
}

// value reads what is expected at a path of the world.
func (p *parser) value(in pair, x *expect) {
	if _, err := pathOf(in.name); err != nil {
		p.fail("Not a JSONPath", fmt.Sprintf("%q cannot be read as a JSONPath: %s.", in.name, err), in.at)
		return
	}
	v, diags := in.value.Value(nil)
	if diags.HasErrors() {
		p.fail("Not a constant", "What is expected in the world is written out.", in.valueAt)
		return
	}
	raw, err := ctyjson.Marshal(v, v.Type())
	var value any
	if err == nil {
		err = json.Unmarshal(raw, &value)
	}
	if err != nil {
		p.fail("Wrong type", fmt.Sprintf("This is no value of a JSON document: %s.", err), in.valueAt)
		return
	}
	x.world = append(x.world, wanted{in.name, value, in.at.Start.Line})
}
