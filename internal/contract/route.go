package contract

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// A route recognises the paths of a method.
type route struct {
	pattern *regexp.Regexp
	verb    string // the custom verb, such as "getIamPolicy"; "" for the standard methods
	literal int    // how many characters of the path are fixed
}

var placeholder = regexp.MustCompile(`\{(\+?)([^}]+)\}`)

// newRoute compiles the template of a method's path. In a template, {x} stands for one segment, and {+x} for
// what the parameter's own pattern allows.
func newRoute(m *method) (route, error) {
	var expr strings.Builder
	var r route
	at := 0
	for _, loc := range placeholder.FindAllStringSubmatchIndex(m.Path, -1) {
		expr.WriteString(regexp.QuoteMeta(m.Path[at:loc[0]]))
		r.literal += loc[0] - at
		at = loc[1]
		name, reserved := m.Path[loc[4]:loc[5]], loc[2] != loc[3]
		p := m.Parameters[name]
		switch {
		case p == nil || p.Location != "path":
			return r, fmt.Errorf("%s: the path %q has no parameter %q", m.ID, m.Path, name)
		case reserved && p.Pattern == "":
			return r, fmt.Errorf("%s: the path parameter %q has no pattern", m.ID, name)
		case reserved:
			inner := strings.TrimSuffix(strings.TrimPrefix(p.Pattern, "^"), "$")
			expr.WriteString("(?:" + inner + ")")
			// The fixed parts of the parameter's pattern count too: they distinguish v1/{+name} of an operation
			// from v1/{+name} of a feature.
			r.literal += len(strings.ReplaceAll(inner, "[^/]+", ""))
		default:
			expr.WriteString("[^/]+")
		}
	}
	expr.WriteString(regexp.QuoteMeta(m.Path[at:]))
	r.literal += len(m.Path) - at
	r.verb = customVerb(m.Path)
	var err error
	if r.pattern, err = regexp.Compile("^(?:" + expr.String() + ")$"); err != nil {
		return r, fmt.Errorf("%s: %w", m.ID, err)
	}
	return r, nil
}

// versionOf returns the first segment of a path or template, without a custom verb.
func versionOf(path string) string {
	path = strings.TrimPrefix(path, "/")
	if i := strings.IndexAny(path, "/:"); i >= 0 {
		return path[:i]
	}
	return path
}

// customVerb returns what follows the last colon of a path's last segment.
func customVerb(path string) string {
	last := path[strings.LastIndexByte(path, '/')+1:]
	if i := strings.LastIndexByte(last, ':'); i >= 0 {
		return last[i+1:]
	}
	return ""
}

// find returns the method that answers a request, or says why there is none. A path may be escaped or not.
func (d *document) find(httpMethod, path string) (*method, error) {
	path = strings.TrimPrefix(path, "/"+d.ServicePath)
	candidates := d.matching(path)
	if decoded, err := url.PathUnescape(path); err == nil && len(candidates) == 0 {
		candidates = d.matching(decoded)
	}
	if len(candidates) == 0 {
		return nil, fmt.Errorf("%s has no method with the path /%s", d.ID, path)
	}
	var others []string
	var found []*method
	for _, m := range candidates {
		if m.HTTPMethod == httpMethod {
			found = append(found, m)
		} else {
			others = append(others, m.HTTPMethod)
		}
	}
	if len(found) == 0 {
		slices.Sort(others)
		return nil, fmt.Errorf("%s has no method %s for the path /%s, only %s", d.ID, httpMethod, path,
			strings.Join(slices.Compact(others), ", "))
	}
	// The most specific template wins, as it does in Google's front end.
	slices.SortStableFunc(found, func(a, b *method) int { return b.route.literal - a.route.literal })
	if len(found) > 1 && found[0].route.literal == found[1].route.literal {
		return nil, fmt.Errorf("%s has both %s and %s for the path /%s", d.ID, found[0].ID, found[1].ID, path)
	}
	return found[0], nil
}

// matching returns the methods whose template matches the path. Templates of standard methods would also
// match a name that ends in a custom verb, which is never a name.
func (d *document) matching(path string) []*method {
	verb := customVerb(path)
	if !slices.ContainsFunc(d.methods, func(m *method) bool { return m.route.verb == verb }) {
		verb = ""
	}
	var methods []*method
	for _, m := range d.methods {
		if m.route.verb == verb && m.route.pattern.MatchString(path) {
			methods = append(methods, m)
		}
	}
	return methods
}
