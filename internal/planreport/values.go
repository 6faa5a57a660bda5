package planreport

import "encoding/json"

// hiddenValue is shown for a value that the configuration marks as sensitive.
const hiddenValue = "(sensitive value)"

// values are the attributes of a resource. They are judged by what they are, and
// shown only where they are not sensitive.
type values struct {
	raw    map[string]any
	hidden any // as raw, with true at what is sensitive; or true for all
}

func newValues(raw, hidden any) values {
	m, _ := raw.(map[string]any)
	return values{m, hidden}
}

// text is a string attribute, or "".
func (v values) text(name string) string {
	s, _ := v.raw[name].(string)
	return s
}

// show is text for a reader.
func (v values) show(name string) string {
	if s := v.text(name); s == "" || !v.sensitive(name) {
		return s
	}
	return hiddenValue
}

// flag is a boolean attribute; known is false where it is null or unknown.
func (v values) flag(name string) (value, known bool) {
	value, known = v.raw[name].(bool)
	return value, known
}

// texts are the strings of a list.
func (v values) texts(name string) []string { return textsOf(v.raw[name]) }

func (v values) sensitive(name string) bool {
	if m, ok := v.hidden.(map[string]any); ok {
		return anyTrue(m[name])
	}
	return anyTrue(v.hidden)
}

// secrets are the texts of all that is sensitive, names in objects included.
func (v values) secrets() []string {
	var all []string
	for name, value := range v.raw {
		if v.sensitive(name) {
			all = append(all, textsWithin(value)...)
		}
	}
	return all
}

func textsWithin(value any) (all []string) {
	switch value := value.(type) {
	case string:
		if value != "" {
			all = append(all, value)
		}
	case []any:
		for _, e := range value {
			all = append(all, textsWithin(e)...)
		}
	case map[string]any:
		for name, e := range value {
			all = append(append(all, textsWithin(name)...), textsWithin(e)...)
		}
	}
	return all
}

func textsOf(list any) []string {
	elements, _ := list.([]any)
	var all []string
	for _, e := range elements {
		if s, ok := e.(string); ok {
			all = append(all, s)
		}
	}
	return all
}

// objectsOf are the objects of a list.
func objectsOf(list any) []values {
	elements, _ := list.([]any)
	var all []values
	for _, e := range elements {
		if m, ok := e.(map[string]any); ok {
			all = append(all, values{raw: m})
		}
	}
	return all
}

func anyTrue(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case []any:
		for _, e := range v {
			if anyTrue(e) {
				return true
			}
		}
	case map[string]any:
		for _, e := range v {
			if anyTrue(e) {
				return true
			}
		}
	}
	return false
}

// scrub is a value without what is sensitive in it.
func scrub(v, hidden any) any {
	switch hidden := hidden.(type) {
	case bool:
		if hidden && v != nil {
			return hiddenValue
		}
	case map[string]any:
		if m, ok := v.(map[string]any); ok {
			clean := make(map[string]any, len(m))
			for name, value := range m {
				clean[name] = scrub(value, hidden[name])
			}
			return clean
		}
		if anyTrue(hidden) { // a shape that does not fit
			return hiddenValue
		}
	case []any:
		if list, ok := v.([]any); ok && len(hidden) <= len(list) {
			clean := make([]any, len(list))
			for i, value := range list {
				clean[i] = value
				if i < len(hidden) {
					clean[i] = scrub(value, hidden[i])
				}
			}
			return clean
		}
		if anyTrue(hidden) {
			return hiddenValue
		}
	}
	return v
}

// scrubbed are the values of a resource of a state, without what is sensitive.
func scrubbed(raw map[string]any, hidden json.RawMessage) values {
	var marks any
	if len(hidden) > 0 && json.Unmarshal(hidden, &marks) != nil {
		marks = true
	}
	v := newValues(scrub(raw, marks), nil)
	if v.raw == nil && raw != nil { // hidden as a whole: it must not look as if it were not there
		v.raw = map[string]any{"verdict": hiddenValue, "summary": hiddenValue, "findings": []any{}}
	}
	return v
}
