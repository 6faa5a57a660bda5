package api

import (
	"bytes"
	"encoding/json"
	"strings"
)

// A fieldMask is a decoded "fields" parameter: the fields of an answer that a client wants, by name, "*" for every
// field. A nil mask wants the whole value.
//
// The language is that of Google's partial responses: "a,b" for several, "a/b" for what is in one, "a(b,c)" for several
// in one. Lists are looked into, each element alike. A dot does for the slash, as in a google.protobuf.FieldMask (system
// parameters, documented).
type fieldMask map[string]fieldMask

// parseFields reads a mask; false is a mistake in its syntax.
func parseFields(text string) (fieldMask, bool) {
	p := maskParser{text}
	m, ok := p.list()
	return m, ok && p.rest == ""
}

type maskParser struct{ rest string }

func (p *maskParser) take(c byte) bool {
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *maskParser) list() (fieldMask, bool) {
	out := fieldMask{}
	for {
		if !p.item(out) {
			return nil, false
		}
		if !p.take(',') {
			return out, true
		}
	}
}

func (p *maskParser) item(into fieldMask) bool {
	end := strings.IndexAny(p.rest, ",/.()")
	if end < 0 {
		end = len(p.rest)
	}
	name := p.rest[:end]
	p.rest = p.rest[end:]
	if name == "" {
		return false
	}
	var sub fieldMask
	switch {
	case p.take('/') || p.take('.'):
		sub = fieldMask{}
		if !p.item(sub) {
			return false
		}
	case p.take('('):
		list, ok := p.list()
		if !ok || !p.take(')') {
			return false
		}
		sub = list
	}
	into.add(name, sub)
	return true
}

// add widens the mask; the whole of a field includes all that is in it.
func (m fieldMask) add(name string, sub fieldMask) {
	have, ok := m[name]
	switch {
	case !ok || sub == nil:
		m[name] = sub
	case have != nil:
		for k, v := range sub {
			have.add(k, v)
		}
	}
}

// of is the mask for a field, and whether the field is wanted.
func (m fieldMask) of(name string) (fieldMask, bool) {
	one, ok := m[name]
	every, all := m["*"]
	switch {
	case !all:
		return one, ok
	case !ok:
		return every, true
	case one == nil || every == nil:
		return nil, true
	}
	for k, v := range every {
		one.add(k, v)
	}
	return one, true
}

// prune keeps the wanted fields of a document as encoding/json writes it, without spaces. It works on the text, because
// a list of all clusters is large, and so keeps the order of the fields. A message without a wanted field stays as {}
// (inferred).
func (m fieldMask) prune(doc []byte) []byte {
	p := pruner{src: doc, out: make([]byte, 0, len(doc)/4)}
	p.value(m)
	return p.out
}

type pruner struct {
	src []byte
	at  int
	out []byte
}

func (p *pruner) value(m fieldMask) {
	switch c := p.src[p.at]; {
	case m != nil && c == '{':
		p.object(m)
	case m != nil && c == '[':
		p.list(m)
	default:
		start := p.at
		p.skip()
		p.out = append(p.out, p.src[start:p.at]...)
	}
}

func (p *pruner) list(m fieldMask) {
	p.at++
	p.out = append(p.out, '[')
	for p.src[p.at] != ']' {
		if p.src[p.at] == ',' {
			p.at++
			p.out = append(p.out, ',')
		}
		p.value(m)
	}
	p.at++
	p.out = append(p.out, ']')
}

func (p *pruner) object(m fieldMask) {
	p.at++
	p.out = append(p.out, '{')
	for p.src[p.at] != '}' {
		if p.src[p.at] == ',' {
			p.at++
		}
		start := p.at
		p.text()
		sub, ok := m.of(keyOf(p.src[start:p.at]))
		p.at++ // the colon
		scalar := p.src[p.at] != '{' && p.src[p.at] != '['
		if !ok || sub != nil && scalar {
			p.skip()
			continue
		}
		if p.out[len(p.out)-1] != '{' {
			p.out = append(p.out, ',')
		}
		p.out = append(p.out, p.src[start:p.at]...)
		p.value(sub)
	}
	p.at++
	p.out = append(p.out, '}')
}

// text passes a string.
func (p *pruner) text() {
	for p.at++; p.src[p.at] != '"'; p.at++ {
		if p.src[p.at] == '\\' {
			p.at++
		}
	}
	p.at++
}

// skip passes a value: up to the comma or the bracket that follows it.
func (p *pruner) skip() {
	for depth := 0; p.at < len(p.src); {
		switch p.src[p.at] {
		case '"':
			p.text()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return
			}
			depth--
		case ',':
			if depth == 0 {
				return
			}
		}
		p.at++
	}
}

// keyOf decodes the name of a field.
func keyOf(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	var key string
	if json.Unmarshal(quoted, &key) != nil {
		return string(quoted)
	}
	return key
}
