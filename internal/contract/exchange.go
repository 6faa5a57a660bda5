package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A check is the examination of one exchange.
type check struct {
	exchange Exchange
	docs     []*document // of the host
	doc      *document   // nil when no document has the version
	method   *method     // nil when no method has the path
	problems []Problem
}

func (k *check) add(part Part, path, message string) {
	e := k.exchange
	p := Problem{Part: part, Path: path, Message: message}
	p.Exchange = fmt.Sprintf("%s https://%s%s", e.Method, e.Host, e.Path)
	if e.RawQuery != "" {
		p.Exchange += "?" + e.RawQuery
	}
	p.Exchange += fmt.Sprintf(" %d", e.Status)
	if k.doc != nil {
		p.Document = k.doc.ID
	}
	if k.method != nil {
		p.Method = k.method.ID
	}
	k.problems = append(k.problems, p)
}

// route finds the document and the method that the request is for.
func (k *check) route() {
	version := versionOf(k.exchange.Path)
	for _, d := range k.docs {
		if d.Version != version {
			continue
		}
		m, err := d.find(k.exchange.Method, k.exchange.Path)
		if err != nil {
			k.add(URL, "", "is wrong: "+err.Error())
		}
		k.doc, k.method = d, m
		return
	}
	var versions []string
	for _, d := range k.docs {
		versions = append(versions, d.ID)
	}
	k.add(URL, "", fmt.Sprintf("is of the version %q, which is none of %s", version, strings.Join(versions, ", ")))
}

// query checks the parameters after the question mark.
func (k *check) query() {
	values, err := url.ParseQuery(k.exchange.RawQuery)
	if err != nil {
		k.add(Query, "", "cannot be decoded: "+err.Error())
		return
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		p := k.parameter(name)
		if p == nil {
			k.add(Query, name, "is not a parameter of the method")
			continue
		}
		if len(values[name]) > 1 && !p.Repeated {
			k.add(Query, name, fmt.Sprintf("is there %d times, and is not a repeated parameter", len(values[name])))
		}
		for _, text := range values[name] {
			k.queryValue(name, text, p)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(k.method.Parameters)) {
		if p := k.method.Parameters[name]; p.Location == "query" && p.required() && values.Get(name) == "" {
			k.add(Query, name, "is required")
		}
	}
}

// parameter returns the description of a query parameter: one of the method, or one that every method has,
// which may be written with a $ in front (https://cloud.google.com/apis/docs/system-parameters).
func (k *check) parameter(name string) *parameter {
	if p := k.method.Parameters[name]; p != nil && p.Location == "query" {
		return p
	}
	if p := k.doc.Parameters[name]; p != nil {
		return p
	}
	return k.doc.Parameters[strings.TrimPrefix(name, "$")]
}

func (k *check) queryValue(name, text string, p *parameter) {
	switch {
	case p.Type == "boolean" && text != "true" && text != "false":
		k.add(Query, name, fmt.Sprintf("is %q, which is neither true nor false", text))
	case p.Enum != nil && !slices.Contains(p.Enum, text):
		k.add(Query, name, fmt.Sprintf("is %q, which is not one of %s", text, strings.Join(p.Enum, ", ")))
	case formats[p.Format] != nil:
		if err := formats[p.Format](text, false); err != nil {
			k.add(Query, name, fmt.Sprintf("is %q, which is not of the format %s: %v", text, p.Format, err))
			return
		}
		if name == "updateMask" && k.method.Request != nil {
			for _, message := range k.doc.unknownInMask(text, k.method.Request) {
				k.add(Query, name, message)
			}
		}
	}
}

// request checks the body of the request. A body may always be left out: it then has all defaults.
func (k *check) request() {
	body := bytes.TrimSpace(k.exchange.RequestBody)
	if len(body) == 0 {
		return
	}
	if k.method.Request == nil {
		k.add(RequestBody, "", "is there, and the method takes none")
		return
	}
	v, err := decode(body)
	if err != nil {
		k.add(RequestBody, "", "is not JSON: "+err.Error())
		return
	}
	w := &walker{doc: k.doc, report: func(path, message string) { k.add(RequestBody, path, message) }}
	w.value("$", v, k.method.Request)
}

// response checks the body of the answer.
func (k *check) response(newEnums bool) {
	report := func(path, message string) { k.add(ResponseBody, path, message) }
	v, err := decode(k.exchange.ResponseBody)
	switch {
	case err != nil && k.method == nil && k.exchange.Status == http.StatusNotFound:
		// What Google answers for a path that no API has is a page.
	case err != nil:
		report("", "is not JSON: "+err.Error())
	case !succeeded(k.exchange.Status):
		checkError(k.exchange.Status, v, report)
	case k.method != nil:
		w := &walker{doc: k.doc, response: true, newEnums: newEnums, report: report}
		if strings.Contains(k.method.ID, ".operations.") {
			// An operation may be read in another version than the one that started it, and is about messages
			// of the latter.
			w.siblings = k.docs
		}
		w.value("$", v, k.method.Response)
	default:
		report("", "is a success, and there is no such method")
	}
}

// decode reads one JSON value, with its numbers as they are written.
func decode(text []byte) (any, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, errors.New("there is nothing")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the value")
	}
	return v, nil
}
