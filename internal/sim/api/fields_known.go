package api

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
)

// fields reads the "fields" parameter of a call. A name that the answer's message does not have is a mistake, and Google
// refuses it before it does anything. What the message has is taken from Google's own Go clients, because the simulator
// has only a part of each message, and clients may request the rest. An empty parameter wants everything (inferred).
func (c *call) fields() (fieldMask, *wire.Error) {
	text := cmp.Or(c.query.Get("fields"), c.query.Get("$fields"))
	if text == "" {
		return nil, nil
	}
	mask, ok := parseFields(text)
	if !ok {
		return nil, errFields(text, text)
	}
	if c.route.answer != nil {
		if name := mask.check(reflect.TypeOf(c.route.answer)); name != "" {
			return nil, errFields(name, text)
		}
	}
	return mask, nil
}

// errFields has the message of Google's older front end and the detail of the
// newer one (both recorded, on other APIs); that they come together is not.
func errFields(name, mask string) *wire.Error {
	return wire.Invalid("Invalid field selection %s", name).WithViolation(map[string]any{
		"field": mask, "description": "Error expanding 'fields' parameter. Cannot find matching fields for path '" + name + "'.",
	})
}

// check finds a name that the type does not have, "" for none. Names in snake_case become those of JSON.
func (m fieldMask) check(t reflect.Type) string {
	if m == nil {
		return ""
	}
	// A google.protobuf.Any or Struct has whatever it has.
	for t.Kind() != reflect.Interface && !wire.DecodesItself(t) && (t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice) {
		t = t.Elem()
	}
	names := slices.Sorted(maps.Keys(m))
	switch {
	case t.Kind() == reflect.Interface || wire.DecodesItself(t):
		return ""
	case t.Kind() == reflect.Map:
		for _, name := range names {
			if bad := m[name].check(t.Elem()); bad != "" {
				return bad
			}
		}
		return ""
	case t.Kind() != reflect.Struct:
		return names[0]
	}
	fields := messageFields(t)
	for _, name := range names {
		sub := m[name]
		if name == "*" {
			if bad := sub.checkSome(fields); bad != "" {
				return bad
			}
			continue
		}
		ft, ok := fields[name]
		if !ok {
			if ft, ok = fields[wire.LowerCamel(name)]; !ok {
				return name
			}
			delete(m, name)
			m.add(wire.LowerCamel(name), sub)
		}
		if bad := sub.check(ft); bad != "" {
			return bad
		}
	}
	return ""
}

// checkSome checks what follows a "*": it has to be in one of the fields.
func (m fieldMask) checkSome(fields map[string]reflect.Type) string {
	if m == nil {
		return ""
	}
	bad := ""
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if bad = m.check(fields[name]); bad == "" {
			return ""
		}
	}
	return bad
}

// messageFields are the fields of a message of Google's Go clients. What has no JSON name is the client's own.
func messageFields(t reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			out[name] = f.Type
		}
	}
	return out
}
