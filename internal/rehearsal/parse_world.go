package rehearsal

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

const (
	maxProjects = 20 // of a world that a test makes
	maxClusters = 50
)

func (p *parser) world(block *lang.ParsedBlock) setup {
	w := setup{projects: 1, clusters: 1}
	if block == nil {
		return w
	}
	number := func(name string, most int, to *int) {
		v, diags := block.Constant(name, cty.Number)
		p.diags = append(p.diags, diags...)
		if v == cty.NilVal {
			return
		}
		f := v.AsBigFloat()
		n, _ := f.Int64()
		if !f.IsInt() || n < 1 || n > int64(most) {
			p.fail("Number out of range", fmt.Sprintf("%q must be a number from 1 to %d.", name, most), block.Expr(name).Range())
			return
		}
		*to = int(n)
	}
	number("projects", maxProjects, &w.projects)
	number("clusters", maxClusters, &w.clusters)
	file, where, given := p.text(block, "file")
	if !given {
		return w
	}
	for _, other := range []string{"projects", "clusters"} {
		if e := block.Expr(other); e != nil {
			p.fail("Conflicting arguments", fmt.Sprintf("A world from a file has its own projects and clusters: remove %q or \"file\".", other),
				e.Range())
		}
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(filepath.Dir(p.path), file)
	}
	if info, err := os.Stat(file); err != nil {
		p.fail("Cannot read the world", fmt.Sprintf("The world document cannot be read: %s.", err), where)
	} else if info.IsDir() {
		p.fail("Cannot read the world", fmt.Sprintf("%s is a folder, not a world document.", file), where)
	}
	w.file = file
	return w
}

// faultChange reads a block fault or unfault.
func (p *parser) faultChange(block *lang.ParsedBlock) faultChange {
	d := faultChange{fault: block.Label, off: block.Type == "unfault", params: map[string]string{}, line: block.DeclRange.Start.Line}
	var known []string
	var fault *sim.Fault
	for _, f := range sim.Faults() {
		known = append(known, f.Name)
		if f.Name == block.Label {
			fault = &f
		}
	}
	if fault == nil {
		p.fail("Unknown fault", fmt.Sprintf("The simulator has no fault %q%s The command `terraform-provider-asm simulate --list-faults` lists them.", block.Label, lang.Suggest(block.Label, known)), block.LabelRange)
		return d
	}
	for _, a := range block.OpenArgs {
		if !slices.Contains(fault.Parameters, a.Name) {
			p.fail("Unknown argument", fmt.Sprintf("Fault %q has no parameter %q%s", fault.Name, a.Name, lang.Suggest(a.Name, fault.Parameters)),
				a.NameRange)
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
