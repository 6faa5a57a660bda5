package report

import (
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

const (
	dataText     = 2000 // characters of a message
	dataEvidence = 3    // pieces of evidence of a root
	// own replaces the short name of the finding's subject in a text, so that the
	// same message of 10,000 clusters is stored once.
	own = "\x01"
)

// pageData is the data of the page's script. A text is stored once, in Texts, and referred to by its index.
type pageData struct {
	Texts    []string `json:"texts"`
	Kinds    []string `json:"kinds"`
	Subjects [][]any  `json:"subjects"` // see addSubject
	Findings [][]any  `json:"findings"` // see addFinding

	at map[string]int
}

func newPageData(d *diagnosisView) pageData {
	s := pageData{at: map[string]int{}, Subjects: [][]any{}, Findings: [][]any{}}
	s.text("")
	places := make(map[mesh.Kind]int)
	for i, k := range mesh.Order() {
		s.Kinds = append(s.Kinds, kindLabel(k))
		places[k] = i
	}
	index := make(map[string]int, len(d.Subjects))
	for i := range d.Subjects {
		index[d.Subjects[i].Name] = i
		s.addSubject(&d.Subjects[i], places)
	}
	byPrint := make(map[string]int, len(d.Findings))
	for i := range d.Findings {
		byPrint[d.Findings[i].Fingerprint] = i
	}
	for i := range d.Findings {
		s.addFinding(&d.Findings[i], index, byPrint)
	}
	return s
}

// text returns the index of a text.
func (s *pageData) text(text string) int {
	i, known := s.at[text]
	if !known {
		i = len(s.Texts)
		s.at[text] = i
		s.Texts = append(s.Texts, text)
	}
	return i
}

// about returns the index of a text about a subject.
func (s *pageData) about(text, name string) int {
	text = Shorten(Clean(text), dataText)
	if short := Clean(base(name)); len(short) > 2 {
		text = strings.ReplaceAll(text, short, own)
	}
	return s.text(text)
}

// addSubject adds: name up to the last slash, the rest of the name, type, verdict, summary, parent, and a letter for
// each kind of check: m, u, b, ? or a dot where it does not apply.
func (s *pageData) addSubject(subject *diagnosis.Subject, places map[mesh.Kind]int) {
	name := Clean(subject.Name)
	short := base(name)
	checks := []byte(strings.Repeat(".", len(places)))
	for _, c := range subject.Checks {
		if i, known := places[c.Kind]; known {
			checks[i] = statusLetter(c.Status)
		}
	}
	parent := ""
	if subject.Type == diagnosis.TypeMembership || subject.Type == diagnosis.TypeCluster {
		parent = parentOf(subject)
	}
	s.Subjects = append(s.Subjects, []any{
		s.text(name[:len(name)-len(short)]), short, s.text(Clean(subject.Type)), s.text(orUnknownVerdict(subject.Verdict)),
		s.about(subject.Summary, subject.Name), s.text(Clean(parent)), s.text(string(checks)),
	})
}

func statusLetter(status diagnosis.Status) byte {
	switch status {
	case diagnosis.Met:
		return 'm'
	case diagnosis.Unmet:
		return 'u'
	case diagnosis.Blocked:
		return 'b'
	}
	return '?'
}

// The flags of a finding.
const (
	flagWaiting = 1 << iota
	flagNew
)

// addFinding adds: code, severity, index of the subject that it is about or -1, its own subject unless that is the
// same, message, remedy, resource, runbook, flags, indexes of its roots. For a root also: fingerprint, culprit, and
// evidence as source and text in turn.
func (s *pageData) addFinding(f *diagnosis.Finding, subjects, byPrint map[string]int) {
	about, known := subjects[f.About]
	if !known {
		about = -1
	}
	subject := 0
	if f.Subject != f.About || !known {
		subject = s.about(f.Subject, f.About)
	}
	flags := 0
	if f.Waiting {
		flags |= flagWaiting
	}
	if f.New {
		flags |= flagNew
	}
	roots := []int{}
	for _, print := range f.BlockedBy {
		if i, listed := byPrint[print]; listed {
			roots = append(roots, i)
		}
	}
	row := []any{
		s.text(named(f.Code, f.Detail)), s.text(severityClass(f.Severity)), about, subject, s.about(f.Message, f.About),
		s.about(f.Remediation, f.About), s.text(Clean(f.FixedBy)), s.text(Clean(f.Runbook)), flags, roots,
	}
	if f.Root() {
		row = append(row, Clean(f.Fingerprint), s.about(culprit(f.Culprit), f.About))
		evidence := []int{}
		for _, e := range f.Evidence[:min(len(f.Evidence), dataEvidence)] {
			evidence = append(evidence, s.text(Clean(e.Source)), s.about(e.Text, f.About))
		}
		row = append(row, evidence)
	}
	s.Findings = append(s.Findings, slices.Clip(row))
}
