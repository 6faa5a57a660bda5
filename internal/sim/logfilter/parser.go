package logfilter

import (
	"regexp"
	"slices"
	"strings"
)

// A parser reads a filter by recursive descent:
//
//	filter      = [ conjunction ]
//	conjunction = disjunction { [ "AND" ] disjunction }
//	disjunction = negation { "OR" negation }
//	negation    = [ "NOT" | "-" ] primary
//	primary     = "(" conjunction ")" | leaf
//	restriction = function | member [ operator ( value | "(" conjunction ")" ) ]
//	member      = part { "." part } ; part = text | string
//
// The leaves of a filter are restrictions. Those of the parenthesised operand of a comparison are values,
// and field and operator apply to each of them.
type parser struct {
	src    string
	tokens []token
	next   int
}

// A leaf reads what a Boolean expression combines.
type leaf func() (node, error)

func (p *parser) peek() token { return p.tokens[p.next] }

func (p *parser) take() token {
	t := p.tokens[p.next]
	if t.kind != tokenEnd {
		p.next++
	}
	return t
}

func (p *parser) fail(t token, reason string) error { return errorAt(p.src, t.start, t.end, reason) }

func (p *parser) filter() (node, error) {
	if p.peek().kind == tokenEnd {
		return nil, nil
	}
	n, err := p.conjunction(p.restriction)
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != tokenEnd {
		return nil, p.unexpected(t)
	}
	return n, nil
}

// unexpected explains a token that cannot follow a complete term.
func (p *parser) unexpected(t token) error {
	switch t.kind {
	case tokenClose:
		return p.fail(t, "there is no ( for this )")
	case tokenOperator, tokenStar, tokenDot:
		return p.fail(t, "text with special characters must be in double quotes")
	case tokenEnd:
		return p.fail(t, "unexpected end of the filter")
	}
	return p.fail(t, "unexpected token")
}

func (p *parser) conjunction(l leaf) (node, error) {
	var operands all
	for {
		n, err := p.disjunction(l)
		if err != nil {
			return nil, err
		}
		operands = append(operands, n)
		switch t := p.peek(); {
		case t.is("AND"):
			p.take()
		case t.kind == tokenText, t.kind == tokenString, t.kind == tokenOpen, t.kind == tokenMinus:
		case t.kind == tokenEnd, t.kind == tokenClose:
			if len(operands) == 1 {
				return operands[0], nil
			}
			return operands, nil
		default:
			return nil, p.unexpected(t)
		}
	}
}

func (p *parser) disjunction(l leaf) (node, error) {
	var operands some
	for {
		n, err := p.negation(l)
		if err != nil {
			return nil, err
		}
		operands = append(operands, n)
		if !p.peek().is("OR") {
			break
		}
		p.take()
	}
	if len(operands) == 1 {
		return operands[0], nil
	}
	return operands, nil
}

func (p *parser) negation(l leaf) (node, error) {
	t := p.peek()
	switch {
	case t.is("NOT"):
		p.take()
	case t.kind == tokenMinus && !p.negativeNumber():
		p.take()
		if after := p.peek(); !after.adjacent {
			return nil, p.fail(t, "a term must follow - without a space")
		}
	default:
		return p.primary(l)
	}
	n, err := p.primary(l)
	if err != nil {
		return nil, err
	}
	return not{n}, nil
}

// negativeNumber reports whether the next tokens are a minus and a number. As a term of its own that is
// the negation of a bare number all the same; only leaves that are values ask for numbers.
func (p *parser) negativeNumber() bool {
	if p.peek().kind != tokenMinus {
		return false
	}
	t := p.tokens[p.next+1] // tokenEnd is last, so there is one
	return t.adjacent && t.kind == tokenText && t.text[0] >= '0' && t.text[0] <= '9'
}

func (p *parser) primary(l leaf) (node, error) {
	t := p.peek()
	if t.kind != tokenOpen {
		return l()
	}
	p.take()
	n, err := p.conjunction(l)
	if err != nil {
		return nil, err
	}
	if p.take().kind != tokenClose {
		return nil, p.fail(t, "the closing ) is missing")
	}
	return n, nil
}

// restriction reads a comparison, a function or a bare value, which is searched for in all fields.
func (p *parser) restriction() (node, error) {
	if p.peek().kind == tokenMinus {
		p.take() // a bare negative number is the negation of a bare number
		n, err := p.restriction()
		if err != nil {
			return nil, err
		}
		return not{n}, nil
	}
	m, err := p.member()
	if err != nil {
		return nil, err
	}
	switch t := p.peek(); {
	case t.kind == tokenOpen && t.adjacent && m.unquoted():
		return p.function(m)
	case t.kind == tokenOperator:
		p.take()
		f, err := p.field(m)
		if err != nil {
			return nil, err
		}
		return p.operand(f, operator(t.text))
	}
	v, err := p.memberValue(m)
	if err != nil {
		return nil, err
	}
	return anywhere{v}, nil
}

// operand reads the right-hand side of a comparison.
func (p *parser) operand(f field, op operator) (node, error) {
	value := func() (node, error) { return p.comparison(f, op) }
	if p.peek().kind == tokenOpen {
		return p.primary(value)
	}
	return value()
}

// comparison reads one value for the operator to compare the field with.
func (p *parser) comparison(f field, op operator) (node, error) {
	t := p.peek()
	if t.kind == tokenStar {
		if op != opHas {
			return nil, p.fail(t, "only the operator : can be followed by *")
		}
		p.take()
		return exists{f}, nil
	}
	if op == opMatch || op == opNotMatch {
		if t.kind != tokenString {
			return nil, p.fail(t, "a regular expression must be in double quotes")
		}
		p.take()
		re, err := regexp.Compile(t.text)
		if err != nil {
			return nil, p.fail(t, err.Error())
		}
		return matching{field: f, pattern: re, negated: op == opNotMatch}, nil
	}
	v, err := p.value()
	if err != nil {
		return nil, err
	}
	return comparison{field: f, op: op, value: v}, nil
}

// value reads a quoted string, a number or unquoted text.
func (p *parser) value() (value, error) {
	if p.negativeNumber() {
		minus := p.take()
		m, err := p.member()
		if err != nil {
			return value{}, err
		}
		text := p.src[minus.start:m.end()]
		v := newValue(text, false)
		if v.number == nil {
			return value{}, errorAt(p.src, minus.start, m.end(), "text that begins with - must be in double quotes")
		}
		return v, nil
	}
	if t := p.peek(); t.kind == tokenMinus {
		return value{}, p.fail(t, "text that begins with - must be in double quotes")
	}
	m, err := p.member()
	if err != nil {
		return value{}, err
	}
	return p.memberValue(m)
}

// A member is a dotted sequence of text and strings: the name of a field, or a value.
type member []token

func (m member) end() int { return m[len(m)-1].end }

func (m member) unquoted() bool {
	return !slices.ContainsFunc(m, func(t token) bool { return t.kind == tokenString })
}

func (p *parser) member() (member, error) {
	var m member
	for {
		t := p.take()
		switch {
		case t.kind == tokenEnd:
			return nil, p.fail(t, "a field or a value is missing at the end of the filter")
		case t.kind != tokenText && t.kind != tokenString:
			return nil, p.fail(t, "a field or a value is expected here")
		case len(m) == 0 && (t.is("AND") || t.is("OR") || t.is("NOT")):
			return nil, p.fail(t, "a field or a value is expected here; put the word in double quotes to search for it")
		}
		m = append(m, t)
		dot := p.peek()
		if dot.kind != tokenDot || !dot.adjacent {
			return m, nil
		}
		p.take()
		if after := p.peek(); !after.adjacent {
			return nil, p.fail(dot, "a name must follow the dot")
		}
	}
}

// memberValue takes a member for a value.
func (p *parser) memberValue(m member) (value, error) {
	if m.unquoted() {
		return newValue(p.src[m[0].start:m.end()], false), nil
	}
	if len(m) > 1 {
		return value{}, errorAt(p.src, m[0].start, m.end(), "a value is either quoted or not")
	}
	if err := p.escapes(m[0]); err != nil {
		return value{}, err
	}
	return newValue(m[0].text, true), nil
}

// escapes refuses a string with an escape sequence that the language does not have.
func (p *parser) escapes(t token) error {
	if t.badEscape < 0 {
		return nil
	}
	return errorAt(p.src, t.badEscape, min(t.badEscape+2, t.end), "there is no such escape sequence")
}

// field takes a member for the name of a field.
func (p *parser) field(m member) (field, error) {
	keys := make([]string, len(m))
	for i, t := range m {
		if err := p.escapes(t); err != nil {
			return field{}, err
		}
		if t.kind == tokenText && strings.Contains(t.text, "/") {
			return field{}, p.fail(t, "a name with special characters must be in double quotes")
		}
		keys[i] = t.text
	}
	f, err := resolve(keys)
	if err != nil {
		return field{}, errorAt(p.src, m[0].start, m.end(), err.Error())
	}
	return f, nil
}

// function reads the argument of the function that m names.
func (p *parser) function(m member) (node, error) {
	name := p.src[m[0].start:m.end()]
	if !strings.EqualFold(name, "log_id") {
		return nil, errorAt(p.src, m[0].start, m.end(), "the simulator knows the function log_id only")
	}
	open := p.take()
	v, err := p.value()
	if err != nil {
		return nil, err
	}
	if p.take().kind != tokenClose {
		return nil, p.fail(open, "log_id takes one argument, and a closing )")
	}
	return logID(v.folded), nil
}
