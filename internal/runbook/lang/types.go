package lang

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// typeName is a type as it is written in a runbook.
func typeName(ty cty.Type) string {
	if ty == cty.DynamicPseudoType {
		return "any value"
	}
	return typeexpr.TypeString(ty.WithoutOptionalAttributesDeep())
}

// reason is why a conversion failed, and at which element. Names and types are in
// it and the keys of maps, never values.
func reason(err error) string {
	var at cty.PathError
	if !errors.As(err, &at) || len(at.Path) == 0 {
		return err.Error()
	}
	path := ""
	for _, step := range at.Path {
		switch step := step.(type) {
		case cty.GetAttrStep:
			path += "." + step.Name
		case cty.IndexStep:
			if text, is := stringOf(step.Key); is {
				path += fmt.Sprintf("[%q]", text)
			} else if step.Key.Type() == cty.Number && step.Key.IsKnown() {
				path += "[" + step.Key.AsBigFloat().Text('f', -1) + "]"
			}
		}
	}
	return fmt.Sprintf("at %s, %s", strings.TrimPrefix(path, "."), err)
}

// convert makes a value one of the input's type, with its optional attributes.
func (i *Input) convert(v cty.Value) (cty.Value, error) {
	if i.optional != nil && !v.IsNull() {
		v = i.optional.Apply(v)
	}
	return convert.Convert(v, i.Type)
}
