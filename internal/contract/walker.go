package contract

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// A walker checks a JSON value against a schema of a document.
type walker struct {
	doc *document
	// response says that a server wrote the value. A server reads more than it writes: null for a field that
	// is not set, integers of 64 bits without quotes. It does not read output-only fields.
	response bool
	newEnums bool // values of enumerations may be other than those listed
	// siblings are documents of other versions, whose messages may be in a google.protobuf.Any.
	siblings []*document
	report   func(path, message string)
}

func (w *walker) failf(path, format string, args ...any) {
	w.report(path, fmt.Sprintf(format, args...))
}

func (w *walker) value(path string, v any, s *schema) {
	if s.Ref != "" {
		s = w.doc.Schemas[s.Ref]
	}
	if s.Type == "any" {
		return
	}
	if v == nil {
		if w.response {
			w.failf(path, "is null, which a server does not write")
		}
		return
	}
	switch s.Type {
	case "object":
		object, ok := v.(map[string]any)
		if !ok {
			w.failf(path, "is %s, not an object", describe(v))
			return
		}
		if s.isAny() {
			w.any(path, object)
			return
		}
		w.object(path, object, s)
	case "array":
		list, ok := v.([]any)
		if !ok {
			w.failf(path, "is %s, not an array", describe(v))
			return
		}
		for i, element := range list {
			w.value(fmt.Sprintf("%s[%d]", path, i), element, s.Items)
		}
	default:
		if message := scalar(v, s, w.response); message != "" {
			w.report(path, message)
			return
		}
		if text, ok := v.(string); ok && s.Enum != nil && !slices.Contains(s.Enum, text) && !w.newEnums {
			w.failf(path, "is %q, which is not one of %s", text, strings.Join(s.Enum, ", "))
		}
	}
}

func (w *walker) object(path string, object map[string]any, s *schema) {
	for _, key := range slices.Sorted(maps.Keys(object)) {
		at, child := path+member(key), object[key]
		property := s.Properties[key]
		switch {
		case property == nil && s.AdditionalProperties != nil:
			w.value(at, child, s.AdditionalProperties)
		case property == nil:
			w.failf(at, "is not a field of %s%s", w.nameOf(s), suggestion(key, s))
		case property.ReadOnly && !w.response && child != nil:
			w.failf(at, "is output only, and must not be in a request")
		default:
			w.value(at, child, property)
		}
	}
	w.mask(path, object, s)
}

// mask checks the field mask of a request like SetIamPolicyRequest, which names fields of the message beside it.
func (w *walker) mask(path string, object map[string]any, s *schema) {
	text, ok := object["updateMask"].(string)
	if !ok || s.Properties["updateMask"] == nil || s.Properties["updateMask"].Format != "google-fieldmask" {
		return
	}
	var messages []*schema
	for _, property := range s.Properties {
		if property.Ref != "" {
			messages = append(messages, w.doc.Schemas[property.Ref])
		}
	}
	if len(messages) == 1 {
		for _, message := range w.doc.unknownInMask(text, messages[0]) {
			w.report(path+".updateMask", message)
		}
	}
}

// unknownInMask returns a message for each path of a field mask that names no field of a schema.
func (d *document) unknownInMask(mask string, s *schema) []string {
	var messages []string
	if mask == "" || mask == "*" {
		return nil
	}
	for path := range strings.SplitSeq(mask, ",") {
		at := s
		for key := range strings.SplitSeq(path, ".") {
			if at.Ref != "" {
				at = d.Schemas[at.Ref]
			}
			if len(at.Properties) == 0 {
				break // a map, whose keys are free, or a scalar
			}
			child := at.Properties[key]
			if child == nil {
				child = at.Properties[camelCase(key)]
			}
			if child == nil {
				messages = append(messages, fmt.Sprintf("%q: %q is not a field of %s%s", path, key, d.nameOf(at), suggestion(key, at)))
				break
			}
			at = child
		}
	}
	return messages
}

func (w *walker) nameOf(s *schema) string { return w.doc.nameOf(s) }

// nameOf returns the name of a schema, for messages.
func (d *document) nameOf(s *schema) string {
	for name, candidate := range d.Schemas {
		if candidate == s {
			return name
		}
	}
	return "the object"
}

// suggestion returns the beginning of a hint at a field whose name is the same but for case and underscores.
func suggestion(key string, s *schema) string {
	normal := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, "_", "")) }
	for name := range s.Properties {
		if normal(name) == normal(key) {
			return fmt.Sprintf(" (the field is %s)", name)
		}
	}
	return ""
}

var underscored = regexp.MustCompile(`_[a-z]`)

// camelCase returns the JSON name of a protocol buffer field.
func camelCase(s string) string {
	return underscored.ReplaceAllStringFunc(s, func(m string) string { return strings.ToUpper(m[1:]) })
}

var plainKey = regexp.MustCompile(`^\w+$`)

// member returns the step of a JSON path to a key.
func member(key string) string {
	if plainKey.MatchString(key) {
		return "." + key
	}
	return fmt.Sprintf("[%q]", key)
}
