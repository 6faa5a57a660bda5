package planreport

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// join puts together what the plan's parts say of the same things.
type join struct {
	subjects                  []*diagnosis.Subject
	bySubject                 map[string]*diagnosis.Subject
	findings                  []*finding
	seen                      map[string][]*finding // by code and subject
	ids                       map[string]string     // project id by number
	clusters                  map[string]string     // cluster by membership
	passed, failed, undecided int                   // checks
}

// finding is a finding on its way into the report.
type finding struct {
	diagnosis.Finding
	reach     []string // projects beside the subject's that it matters to
	said      []string // messages of a failed check
	sources   []string // data sources that report it
	blockedBy []string // fingerprints, as asm_diagnosis has them
	prints    []string // fingerprints that asm_diagnosis has it under
}

func newJoin(plan *tfjson.Plan) *join {
	j := &join{
		bySubject: map[string]*diagnosis.Subject{}, seen: map[string][]*finding{},
		ids: map[string]string{}, clusters: map[string]string{},
	}
	// First of all, since names are compared from the first finding on.
	for _, rc := range slices.Concat(plan.ResourceChanges, plan.ResourceDrift) {
		if rc != nil && rc.Change != nil && mesh.KindOf(rc.Type) == mesh.ServiceAgentGrant {
			v := newValues(rc.Change.Before, nil)
			j.same(v.text("fleet_project_number"), v.text("fleet_project"))
		}
	}
	return j
}

// same notes that a number and an id are of one project.
func (j *join) same(number, id string) {
	if mesh.IsProjectNumber(number) && mesh.CheckProjectID(id) == nil {
		j.ids[number] = id
	}
}

// alias learns a project's id from a data source on a fleet: it was asked by the
// id, and the API answered with the number.
func (j *join) alias(v values) {
	for _, m := range objectsOf(v.raw["memberships"]) {
		if name, err := mesh.ParseMembership(m.text("name")); err == nil {
			j.same(name.Project, v.text("fleet_project"))
			return
		}
	}
}

// learn notes which cluster a membership is of, as its identity says.
func (j *join) learn(d drifted) {
	if c, found := mesh.IssuedBy(d.now.text("expected_issuer")); found && mesh.KindOf(d.resource) == mesh.MembershipIdentity {
		j.clusters[j.canonical(d.now.text("membership"))] = j.canonical(c.String())
	}
}

func (j *join) has(address string) bool { return j.bySubject[address] != nil }

// subject notes that something was judged; what is known of it already stays.
func (j *join) subject(address, kind string, v mesh.Verdict, summary string) *diagnosis.Subject {
	s := j.bySubject[address]
	if s == nil {
		s = &diagnosis.Subject{Name: address, Type: kind, Verdict: v, Summary: summary, Checks: []diagnosis.Check{}}
		j.bySubject[address] = s
		j.subjects = append(j.subjects, s)
	}
	return s
}

// add notes a finding of an address.
func (j *join) add(address string, f catalogue.Finding) *finding {
	added := &finding{Finding: diagnosis.NewFinding(address, f)}
	if added.Kind == "" { // a code of a later version
		added.Kind = mesh.ControlPlane
	}
	j.findings = append(j.findings, added)
	key := j.key(f)
	j.seen[key] = append(j.seen[key], added)
	return added
}

// key is the same for findings that can be one: a resource knows only that the grant does not count, and a data source
// says why; a diagnosis names a cluster by its membership, and the mesh feature by its fleet.
func (j *join) key(f catalogue.Finding) string {
	code, subject := f.Code, j.canonical(f.Subject)
	switch code {
	case catalogue.BindingConditional, catalogue.BindingDeleted:
		code = catalogue.BindingMissing
	case catalogue.PoolMissing, catalogue.PoolWrong, catalogue.NodePoolNoMetadata:
		if c := j.clusterOf(subject); c != "" {
			subject = c
		}
	case catalogue.FeatureDisabled:
		if parts := strings.SplitN(subject, "/", 3); len(parts) == 3 {
			subject = parts[0] + "/" + parts[1]
		}
	}
	return string(code) + "\x00" + subject
}

// saw notes a finding of a data source, unless it is known already.
func (j *join) saw(address string, v values, f catalogue.Finding) *finding {
	var one *finding
	for _, other := range j.seen[j.key(f)] {
		if alike(other.Finding.Finding, f) {
			one = other
			break
		}
	}
	switch {
	case one == nil:
		one = j.add(address, f)
		one.Waiting, _ = v.flag("waiting")
	case one.About != address:
		if one.Code != f.Code && one.Code == catalogue.BindingMissing {
			one.Code, one.Message, one.Remediation = f.Code, f.Message, f.Remediation
		}
		if f.Severity.Compare(one.Severity) < 0 {
			one.Severity, one.Verdict = f.Severity, f.Verdict
		}
		text := f.Message
		if text == one.Message {
			text = "the same"
		}
		one.Evidence = append(one.Evidence, diagnosis.Evidence{Source: address, Text: text})
	}
	if !slices.Contains(one.sources, address) {
		one.sources = append(one.sources, address)
	}
	if print := v.text("fingerprint"); print != "" {
		one.prints = append(one.prints, print)
		one.blockedBy = append(one.blockedBy, textsOf(v.raw["blocked_by"])...)
	}
	return one
}

// alike reports whether two findings of one key are one.
func alike(a, b catalogue.Finding) bool {
	return catalogue.Describe(a.Code).Single || a.Message == b.Message || a.Detail != "" && a.Detail == b.Detail
}

// canonical is a resource name in the one spelling that is compared, with the project's id where it is known.
func (j *join) canonical(name string) string {
	name = plainly(name)
	rest, found := strings.CutPrefix(name, "projects/")
	if !found {
		return name
	}
	project, rest, more := strings.Cut(rest, "/")
	if id := j.ids[project]; id != "" {
		project = id
	}
	if !more {
		return "projects/" + project
	}
	return "projects/" + project + "/" + rest
}

// conclude links what explains what, and puts everything in order.
func (j *join) conclude() ([]diagnosis.Subject, []diagnosis.Finding) {
	for _, f := range j.findings {
		f.Fingerprint = fingerprint(f.Finding, j.canonical(f.Subject))
	}
	causedBy := j.link()
	findings := []diagnosis.Finding{}
	for i, f := range j.findings {
		for _, root := range causedBy.Roots(i) {
			f.BlockedBy = append(f.BlockedBy, j.findings[root].Fingerprint)
		}
		slices.Sort(f.BlockedBy)
		f.BlockedBy = slices.Compact(f.BlockedBy)
		findings = append(findings, f.Finding)
	}
	diagnosis.SortFindings(findings)
	byAbout := map[string][]*diagnosis.Finding{}
	for i := range findings {
		byAbout[findings[i].About] = append(byAbout[findings[i].About], &findings[i])
	}
	subjects := []diagnosis.Subject{}
	for _, s := range j.subjects {
		judge(s, byAbout[s.Name])
		subjects = append(subjects, *s)
	}
	slices.SortStableFunc(subjects, func(a, b diagnosis.Subject) int {
		return cmp.Or(-cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name)) // resources, then checks
	})
	return subjects, findings
}

// fingerprint is of the kind of problem and of where it is, as those of a
// diagnosis are; an address is where in a configuration.
func fingerprint(f diagnosis.Finding, subject string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{string(f.Code), f.Detail, f.About, subject}, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// judge gives a subject the verdict and the checks that its findings deserve.
func judge(s *diagnosis.Subject, findings []*diagnosis.Finding) {
	var said []string
	for _, f := range findings {
		s.Verdict = mesh.Worst(s.Verdict, f.Verdict)
		if f.Severity == catalogue.Info {
			continue
		}
		if len(said) < 3 {
			said = append(said, f.Message)
		}
		at := slices.IndexFunc(s.Checks, func(c diagnosis.Check) bool { return c.Kind == f.Kind })
		if at < 0 {
			s.Checks = append(s.Checks, diagnosis.Check{Kind: f.Kind, Status: f.Status()})
		} else {
			s.Checks[at].Status = diagnosis.WorstStatus(s.Checks[at].Status, f.Status())
		}
	}
	slices.SortFunc(s.Checks, func(a, b diagnosis.Check) int { return a.Kind.Compare(b.Kind) })
	if len(said) > 0 && s.Summary == inPlace {
		s.Summary = string(s.Verdict) + ": " + strings.Join(said, "; ")
	}
	if s.Summary == "" {
		s.Summary = string(s.Verdict)
	}
}

// inPlace is the summary of a resource that nothing is wrong with.
const inPlace = "in place"
