package guard

import "strings"

// hidden is shown for a value that the configuration marks as sensitive.
const hidden = "(sensitive value)"

// value is a value of a resource with its marks. unknown and secret have the shape of raw, with true at what is known
// only after apply and what is sensitive; or are true for the whole.
type value struct{ raw, unknown, secret any }

// get is an attribute of an object. It is null where v is none.
func (v value) get(name string) value {
	return value{member(v.raw, name), member(v.unknown, name), member(v.secret, name)}
}

// at is an attribute of nested objects. In place of a list it looks into the first element, as the blocks of a resource
// that may be there once are lists.
func (v value) at(path ...string) value {
	for _, name := range path {
		v = v.first().get(name)
	}
	return v
}

// first is the only block of a list, or v itself where it is no list.
func (v value) first() value {
	_, raw := v.raw.([]any)
	_, unknown := v.unknown.([]any)
	if !raw && !unknown {
		return v
	}
	return value{element(v.raw, 0), element(v.unknown, 0), element(v.secret, 0)}
}

// items are the elements of a list.
func (v value) items() []value {
	list, _ := v.raw.([]any)
	if marks, ok := v.unknown.([]any); ok && len(marks) > len(list) {
		list = append(append([]any{}, list...), make([]any, len(marks)-len(list))...)
	}
	all := make([]value, len(list))
	for i := range list {
		all[i] = value{element(v.raw, i), element(v.unknown, i), element(v.secret, i)}
	}
	return all
}

// texts are the strings of a list.
func (v value) texts() []string {
	list, _ := v.raw.([]any)
	var all []string
	for _, e := range list {
		if s, ok := e.(string); ok {
			all = append(all, s)
		}
	}
	return all
}

// labels are the strings of a map.
func (v value) labels() map[string]string {
	m, _ := v.raw.(map[string]any)
	all := make(map[string]string, len(m))
	for k, e := range m {
		if s, ok := e.(string); ok {
			all[k] = s
		}
	}
	return all
}

// text is a string, or "".
func (v value) text() string {
	s, _ := v.raw.(string)
	return s
}

// is reports whether v is the boolean true.
func (v value) is() bool { return v.raw == true }

// set reports whether v is neither null nor unknown.
func (v value) set() bool { return v.raw != nil && !v.isUnknown() }

// isUnknown reports whether v as a whole is known only after apply.
func (v value) isUnknown() bool { return v.unknown == true }

// anyUnknown reports whether v or anything in it is known only after apply.
func (v value) anyUnknown() bool { return anyTrue(v.unknown) }

// sensitive reports whether anything in v is.
func (v value) sensitive() bool { return anyTrue(v.secret) }

// show is a string for a reader.
func (v value) show() string {
	if v.sensitive() {
		return hidden
	}
	return v.text()
}

// showOr is show, or other where v is empty.
func (v value) showOr(other string) string {
	if s := v.show(); s != "" {
		return s
	}
	return other
}

func member(of any, name string) any {
	switch of := of.(type) {
	case map[string]any:
		return of[name]
	case bool:
		return of // a mark of the whole
	}
	return nil
}

func element(of any, i int) any {
	switch of := of.(type) {
	case []any:
		if i < len(of) {
			return of[i]
		}
	case bool:
		return of // a mark of the whole
	}
	return nil
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

// lastPart is the last part of a resource name.
func lastPart(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }
