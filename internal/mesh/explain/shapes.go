package explain

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/text"
)

// shape is a kind of message that is recognised by its parts, because its words vary with the program that prints it.
type shape struct {
	key     string         // squeezed; the part by which it is found
	pattern *regexp.Regexp // the message, around the key; its named groups are variables
	where   func(*explainer) bool
	code    catalogue.Code
	detail  string
	// What is particular to the message; "" is the catalogue's.
	title, means, cause, remedy string
	command                     string // the template of the next command
	roots                       []catalogue.Code
	severity                    catalogue.Severity // "" is the catalogue's
	established                 bool               // Google, or the program's own source, gives this cause
}

// like compiles the pattern of a shape. Letter case does not matter, and a blank outside of brackets may be missing.
func like(pattern string) *regexp.Regexp {
	return regexp.MustCompile(`(?is)` + blankOrClass.ReplaceAllStringFunc(pattern, func(s string) string {
		if s == " " {
			return " ?"
		}
		return s
	}))
}

var blankOrClass = regexp.MustCompile(`\[\^?[^\]]*\]| `)

var shapes = [][]shape{installerShapes, fleetShapes, policyShapes, clusterShapes, proxyShapes}

// shapes looks for messages by their shape. Where two shapes find the same key in one place, the one listed first wins.
func (e *explainer) shapes() {
	taken := map[int]bool{}
	for _, list := range shapes {
		for _, s := range list {
			e.shape(s, taken)
		}
	}
}

// fallbacks looks for the shapes that only say where something stopped, where nothing says more.
func (e *explainer) fallbacks() {
	for _, s := range fallbackShapes {
		if len(e.found) == 0 {
			e.shape(s, map[int]bool{})
		}
	}
}

func (e *explainer) shape(s shape, taken map[int]bool) {
	const before, after = 300, 600
	e.Hits(s.key, func(at, end int) bool {
		window := e.Window(at, before, end, after)
		m := s.pattern.FindStringSubmatchIndex(window)
		if e.spot = at; m == nil || taken[at] || s.where != nil && !s.where(e) {
			return true
		}
		taken[at] = true
		evidence := window[m[0]:m[1]]
		x := e.ofShape(s, evidence, at)
		if x.Variables == nil {
			return false
		}
		x.Title, x.Means, x.Cause = cmp.Or(s.title, x.Title), cmp.Or(s.means, x.Means), cmp.Or(s.cause, x.Cause)
		x.Remedy, x.command, x.Severity = cmp.Or(s.remedy, x.Remedy), s.command, cmp.Or(s.severity, x.Severity)
		x.Roots = append(x.Roots, s.roots...)
		for name, value := range text.NamedGroups(s.pattern, s.pattern.FindStringSubmatch(evidence)) {
			x.set(name, strings.TrimRight(value, ".,:;"))
		}
		return false
	})
}

// ofShape adds the explanation of a shape, as the catalogue has it.
func (e *explainer) ofShape(s shape, evidence string, at int) *Explanation {
	if info, known := catalogue.DescribeCondition(s.detail); known && s.code == catalogue.ConditionReported {
		return e.conditionFound(info, evidence, at)
	}
	x := e.add(s.code, s.detail, evidence, at, s.established || s.cause == "")
	if stop, known := catalogue.DescribeStop(catalogue.StopCode(s.detail)); known && s.code == catalogue.RevisionStalled {
		x.stopped(stop)
	}
	x.state(s.code, s.detail)
	return x
}
