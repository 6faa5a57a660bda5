package kube

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A requirement is one term of a label selector.
type requirement struct {
	key      string
	operator string // In, NotIn, Exists, DoesNotExist
	values   []string
}

var labelKeyPattern = regexp.MustCompile(`^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$`)

func (r requirement) matches(l map[string]string) bool {
	v, ok := l[r.key]
	switch r.operator {
	case "In":
		return ok && slices.Contains(r.values, v)
	case "NotIn":
		return !ok || !slices.Contains(r.values, v)
	case "Exists":
		return ok
	default:
		return !ok
	}
}

func matchAll(rs []requirement, l map[string]string) bool {
	return !slices.ContainsFunc(rs, func(r requirement) bool { return !r.matches(l) })
}

// parseLabels reads a label selector of a URL: a=b,c!=d,e in (f,g),h,!i.
func parseLabels(s string) ([]requirement, error) {
	var out []requirement
	for _, term := range splitTerms(s) {
		r, err := parseTerm(strings.TrimSpace(term))
		if err != nil {
			return nil, fmt.Errorf("unable to parse requirement: %w", err)
		}
		out = append(out, r)
	}
	return out, nil
}

// splitTerms splits at the commas outside of parentheses.
func splitTerms(s string) []string {
	if strings.TrimSpace(s) == "" {
		return nil
	}
	var out []string
	depth, from := 0, 0
	for i, c := range s {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			out, from = append(out, s[from:i]), i+1
		}
	}
	return append(out, s[from:])
}

var setTerm = regexp.MustCompile(`^(\S+)\s+(in|notin)\s*\(([^()]*)\)$`)

func parseTerm(term string) (requirement, error) {
	r := requirement{}
	switch {
	case setTerm.MatchString(term):
		m := setTerm.FindStringSubmatch(term)
		r.key, r.operator = m[1], map[string]string{"in": "In", "notin": "NotIn"}[m[2]]
		for v := range strings.SplitSeq(m[3], ",") {
			r.values = append(r.values, strings.TrimSpace(v))
		}
	case strings.Contains(term, "!="):
		k, v, _ := strings.Cut(term, "!=")
		r = requirement{strings.TrimSpace(k), "NotIn", []string{strings.TrimSpace(v)}}
	case strings.Contains(term, "="):
		k, v, _ := strings.Cut(term, "=")
		r = requirement{strings.TrimSpace(k), "In", []string{strings.TrimSpace(strings.TrimPrefix(v, "="))}}
	case strings.HasPrefix(term, "!"):
		r = requirement{key: strings.TrimSpace(term[1:]), operator: "DoesNotExist"}
	default:
		r = requirement{key: term, operator: "Exists"}
	}
	if !labelKeyPattern.MatchString(r.key) {
		return r, fmt.Errorf("%q is not the key of a label", r.key)
	}
	for _, v := range r.values {
		if v != "" && !labelKeyPattern.MatchString(v) || strings.Contains(v, "/") || len(v) > 63 {
			return r, fmt.Errorf("values[0][%s]: Invalid value: %q: a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character", r.key, v)
		}
	}
	return r, nil
}

// matchSelector evaluates a metav1.LabelSelector; an empty one matches
// everything, and so does none, as in a webhook.
func matchSelector(selector any, l map[string]string) bool {
	for k, v := range stringMap(dig(selector, "matchLabels")) {
		if have, ok := l[k]; !ok || have != v {
			return false
		}
	}
	for _, e := range items(selector, "matchExpressions") {
		r := requirement{key: text(e, "key"), operator: text(e, "operator")}
		for _, v := range items(e, "values") {
			r.values = append(r.values, sprint(v))
		}
		if !r.matches(l) {
			return false
		}
	}
	return true
}

// fieldPaths are the fields that may be selected by, besides a name and a
// namespace.
var fieldPaths = map[string][]string{
	resPods:        {"status.phase", "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "status.podIP", "status.nominatedNodeName"},
	resNamespaces:  {"status.phase"},
	resReplicaSets: {"status.replicas"},
	resJobs:        {"status.successful"},
	"secrets":      {"type"},
	resEvents: {"involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion",
		"involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type"},
}

// A fieldTerm is one term of a field selector.
type fieldTerm struct {
	path  []string
	value string
	not   bool
}

func parseFields(r *resource, s string) ([]fieldTerm, error) {
	var out []fieldTerm
	for term := range strings.SplitSeq(s, ",") {
		if term == "" {
			continue
		}
		k, v, ok := strings.Cut(term, "=")
		if !ok {
			return nil, fmt.Errorf("invalid field selector: %q: can't understand %q", s, term)
		}
		v = strings.TrimPrefix(v, "=")
		k, not := strings.CutSuffix(k, "!")
		known := k == "metadata.name" || k == "metadata.namespace" && r.namespaced || slices.Contains(fieldPaths[r.id()], k)
		if !known {
			return nil, fmt.Errorf("field label not supported: %s", k)
		}
		path := strings.Split(k, ".")
		if k == "source" {
			path = []string{"source", "component"}
		}
		out = append(out, fieldTerm{path: path, value: v, not: not})
	}
	return out, nil
}

func matchFields(terms []fieldTerm, o Object) bool {
	return !slices.ContainsFunc(terms, func(t fieldTerm) bool { return (sprint(dig(o, t.path...)) == t.value) == t.not })
}

func lower(s string) string { return strings.ToLower(s) }
