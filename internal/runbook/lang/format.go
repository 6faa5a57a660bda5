package lang

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// Format lays a file out as terraform fmt does: indentation and alignment, nothing
// else. A file that Parse refuses for its size or nesting is returned as it is:
// indenting takes the square of the depth.
func Format(src []byte) []byte {
	if len(src) > MaxFile {
		return src
	}
	if tokens, _ := hclsyntax.LexConfig(src, "", hcl.InitialPos); checkNesting(tokens).HasErrors() {
		return src
	}
	return hclwrite.Format(src)
}
