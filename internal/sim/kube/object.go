package kube

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// An Object is a Kubernetes object as JSON has it; numbers are json.Number where it was read from JSON.
type Object = map[string]any

// dig finds a value by its path, nil if it is not there.
func dig(v any, path ...string) any {
	for _, p := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[p]
	}
	return v
}

// text is a string by its path, "" if there is none.
func text(v any, path ...string) string {
	s, _ := dig(v, path...).(string)
	return s
}

// items is a list by its path.
func items(v any, path ...string) []any {
	l, _ := dig(v, path...).([]any)
	return l
}

// number is an integer by its path, and whether it is there.
func number(v any, path ...string) (int, bool) {
	switch n := dig(v, path...).(type) {
	case int:
		return n, true
	case int64:
		return int(n), true
	case float64:
		return int(n), true
	case json.Number:
		i, err := strconv.Atoi(string(n))
		return i, err == nil
	}
	return 0, false
}

func numberOr(def int, v any, path ...string) int {
	if n, ok := number(v, path...); ok {
		return n
	}
	return def
}

// child is a map below an object, made if it is not there.
func child(o Object, path ...string) Object {
	for _, p := range path {
		m, ok := o[p].(map[string]any)
		if !ok {
			m = Object{}
			o[p] = m
		}
		o = m
	}
	return o
}

func name(o Object) string      { return text(o, "metadata", "name") }
func namespace(o Object) string { return text(o, "metadata", "namespace") }
func uid(o Object) string       { return text(o, "metadata", "uid") }

// labels are an object's labels as strings.
func labelsOf(o any) map[string]string { return stringMap(dig(o, "metadata", "labels")) }

func stringMap(v any) map[string]string {
	m, _ := v.(map[string]any)
	out := make(map[string]string, len(m))
	for k, v := range m {
		if s, ok := v.(string); ok {
			out[k] = s
		}
	}
	return out
}

// copyOf is a deep copy.
func copyOf[T any](v T) T { out, _ := deepCopy(v).(T); return out }

func deepCopy(v any) any {
	switch x := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, e := range x {
			out[k] = deepCopy(e)
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = deepCopy(e)
		}
		return out
	}
	return v
}

// equal compares as JSON, so that 1 and json.Number("1") are the same.
func equal(a, b any) bool {
	x, err := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err == nil && err2 == nil && bytes.Equal(x, y)
}

// decode reads one JSON value and keeps its numbers as they are written.
func decode(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the document")
	}
	return nil
}

// stamp is a time as metav1.Time is written.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// parseStamp is the zero time for what is no time.
func parseStamp(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// anyMap makes a JSON map of strings.
func anyMap(pairs ...string) Object {
	out := make(Object, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}

func sprint(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}
