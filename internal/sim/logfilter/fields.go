package logfilter

import (
	"fmt"
	"strings"
)

// A kind is the type of a field, which decides how values are compared with it.
type kind int

const (
	kindMessage   kind = iota // a protocol buffer message with the fields listed
	kindOpen                  // a protocol buffer message of a type that the payload names
	kindStruct                // JSON
	kindLabels                // a map of strings to strings
	kindString                // scalars from here on
	kindBool                  //
	kindNumber                //
	kindTimestamp             //
	kindDuration              //
	kindSeverity              //
)

func (k kind) scalar() bool { return k >= kindString }

// A shape is the type of a field of LogEntry and, for a message, of the fields in it.
type shape struct {
	kind   kind
	fields map[string]shape // by their JSON names
}

// logEntry is the message LogEntry, from the discovery document of logging v2.
var logEntry = shape{fields: map[string]shape{
	"apphub":            {kind: kindOpen},
	"apphubDestination": {kind: kindOpen},
	"apphubSource":      {kind: kindOpen},
	"errorGroups":       {kind: kindOpen},
	"httpRequest": {fields: map[string]shape{
		"cacheFillBytes":                 {kind: kindNumber},
		"cacheHit":                       {kind: kindBool},
		"cacheLookup":                    {kind: kindBool},
		"cacheValidatedWithOriginServer": {kind: kindBool},
		"latency":                        {kind: kindDuration},
		"protocol":                       {kind: kindString},
		"referer":                        {kind: kindString},
		"remoteIp":                       {kind: kindString},
		"requestMethod":                  {kind: kindString},
		"requestSize":                    {kind: kindNumber},
		"requestUrl":                     {kind: kindString},
		"responseSize":                   {kind: kindNumber},
		"serverIp":                       {kind: kindString},
		"status":                         {kind: kindNumber},
		"userAgent":                      {kind: kindString},
	}},
	"insertId":    {kind: kindString},
	"jsonPayload": {kind: kindStruct},
	"labels":      {kind: kindLabels},
	"logName":     {kind: kindString},
	"metadata":    {fields: map[string]shape{"systemLabels": {kind: kindStruct}, "userLabels": {kind: kindLabels}}},
	"operation": {fields: map[string]shape{
		"id":       {kind: kindString},
		"producer": {kind: kindString},
		"first":    {kind: kindBool},
		"last":     {kind: kindBool},
	}},
	"otel":             {kind: kindStruct},
	"protoPayload":     {kind: kindOpen},
	"receiveTimestamp": {kind: kindTimestamp},
	"resource":         {fields: map[string]shape{"type": {kind: kindString}, "labels": {kind: kindLabels}}},
	"severity":         {kind: kindSeverity},
	"sourceLocation": {fields: map[string]shape{
		"file":     {kind: kindString},
		"line":     {kind: kindNumber},
		"function": {kind: kindString},
	}},
	"spanId": {kind: kindString},
	"split": {fields: map[string]shape{
		"uid":         {kind: kindString},
		"index":       {kind: kindNumber},
		"totalSplits": {kind: kindNumber},
	}},
	"textPayload":  {kind: kindString},
	"timestamp":    {kind: kindTimestamp},
	"trace":        {kind: kindString},
	"traceSampled": {kind: kindBool},
}}

// A field is a path into a log entry.
type field struct {
	keys []string
	kind kind
	// defaulted says that LogEntry declares the field, so that it has a value even where the entry's
	// JSON leaves it out.
	defaulted bool
}

func (f field) name() string { return strings.Join(f.keys, ".") }

// resolve finds the field of LogEntry that keys name. It returns an error when there is none ("undefined"
// in the documentation's words; "thud", "operation.thud" and "textPayload.thud" are its examples).
func resolve(keys []string) (field, error) {
	at := logEntry
	f := field{defaulted: true}
	for i, key := range keys {
		switch at.kind {
		case kindMessage:
			name, child, ok := at.child(key)
			if !ok {
				return field{}, fmt.Errorf("LogEntry has no field %s", strings.Join(keys[:i+1], "."))
			}
			key, at = name, child
		case kindLabels:
			at, f.defaulted = shape{kind: kindString}, false
		case kindOpen, kindStruct:
			f.defaulted = false
		default:
			return field{}, fmt.Errorf("%s has no fields; a key with a dot in it must be in double quotes", f.name())
		}
		f.keys = append(f.keys, key)
	}
	f.kind = at.kind
	return f, nil
}

// child returns the field of a message, whichever way its name is written.
func (s shape) child(key string) (string, shape, bool) {
	if child, ok := s.fields[key]; ok {
		return key, child, true
	}
	for name, child := range s.fields {
		if sameName(name, key) {
			return name, child, true
		}
	}
	return "", shape{}, false
}

// sameName reports whether two names can stand for the same protocol buffer field, whose name may be
// written in any letter case, and in snake case. Keys of maps and of JSON are not such names.
func sameName(a, b string) bool {
	strip := func(s string) string { return strings.ReplaceAll(s, "_", "") }
	return strings.EqualFold(strip(a), strip(b))
}

// any calls test with every value that the entry has for the field, one for each element where the path
// goes through or to an array, until test returns true, and reports whether it did. Where the entry has
// none, test gets the default of a field that has one.
func (f field) any(entry map[string]any, test func(any) bool) bool {
	matched, found := visit(entry, f.keys, f.keys[0] == "protoPayload", test)
	if found || !f.defaulted {
		return matched
	}
	switch f.kind {
	case kindString:
		return test("")
	case kindBool:
		return test(false)
	case kindNumber:
		return test(0.0)
	case kindTimestamp:
		return test("1970-01-01T00:00:00Z")
	case kindDuration:
		return test("0s")
	case kindSeverity:
		return test("DEFAULT")
	}
	return false
}

// visit walks from v along keys. loose says that keys are names of protocol buffer fields.
func visit(v any, keys []string, loose bool, test func(any) bool) (matched, found bool) {
	if list, ok := v.([]any); ok {
		for _, element := range list {
			m, f := visit(element, keys, loose, test)
			found = found || f
			if m {
				return true, true
			}
		}
		return false, found
	}
	if len(keys) == 0 {
		return test(v), true
	}
	object, ok := v.(map[string]any)
	if !ok {
		return false, false
	}
	child, ok := object[keys[0]]
	if !ok && loose {
		for key, value := range object {
			if sameName(key, keys[0]) {
				child, ok = value, true
				break
			}
		}
	}
	if !ok {
		return false, false
	}
	return visit(child, keys[1:], loose, test)
}
