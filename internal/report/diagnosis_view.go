package report

import (
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// mostAlike is how many similar roots are listed one by one; more are grouped.
const mostAlike = 3

// diagnosisView is a report arranged for reading: similar roots together, and under them their consequences, by code.
type diagnosisView struct {
	*diagnosis.Report
	causes  []cause // roots of severity error and warning
	waiting []cause // corrected roots that the mesh has yet to notice
	notes   []cause // roots of severity info
	// strays are consequences of a cause that the report does not list.
	strays  []consequence
	members []*diagnosis.Subject // memberships and clusters
	counts  map[mesh.Verdict]int // of members
	unknown []reason
	byPrint map[string]*diagnosis.Finding // findings and suppressed ones by fingerprint
	types   map[string]string             // of subjects, by name
	hit     map[string][]string           // memberships that a root affects, by its fingerprint
}

// cause is a root, or several of the same code.
type cause struct {
	roots  []*diagnosis.Finding
	blocks []consequence
	next   string // the next command for a person
}

// name is the name of the finding.
func (c cause) name() string { return named(c.first().Code, c.first().Detail) }

// first represents all roots of c.
func (c cause) first() *diagnosis.Finding { return c.roots[0] }

// many reports whether c has several roots.
func (c cause) many() bool { return len(c.roots) > 1 }

// explains counts the consequences of c.
func (c cause) explains() int {
	n := 0
	for _, b := range c.blocks {
		n += len(b.findings)
	}
	return n
}

// remedy is the roots' own when they agree, and otherwise the general one of their code.
func (c cause) remedy() string {
	for _, f := range c.roots[1:] {
		if general := catalogue.Describe(f.Code).Remedy; f.Remediation != c.first().Remediation && general != "" {
			return general
		}
	}
	return c.first().Remediation
}

// culprits describes the callers that caused the roots, once each.
func (c cause) culprits() []string {
	seen := map[diagnosis.Culprit]bool{}
	var who []string
	for _, f := range c.roots {
		if f.Culprit != nil && !seen[*f.Culprit] {
			seen[*f.Culprit] = true
			who = append(who, culprit(f.Culprit))
		}
	}
	return who
}

// fresh counts the roots that the baseline does not have.
func (c cause) fresh() int {
	n := 0
	for _, f := range c.roots {
		if f.New {
			n++
		}
	}
	return n
}

// consequence is a group of similar findings that a cause explains.
type consequence struct {
	likeness
	findings []*diagnosis.Finding
}

func (c consequence) name() string { return named(c.code, c.detail) }

// reason is why the verdict on some subjects is unknown.
type reason struct {
	text     string
	subjects []*diagnosis.Subject
}

func newDiagnosisView(r *diagnosis.Report) *diagnosisView {
	d := &diagnosisView{Report: r, counts: map[mesh.Verdict]int{}, byPrint: make(map[string]*diagnosis.Finding, len(r.Findings))}
	for _, list := range [][]diagnosis.Finding{r.Suppressed, r.Findings} {
		for i := range list {
			d.byPrint[list[i].Fingerprint] = &list[i]
		}
	}
	d.addSubjects()
	d.addFindings()
	for _, list := range [][]cause{d.causes, d.waiting, d.notes} {
		for i := range list {
			list[i].next = d.next(list[i].roots)
		}
	}
	return d
}

// affected lists the memberships that a root is about or affects. For a root about a project or fleet that affects
// none, it lists the memberships in it. It is runbook.Affected for all roots at once.
func (d *diagnosisView) affected(f *diagnosis.Finding) []string {
	if d.types[f.About] == diagnosis.TypeMembership {
		return []string{f.About}
	}
	names := slices.Clone(d.hit[f.Fingerprint])
	if len(names) == 0 {
		for i := range d.Subjects {
			s := &d.Subjects[i]
			inside := s.Parent == f.About || strings.HasPrefix(s.Name, f.About+"/") ||
				strings.HasPrefix(s.Facts[diagnosis.FactCluster], f.About+"/")
			if s.Type == diagnosis.TypeMembership && inside {
				names = append(names, s.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (d *diagnosisView) addSubjects() {
	reasons := map[string]int{}
	d.types = make(map[string]string, len(d.Subjects))
	for i := range d.Subjects {
		s := &d.Subjects[i]
		d.types[s.Name] = s.Type
		if s.Type == diagnosis.TypeMembership || s.Type == diagnosis.TypeCluster {
			d.members = append(d.members, s)
			d.counts[s.Verdict]++
		}
		if s.Verdict != mesh.Unknown {
			continue
		}
		at, known := reasons[s.Summary]
		if !known {
			at = len(d.unknown)
			reasons[s.Summary] = at
			d.unknown = append(d.unknown, reason{text: s.Summary})
		}
		d.unknown[at].subjects = append(d.unknown[at].subjects, s)
	}
}

// likeness is what the findings of a group have in common.
type likeness struct {
	code     catalogue.Code
	detail   string
	severity catalogue.Severity
	waiting  bool
}

func (d *diagnosisView) addFindings() {
	alike := map[likeness][]*diagnosis.Finding{}
	var order []likeness
	explained := map[string][]*diagnosis.Finding{} // by the root's fingerprint
	d.hit = map[string][]string{}
	var strays []*diagnosis.Finding
	for i := range d.Findings {
		f := &d.Findings[i]
		if f.Root() {
			like := likeness{f.Code, f.Detail, f.Severity, f.Waiting}
			if alike[like] == nil {
				order = append(order, like)
			}
			alike[like] = append(alike[like], f)
			continue
		}
		found := false
		for _, root := range f.BlockedBy {
			if d.types[f.About] == diagnosis.TypeMembership {
				d.hit[root] = append(d.hit[root], f.About)
			}
			// A suppressed root is not listed, and a root that is itself a consequence is none.
			if by, listed := d.byPrint[root]; listed && by.Root() && by.Suppression == nil {
				explained[root] = append(explained[root], f)
				found = true
			}
		}
		if !found {
			strays = append(strays, f)
		}
	}
	d.strays = gather(strays)
	for _, like := range order {
		roots := alike[like]
		if len(roots) > mostAlike {
			d.addCause(like, roots, explained)
			continue
		}
		for i := range roots {
			d.addCause(like, roots[i:i+1], explained)
		}
	}
}

func (d *diagnosisView) addCause(like likeness, roots []*diagnosis.Finding, explained map[string][]*diagnosis.Finding) {
	var all []*diagnosis.Finding
	seen := map[*diagnosis.Finding]bool{}
	done := map[string]bool{}
	for _, root := range roots {
		if done[root.Fingerprint] {
			continue
		}
		done[root.Fingerprint] = true
		for _, f := range explained[root.Fingerprint] {
			if !seen[f] {
				seen[f] = true
				all = append(all, f)
			}
		}
	}
	c := cause{roots: roots, blocks: gather(all)}
	switch {
	case like.waiting:
		d.waiting = append(d.waiting, c)
	case like.severity == catalogue.Info:
		d.notes = append(d.notes, c)
	default:
		d.causes = append(d.causes, c)
	}
}

// gather groups similar findings, in the order in which they first appear.
func gather(findings []*diagnosis.Finding) []consequence {
	var groups []consequence
	at := map[likeness]int{}
	for _, f := range findings {
		like := likeness{f.Code, f.Detail, f.Severity, f.Waiting}
		i, known := at[like]
		if !known {
			i = len(groups)
			at[like] = i
			groups = append(groups, consequence{likeness: like})
		}
		groups[i].findings = append(groups[i].findings, f)
	}
	return groups
}
