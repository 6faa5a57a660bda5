package diagnosis

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// report puts the findings in order and counts them.
func (r *run) report() *Report {
	out := &Report{
		Schema: SchemaVersion, Tool: r.Tool, Started: r.now, Finished: r.Clock.Now(),
		Scope: r.scope(), Subjects: []Subject{}, Findings: []Finding{},
	}
	r.sign()
	for i := range r.findings {
		f := &r.findings[i]
		for _, root := range r.causes.Roots(i) {
			f.BlockedBy = append(f.BlockedBy, r.findings[root].Fingerprint)
		}
		slices.Sort(f.BlockedBy)
		f.BlockedBy = slices.Compact(f.BlockedBy)
	}
	active, expired := r.suppressions()
	out.Expired = expired
	for _, f := range r.findings {
		if s := covering(active, f); s != nil {
			f.Suppression = s
			out.Suppressed = append(out.Suppressed, f)
			continue
		}
		out.Findings = append(out.Findings, f)
	}
	SortFindings(out.Findings)
	SortFindings(out.Suppressed)
	out.compare(r.Baseline)
	r.conclude(out)
	return out
}

// sign gives every finding its fingerprint. Several of one kind on one subject are told apart by their order.
func (r *run) sign() {
	for _, of := range r.of {
		same := slices.SortedStableFunc(slices.Values(of), func(a, b int) int {
			return cmp.Compare(r.findings[a].Message, r.findings[b].Message)
		})
		seen := map[string]int{}
		for _, i := range same {
			f := &r.findings[i]
			first := fingerprint(*f, 0)
			f.Fingerprint = fingerprint(*f, seen[first])
			seen[first]++
		}
	}
}

// fingerprint is of the kind of problem and of where it is, not of its words.
func fingerprint(f Finding, nth int) string {
	parts := []string{string(f.Code), f.Detail, string(f.Kind), f.About, f.Subject}
	if nth > 0 {
		parts = append(parts, strconv.Itoa(nth))
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// SortFindings puts root causes first, then what is gravest, in the order of causes.
func SortFindings(findings []Finding) {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			compareBool(a.Root(), b.Root()),
			a.Severity.Compare(b.Severity),
			a.Kind.Compare(b.Kind),
			cmp.Compare(a.About, b.About), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Message, b.Message),
		)
	})
}

// compareBool puts what is true first.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// conclude gives every subject and the whole their verdicts.
func (r *run) conclude(out *Report) {
	byAbout := map[string][]*Finding{}
	for i := range out.Findings {
		f := &out.Findings[i]
		byAbout[f.About] = append(byAbout[f.About], f)
	}
	verdicts := []mesh.Verdict{}
	counts := map[mesh.Verdict]int{}
	for name, s := range r.subjects {
		s.conclude(byAbout[name])
		verdicts = append(verdicts, s.Verdict)
		if s.Type == TypeMembership {
			counts[s.Verdict]++
		}
		out.Subjects = append(out.Subjects, *s)
	}
	slices.SortFunc(out.Subjects, func(a, b Subject) int {
		return cmp.Or(cmp.Compare(typeRank[a.Type], typeRank[b.Type]), cmp.Compare(a.Name, b.Name))
	})
	out.Verdict = mesh.Worst(append(verdicts, mesh.Healthy)...)
	out.Summary = out.summarize(counts)
}

var typeRank = map[string]int{TypeFleet: 0, TypeProject: 1, TypeMembership: 2, TypeCluster: 3}

func (s *Subject) conclude(findings []*Finding) {
	verdicts := []mesh.Verdict{mesh.Healthy}
	var said []string
	for _, f := range findings {
		verdicts = append(verdicts, f.Verdict)
		if f.Severity != catalogue.Info && len(said) < 3 && f.Root() {
			said = append(said, f.Message)
		}
		for i := range s.Checks {
			c := &s.Checks[i]
			if c.Kind == f.Kind && f.Severity != catalogue.Info {
				c.Status = WorstStatus(c.Status, f.Status())
			}
		}
	}
	for _, c := range s.Checks {
		if c.Status == Unknown {
			verdicts = append(verdicts, mesh.Unknown)
		}
	}
	slices.SortFunc(s.Checks, func(a, b Check) int { return a.Kind.Compare(b.Kind) })
	s.Verdict = mesh.Worst(verdicts...)
	s.Summary = string(s.Verdict)
	if len(said) == 0 && len(findings) > 0 {
		for _, f := range findings {
			if f.Severity != catalogue.Info && len(said) < 1 {
				said = append(said, f.Message)
			}
		}
	}
	if len(said) > 0 {
		s.Summary += ": " + strings.Join(said, "; ")
	}
}

// Status is what the finding makes of the check of its kind.
func (f Finding) Status() Status {
	switch {
	case f.Verdict == mesh.Unknown:
		return Unknown
	case !f.Root():
		return Blocked
	}
	return Unmet
}

var statusRank = map[Status]int{Met: 0, Blocked: 1, Unknown: 2, Unmet: 3}

// WorstStatus is the one that a person has to hear about first.
func WorstStatus(a, b Status) Status {
	if statusRank[b] > statusRank[a] {
		return b
	}
	return a
}

func (o *Report) summarize(counts map[mesh.Verdict]int) string {
	roots, consequences, waiting := 0, 0, 0
	for _, f := range o.Findings {
		switch {
		case f.Severity == catalogue.Info:
		case f.Waiting:
			waiting++
		case f.Root():
			roots++
		default:
			consequences++
		}
	}
	total := 0
	var parts []string
	for _, v := range []mesh.Verdict{mesh.Unhealthy, mesh.Unknown, mesh.Degraded, mesh.Provisioning, mesh.Healthy} {
		if n := counts[v]; n > 0 {
			total += n
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	text := string(o.Verdict) + ": " + o.elsewhere(counts) + plural(total, "membership", "memberships")
	if total > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	if roots > 0 {
		text += "; " + plural(roots, "root cause", "root causes")
		if consequences > 0 {
			text += " with " + plural(consequences, "consequence", "consequences")
		}
	}
	if waiting > 0 {
		text += "; " + plural(waiting, "finding", "findings") + " corrected, waiting for the mesh to notice"
	}
	return text
}

// elsewhere names what makes the whole worse than every membership, such as a project whose binding was revoked before
// the mesh noticed. It is "" where a membership is as bad.
func (o *Report) elsewhere(members map[mesh.Verdict]int) string {
	if o.Verdict == mesh.Healthy || members[o.Verdict] > 0 {
		return ""
	}
	places := map[string]int{}
	for _, s := range o.Subjects {
		if s.Type != TypeMembership && s.Verdict == o.Verdict {
			places[s.Type]++
		}
	}
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(places)) {
		parts = append(parts, fmt.Sprintf("%s %s", plural(places[kind], kind, kind+"s"), o.Verdict))
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, ", ") + "; "
}
