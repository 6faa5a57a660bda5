package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// metricRoots is how many roots have a series of their own: a monitoring system
// keeps every one of them for as long as it keeps anything.
const metricRoots = 1000

// family is a metric of the OpenMetrics text format, version 1.0.0.
type family struct {
	w    *bufio.Writer
	name string
}

func newFamily(w *bufio.Writer, name, unit, help string) family {
	fmt.Fprintf(w, "# TYPE %s gauge\n", name)
	if unit != "" {
		fmt.Fprintf(w, "# UNIT %s %s\n", name, unit)
	}
	fmt.Fprintf(w, "# HELP %s %s\n", name, help)
	return family{w, name}
}

// set writes a sample; labels are names and values in turn.
func (m family) set(value float64, labels ...string) {
	fmt.Fprint(m.w, m.name)
	for i := 0; i < len(labels); i += 2 {
		fmt.Fprintf(m.w, `%c%s="%s"`, "{,"[min(i, 1)], labels[i], labelEscapes.Replace(labels[i+1]))
	}
	if len(labels) > 0 {
		fmt.Fprint(m.w, "}")
	}
	fmt.Fprintf(m.w, " %s\n", strconv.FormatFloat(value, 'f', -1, 64))
}

var labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// label is text of an API as a label's value.
func label[T ~string](s T) string { return shorten(clean(string(s)), 300) }

func writeOpenMetrics(w io.Writer, d *digest, _ Options) error {
	b := bufio.NewWriter(w)
	verdict := newFamily(b, "asm_diagnosis_verdict", "", "Verdict on everything that was asked for: 1 for the one it is, 0 for the others.")
	for _, v := range verdicts {
		verdict.set(oneIf(d.Verdict == v), "verdict", string(v))
	}
	subjectMetrics(b, d)
	checkMetrics(b, d)
	findingMetrics(b, d)
	newFamily(b, "asm_diagnosis_suppressed", "", "Findings that a suppression covers.").set(float64(len(d.Suppressed)))
	newFamily(b, "asm_diagnosis_suppressions_expired", "", "Suppressions past their day; they cover nothing.").set(float64(len(d.Expired)))
	newFamily(b, "asm_diagnosis_resolved", "", "Findings of the baseline that are gone.").set(float64(len(d.Resolved)))
	if !d.Finished.IsZero() {
		newFamily(b, "asm_diagnosis_timestamp_seconds", "seconds", "When the diagnosis ended, as seconds since 1970.").set(seconds(d.Finished))
		if !d.Started.IsZero() {
			newFamily(b, "asm_diagnosis_duration_seconds", "seconds", "How long the diagnosis took.").set(d.Finished.Sub(d.Started).Seconds())
		}
	}
	fmt.Fprint(b, "# EOF\n")
	return b.Flush()
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// seconds keeps milliseconds; a float holds no more of a time in this century.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// subjectMetrics has a series for every verdict of every type that there is, so
// that an alert on 0 works.
func subjectMetrics(b *bufio.Writer, d *digest) {
	type key struct{ kind, verdict string }
	counts := map[key]int{}
	for _, s := range d.Subjects {
		for _, v := range verdicts {
			counts[key{label(s.Type), string(v)}] += 0
		}
		counts[key{label(s.Type), label(s.Verdict)}]++
	}
	m := newFamily(b, "asm_diagnosis_subjects", "", "Things that were looked at, by type and verdict.")
	for _, k := range sortedKeys(counts, func(a, b key) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.verdict, b.verdict)) }) {
		m.set(float64(counts[k]), "type", k.kind, "verdict", k.verdict)
	}
}

func checkMetrics(b *bufio.Writer, d *digest) {
	type key struct{ kind, status string }
	counts := map[key]int{}
	for _, s := range d.Subjects {
		for _, c := range s.Checks {
			counts[key{label(c.Kind), label(c.Status)}]++
		}
	}
	m := newFamily(b, "asm_diagnosis_checks", "", "Checks of all subjects, by kind and status.")
	for _, k := range sortedKeys(counts, func(a, b key) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.status, b.status)) }) {
		m.set(float64(counts[k]), "kind", k.kind, "status", k.status)
	}
}

// findingMetrics counts all findings and tells roots one by one.
func findingMetrics(b *bufio.Writer, d *digest) {
	type key struct{ code, detail, severity, root, waiting, fresh, subject string }
	order := func(a, b key) int {
		return cmp.Or(cmp.Compare(a.code, b.code), cmp.Compare(a.detail, b.detail), cmp.Compare(a.severity, b.severity), cmp.Compare(a.root, b.root),
			cmp.Compare(a.waiting, b.waiting), cmp.Compare(a.fresh, b.fresh), cmp.Compare(a.subject, b.subject))
	}
	counts, roots := map[key]int{}, map[key]int{}
	leftOut := 0
	for i := range d.Findings {
		f := &d.Findings[i]
		k := key{label(f.Code), label(f.Detail), label(f.Severity), strconv.FormatBool(f.Root()), strconv.FormatBool(f.Waiting), strconv.FormatBool(f.New), ""}
		counts[k]++
		if !f.Root() {
			continue
		}
		k.subject = label(f.Subject)
		if roots[k] == 0 && len(roots) == metricRoots {
			leftOut++
			continue
		}
		roots[k]++
	}
	m := newFamily(b, "asm_diagnosis_findings", "", "Findings by code; what is not a root is a consequence of one.")
	for _, k := range sortedKeys(counts, order) {
		m.set(float64(counts[k]), "code", k.code, "detail", k.detail, "severity", k.severity, "root", k.root, "waiting", k.waiting, "new", k.fresh)
	}
	m = newFamily(b, "asm_diagnosis_finding", "", "Root causes one by one; asm_diagnosis_findings counts what they bring about.")
	for _, k := range sortedKeys(roots, order) {
		m.set(float64(roots[k]), "code", k.code, "detail", k.detail, "severity", k.severity, "subject", k.subject, "root", k.root, "waiting", k.waiting, "new", k.fresh)
	}
	newFamily(b, "asm_diagnosis_finding_left_out", "", "Root causes beyond the "+number(metricRoots)+" that have a series of their own.").set(float64(leftOut))
}

func sortedKeys[K comparable](m map[K]int, order func(a, b K) int) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, order)
	return keys
}
