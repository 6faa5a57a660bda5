package contract

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// formats are the values of "format", each with a check of the text of a value. The rules are those of the JSON mapping
// of protocol buffers; strict are the ones for what a server writes, which is narrower than what it reads.
var formats = map[string]func(text string, strict bool) error{
	"int32":  func(s string, _ bool) error { return parse(strconv.ParseInt(s, 10, 32)) },
	"uint32": func(s string, _ bool) error { return parse(strconv.ParseUint(s, 10, 32)) },
	"int64":  func(s string, _ bool) error { return parse(strconv.ParseInt(s, 10, 64)) },
	"uint64": func(s string, _ bool) error { return parse(strconv.ParseUint(s, 10, 64)) },
	"float":  func(s string, _ bool) error { return parse(strconv.ParseFloat(s, 32)) },
	"double": func(s string, _ bool) error { return parse(strconv.ParseFloat(s, 64)) },

	"byte":             checkBytes,
	"google-datetime":  checkTime,
	"google-duration":  checkDuration,
	"google-fieldmask": checkFieldMask,
}

func parse[T any](_ T, err error) error { return err }

// integerFormats are the formats of integers. Those of 64 bits are strings in JSON.
var integerFormats = []string{"int32", "uint32", "int64", "uint64"}

func checkBytes(s string, strict bool) error {
	_, err := base64.StdEncoding.DecodeString(s)
	if err == nil || strict {
		return err
	}
	normal := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(s, "="))
	_, err = base64.RawStdEncoding.DecodeString(normal)
	return err
}

// fraction is the decimals that a server writes: none, or 3, 6 or 9.
var fraction = regexp.MustCompile(`:\d\d(\.(\d{3}|\d{6}|\d{9}))?Z$`)

func checkTime(s string, strict bool) error {
	if _, err := time.Parse(time.RFC3339Nano, s); err != nil {
		return err
	}
	if strict && !fraction.MatchString(s) {
		return fmt.Errorf("a server writes UTC (Z) with 0, 3, 6 or 9 decimals")
	}
	return nil
}

var duration = regexp.MustCompile(`^-?(\d+)(\.\d{1,9})?s$`)

func checkDuration(s string, _ bool) error {
	m := duration.FindStringSubmatch(s)
	if m == nil {
		return fmt.Errorf("a duration is a number of seconds with up to 9 decimals, followed by s")
	}
	const limit = 315_576_000_000 // 10,000 years, of google.protobuf.Duration
	if n, err := strconv.ParseInt(m[1], 10, 64); err != nil || n > limit {
		return fmt.Errorf("a duration has at most %d seconds", int64(limit))
	}
	return nil
}

var fieldMask = regexp.MustCompile(`^[A-Za-z]\w*(\.[A-Za-z]\w*)*$`)

func checkFieldMask(s string, _ bool) error {
	if s == "" || s == "*" {
		return nil
	}
	for path := range strings.SplitSeq(s, ",") {
		if !fieldMask.MatchString(path) {
			return fmt.Errorf("%q is not the path of a field", path)
		}
	}
	return nil
}

// scalar checks a JSON value against the schema of a string, a boolean or a number, and returns what is wrong, or "".
func scalar(v any, s *schema, strict bool) string {
	var text string
	switch v := v.(type) {
	case string:
		text = v
	case json.Number:
		text = v.String()
	}
	_, isString := v.(string)
	_, isNumber := v.(json.Number)
	switch s.Type {
	case "boolean":
		if _, ok := v.(bool); !ok {
			return "is " + describe(v) + ", not a boolean"
		}
		return ""
	case "integer":
		// A server accepts an integer in quotes, and writes it so only when it is one of 64 bits.
		if !isNumber && (strict || !isString) {
			return "is " + describe(v) + ", not a number"
		}
	case "number":
		special := isString && slices.Contains([]string{"NaN", "Infinity", "-Infinity"}, text)
		if !isNumber && !special && (strict || !isString) {
			return "is " + describe(v) + ", not a number"
		}
	case "string":
		if isNumber && !strict && slices.Contains(integerFormats, s.Format) {
			break
		}
		if !isString {
			want := "a string"
			if s.Format == "int64" || s.Format == "uint64" {
				want = "a string with an integer of 64 bits"
			}
			return "is " + describe(v) + ", not " + want
		}
	}
	if isNumber && slices.Contains(integerFormats, s.Format) {
		text = wholeNumber(text)
	}
	if check := formats[s.Format]; check != nil {
		if err := check(text, strict); err != nil {
			return fmt.Sprintf("is %s, which is not of the format %s: %v", describe(v), s.Format, err)
		}
	}
	return ""
}

// wholeNumber returns a JSON number without exponent and fraction where it has a whole value: 1e3 and 2.0 are integers.
func wholeNumber(s string) string {
	if f, err := strconv.ParseFloat(s, 64); err == nil && strings.ContainsAny(s, ".eE") && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return strconv.FormatInt(int64(f), 10)
	}
	return s
}

// describe shows a JSON value in a message, shortened.
func describe(v any) string {
	switch v.(type) {
	case map[string]any:
		return "an object"
	case []any:
		return "an array"
	case nil:
		return "null"
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	const limit = 120
	if len(text) > limit {
		return string(text[:limit]) + "..."
	}
	return string(text)
}
