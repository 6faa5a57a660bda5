package catalogue

import "reflect"

// RuleOf reports whether a code has a rule, and whether that makes it a root always.
func RuleOf(code Code) (decided, root bool) {
	rule := followRules[code]
	return rule != nil, rule != nil && reflect.ValueOf(rule).Pointer() == reflect.ValueOf(followRule(isRoot)).Pointer()
}
