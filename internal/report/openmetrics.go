package report

import (
	"cmp"
	"io"
	"maps"
	"slices"
	"strconv"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// metricRoots is how many roots have a series of their own: a monitoring system
// keeps every one of them for as long as it keeps anything.
const metricRoots = 1000

func writeOpenMetrics(w io.Writer, d *diagnosisView, _ Options) error {
	verdict := gauge("asm_diagnosis_verdict", "Verdict on the whole scope: 1 for the one that holds, 0 for the others.")
	for _, v := range verdicts {
		add(verdict, oneIf(d.Verdict == v), "verdict", string(v))
	}
	families := []*dto.MetricFamily{verdict, subjectMetrics(d), checkMetrics(d)}
	families = append(families, findingMetrics(d)...)
	families = append(families,
		single("asm_diagnosis_suppressed", "Findings that a suppression covers.", float64(len(d.Suppressed))),
		single("asm_diagnosis_suppressions_expired", "Suppressions that have expired; they cover nothing.", float64(len(d.Expired))),
		single("asm_diagnosis_resolved", "Findings of the baseline that are resolved.", float64(len(d.Resolved))))
	if !d.Finished.IsZero() {
		// A float holds no more than milliseconds of a time in this century.
		families = append(families, inSeconds(single("asm_diagnosis_timestamp_seconds",
			"When the diagnosis ended, as seconds since 1970.", float64(d.Finished.UnixMilli())/1000)))
		if !d.Started.IsZero() {
			families = append(families, inSeconds(single("asm_diagnosis_duration_seconds",
				"How long the diagnosis took.", d.Finished.Sub(d.Started).Seconds())))
		}
	}
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToOpenMetrics(w, f); err != nil {
			return err
		}
	}
	_, err := expfmt.FinalizeOpenMetrics(w)
	return err
}

func gauge(name, help string) *dto.MetricFamily {
	return &dto.MetricFamily{Name: &name, Help: &help, Type: dto.MetricType_GAUGE.Enum()}
}

func single(name, help string, value float64) *dto.MetricFamily {
	f := gauge(name, help)
	add(f, value)
	return f
}

func inSeconds(f *dto.MetricFamily) *dto.MetricFamily {
	unit := "seconds"
	f.Unit = &unit
	return f
}

// add adds a sample; labels are names and values in turn.
func add(f *dto.MetricFamily, value float64, labels ...string) {
	m := &dto.Metric{Gauge: &dto.Gauge{Value: &value}}
	for i := 0; i < len(labels); i += 2 {
		m.Label = append(m.Label, &dto.LabelPair{Name: &labels[i], Value: &labels[i+1]})
	}
	f.Metric = append(f.Metric, m)
}

// label is text of an API as a label's value.
func label[T ~string](s T) string { return Shorten(Clean(string(s)), 300) }

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// subjectMetrics has a series for every verdict of every type in the report, so that an alert on 0 works.
func subjectMetrics(d *diagnosisView) *dto.MetricFamily {
	type key struct{ kind, verdict string }
	counts := map[key]int{}
	for _, s := range d.Subjects {
		for _, v := range verdicts {
			counts[key{label(s.Type), string(v)}] += 0
		}
		counts[key{label(s.Type), label(s.Verdict)}]++
	}
	m := gauge("asm_diagnosis_subjects", "Examined resources, by type and verdict.")
	order := func(a, b key) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.verdict, b.verdict)) }
	for _, k := range slices.SortedFunc(maps.Keys(counts), order) {
		add(m, float64(counts[k]), "type", k.kind, "verdict", k.verdict)
	}
	return m
}

func checkMetrics(d *diagnosisView) *dto.MetricFamily {
	type key struct{ kind, status string }
	counts := map[key]int{}
	for _, s := range d.Subjects {
		for _, c := range s.Checks {
			counts[key{label(c.Kind), label(c.Status)}]++
		}
	}
	m := gauge("asm_diagnosis_checks", "Checks of all subjects, by kind and status.")
	order := func(a, b key) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.status, b.status)) }
	for _, k := range slices.SortedFunc(maps.Keys(counts), order) {
		add(m, float64(counts[k]), "kind", k.kind, "status", k.status)
	}
	return m
}

// findingMetrics counts all findings and lists roots one by one.
func findingMetrics(d *diagnosisView) []*dto.MetricFamily {
	type key struct{ code, detail, severity, root, waiting, fresh, subject string }
	order := func(a, b key) int {
		return cmp.Or(cmp.Compare(a.code, b.code), cmp.Compare(a.detail, b.detail), cmp.Compare(a.severity, b.severity),
			cmp.Compare(a.root, b.root), cmp.Compare(a.waiting, b.waiting), cmp.Compare(a.fresh, b.fresh), cmp.Compare(a.subject, b.subject))
	}
	counts, roots := map[key]int{}, map[key]int{}
	leftOut := 0
	for i := range d.Findings {
		f := &d.Findings[i]
		k := key{
			code: label(f.Code), detail: label(f.Detail), severity: label(f.Severity), root: strconv.FormatBool(f.Root()),
			waiting: strconv.FormatBool(f.Waiting), fresh: strconv.FormatBool(f.New),
		}
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
	all := gauge("asm_diagnosis_findings", "Findings by code; a finding that is not a root is a consequence of one.")
	for _, k := range slices.SortedFunc(maps.Keys(counts), order) {
		add(all, float64(counts[k]), "code", k.code, "detail", k.detail, "severity", k.severity,
			"root", k.root, "waiting", k.waiting, "new", k.fresh)
	}
	each := gauge("asm_diagnosis_finding", "Root causes one by one; asm_diagnosis_findings counts their consequences.")
	for _, k := range slices.SortedFunc(maps.Keys(roots), order) {
		add(each, float64(roots[k]), "code", k.code, "detail", k.detail, "severity", k.severity, "subject", k.subject,
			"root", k.root, "waiting", k.waiting, "new", k.fresh)
	}
	return []*dto.MetricFamily{all, each, single("asm_diagnosis_finding_left_out",
		"Root causes beyond the "+number(metricRoots)+" that have a series of their own.", float64(leftOut))}
}
