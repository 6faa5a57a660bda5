package wire

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"sync"
)

// A FieldError is a mistake in a JSON document, with the path to it.
type FieldError struct {
	Path    string // "policy.bindings[0]": where the mistake is
	Name    string // the unknown name, when that is the mistake
	Problem string
}

func (e *FieldError) Error() string {
	if e.Name != "" {
		return "unknown field " + strconv.Quote(joinPath(e.Path, e.Name))
	}
	if e.Path == "" {
		return e.Problem
	}
	return e.Path + ": " + e.Problem
}

func joinPath(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// DecodeStrict reads one JSON document into v and refuses what v does not have. As in Google's JSON mapping, a name may
// be given in lowerCamelCase or in snake_case. encoding/json alone ignores the case and does not report where an unknown
// field is.
func DecodeStrict(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var doc any
	if err := dec.Decode(&doc); err != nil {
		return &FieldError{Problem: "not JSON: " + err.Error()}
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return &FieldError{Problem: "not JSON: something follows the document"}
	}
	var c conformer
	doc, err := c.conform(doc, reflect.TypeOf(v).Elem(), "")
	if err != nil {
		return err
	}
	if c.renamed {
		if data, err = json.Marshal(doc); err != nil {
			return err
		}
	}
	if err := json.Unmarshal(data, v); err != nil {
		var te *json.UnmarshalTypeError
		if errors.As(err, &te) {
			return &FieldError{Path: te.Field, Problem: fmt.Sprintf("%s is not a %s", te.Value, te.Type)}
		}
		return &FieldError{Problem: err.Error()}
	}
	return nil
}

var (
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// A conformer checks a decoded document against a Go type.
type conformer struct {
	// renamed says that the document had to be changed to fit.
	renamed bool
}

// conform returns the document with every struct field under its own name and every number as one.
func (x *conformer) conform(doc any, t reflect.Type, path string) (any, error) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if doc == nil {
		return nil, nil
	}
	if DecodesItself(t) {
		return x.leaf(doc, t, path)
	}
	switch t.Kind() {
	case reflect.Struct:
		obj, ok := doc.(map[string]any)
		if !ok {
			return nil, &FieldError{Path: path, Problem: fmt.Sprintf("%s is not an object", describe(doc))}
		}
		return x.structure(obj, t, path)
	case reflect.Map:
		obj, ok := doc.(map[string]any)
		if !ok {
			return nil, &FieldError{Path: path, Problem: fmt.Sprintf("%s is not an object", describe(doc))}
		}
		for k, v := range obj {
			c, err := x.conform(v, t.Elem(), path+"["+strconv.Quote(k)+"]")
			if err != nil {
				return nil, err
			}
			obj[k] = c
		}
		return obj, nil
	case reflect.Slice:
		list, ok := doc.([]any)
		if !ok {
			return nil, &FieldError{Path: path, Problem: fmt.Sprintf("%s is not a list", describe(doc))}
		}
		for i, v := range list {
			c, err := x.conform(v, t.Elem(), path+"["+strconv.Itoa(i)+"]")
			if err != nil {
				return nil, err
			}
			list[i] = c
		}
		return list, nil
	default:
		return x.leaf(doc, t, path)
	}
}

func (x *conformer) structure(obj map[string]any, t reflect.Type, path string) (any, error) {
	fields := fieldsOf(t)
	out := make(map[string]any, len(obj))
	for k, v := range obj {
		name := k
		f, ok := fields[name]
		if !ok {
			name = LowerCamel(k)
			f, ok = fields[name]
			x.renamed = true
		}
		if !ok {
			return nil, &FieldError{Path: path, Name: k}
		}
		if text, ok := v.(string); ok && f.quoted {
			if _, err := strconv.ParseInt(text, 10, 64); err != nil {
				return nil, &FieldError{Path: joinPath(path, name), Problem: strconv.Quote(text) + " is not a number"}
			}
			out[name] = text
			continue
		}
		c, err := x.conform(v, f.typ, joinPath(path, name))
		if err != nil {
			return nil, err
		}
		if n, ok := c.(json.Number); ok && f.quoted {
			c, x.renamed = n.String(), true
		}
		out[name] = c
	}
	return out, nil
}

// A jsonField is a field of a struct as JSON has it.
type jsonField struct {
	typ    reflect.Type
	quoted bool // a number that is written in quotes
}

var fieldCache sync.Map // of reflect.Type to map[string]jsonField

func fieldsOf(t reflect.Type) map[string]jsonField {
	if f, ok := fieldCache.Load(t); ok {
		return f.(map[string]jsonField)
	}
	fields := map[string]jsonField{}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || !f.IsExported() || (f.Anonymous && name == "") {
			continue
		}
		if name == "" {
			name = f.Name
		}
		fields[name] = jsonField{typ: f.Type, quoted: strings.Contains(options, "string")}
	}
	fieldCache.Store(t, fields)
	return fields
}

// leaf checks a single value, so that a mistake has its path.
func (x *conformer) leaf(doc any, t reflect.Type, path string) (any, error) {
	switch v := doc.(type) {
	case string:
		if t.Kind() == reflect.String && !DecodesItself(t) {
			return doc, nil
		}
		// Google's JSON mapping takes a number also in quotes.
		if _, err := strconv.ParseInt(v, 10, 64); err == nil && reflect.Int <= t.Kind() && t.Kind() <= reflect.Int64 && !DecodesItself(t) {
			x.renamed = true
			return json.Number(v), nil
		}
	case bool:
		if t.Kind() == reflect.Bool {
			return doc, nil
		}
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, reflect.New(t).Interface()); err != nil {
		var te *json.UnmarshalTypeError
		if errors.As(err, &te) {
			return nil, &FieldError{Path: path, Problem: fmt.Sprintf("%s is not a %s", describe(doc), t.Kind())}
		}
		return nil, &FieldError{Path: path, Problem: err.Error()}
	}
	return doc, nil
}

// DecodesItself reports whether a type has its own decoder.
func DecodesItself(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(jsonUnmarshaler) || reflect.PointerTo(t).Implements(textUnmarshaler)
}

func describe(doc any) string {
	switch v := doc.(type) {
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	case string:
		return strconv.Quote(v)
	default:
		return fmt.Sprint(v)
	}
}

// SnakeCase turns lowerCamelCase into snake_case.
func SnakeCase(s string) string {
	var b strings.Builder
	for _, r := range s {
		if 'A' <= r && r <= 'Z' {
			b.WriteByte('_')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// LowerCamel turns snake_case into lowerCamelCase.
func LowerCamel(s string) string {
	if !strings.Contains(s, "_") {
		return s
	}
	parts := strings.Split(s, "_")
	for i, p := range parts[1:] {
		if p != "" {
			parts[i+1] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	return strings.Join(parts, "")
}
