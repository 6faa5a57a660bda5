package rehearsal

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// folderReference is how inputs refer to the test's temporary folder.
const folderReference = "test.directory"

// evaluateInputs evaluates the inputs of a test, whose folder is directory.
func evaluateInputs(expr hclsyntax.Expression, directory string) (cty.Value, hcl.Diagnostics) {
	test := cty.ObjectVal(map[string]cty.Value{"directory": cty.StringVal(directory)})
	return expr.Value(&hcl.EvalContext{Variables: map[string]cty.Value{"test": test}})
}

// inputs checks the names of a test's inputs. Their types are checked when the runbook
// is planned, because a test may be about that.
func (p *parser) inputs(t *Test) {
	if t.inputs == nil {
		return
	}
	before := len(p.diags)
	for _, pair := range p.pairs(t.inputs, "inputs") {
		if t.Runbook != nil && t.Runbook.Input(pair.name) == nil {
			p.fail("Unknown input",
				fmt.Sprintf("Runbook %q has no input %q%s", t.Runbook.Name, pair.name, lang.Suggest(pair.name, t.Runbook.InputNames())), pair.at)
		}
	}
	for _, ref := range t.inputs.Variables() {
		where := ref.SourceRange()
		if !isFolderReference(ref) {
			p.fail("Not a constant",
				"An input must be written out. It can refer only to `"+folderReference+"`, a folder that is deleted after the test.", where)
			return
		}
	}
	if len(p.diags) > before {
		return
	}
	if _, diags := evaluateInputs(t.inputs, "/tmp"); diags.HasErrors() {
		for _, d := range diags {
			d.Expression, d.EvalContext = nil, nil
		}
		p.diags = append(p.diags, diags...)
	}
}

func isFolderReference(ref hcl.Traversal) bool {
	if len(ref) != 2 || ref.RootName() != "test" {
		return false
	}
	attr, is := ref[1].(hcl.TraverseAttr)
	return is && "test."+attr.Name == folderReference
}
