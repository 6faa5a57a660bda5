package report

import (
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"html/template"
	"io"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// Limits of what the page shows without its script; the script has everything.
const (
	htmlCauses  = 60
	htmlReasons = 30
	htmlText    = 2000 // characters of a message
	htmlListed  = 200  // suppressed findings
)

var (
	//go:embed page/page.html
	pageHTML string
	//go:embed page/page.css
	pageCSS string
	//go:embed page/page.js
	pageJS string

	pageTemplate = template.Must(template.New("page").Parse(pageHTML))
	// Only this style and this script are allowed to run, and nothing is loaded.
	pagePolicy = "default-src 'none'; style-src '" + hashOf(pageCSS) + "'; script-src '" + hashOf(pageJS) +
		"'; base-uri 'none'; form-action 'none'"
)

// hashOf is a source expression of Content Security Policy, level 2.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

type page struct {
	Policy          string
	Style           template.CSS
	Script          template.JS
	Verdict         string
	Summary         string
	Scope           []string
	MoreScope       int
	Finished        string
	Took            string
	Tool            string
	Members         string
	Counts          []pageCount
	Causes, Waiting pageCauses
	Notes           pageCauses
	Strays          []pageConsequence
	Graph           *graph
	Unknown         []pageReason
	MoreUnknown     int
	Suppressed      []pageSuppressed
	SuppressedAll   string
	MoreSuppressed  int
	Expired         []string
	MoreExpired     int
	Resolved        string
	Fleets          []pageFleet
	Kinds           []string
	Data            pageData
}

type pageCount struct {
	Verdict string
	N       string
	None    bool
}

type pageCauses struct {
	List []pageCause
	More int
}

type pageCause struct {
	ID                 string
	Severity, Code     string
	DocURL             string
	Subject            string // of a single root
	Many               string // how many, of several
	Names              string
	Message            string
	New                string
	Culprits           string
	Remedy             string
	FixedBy            string
	Runbook            string
	Next               string
	Evidence           []pageEvidence
	Explains           string
	Blocks             []pageConsequence
	Waiting            bool
	Fingerprint, Query string
}

type pageEvidence struct{ Source, Text string }

type pageConsequence struct {
	Severity, Code, Query, N, Names, Message string
}

type pageReason struct{ Names, Text string }

type pageSuppressed struct{ Code, Subject, Message, Why string }

type pageFleet struct {
	Name, Members, Tally string
}

func writeHTML(w io.Writer, d *diagnosisView, _ Options) error {
	p := page{
		Policy: pagePolicy, Style: template.CSS(pageCSS), Script: template.JS(pageJS), //nolint:gosec // our own, embedded
		Verdict: orUnknownVerdict(d.Verdict), Summary: Shorten(summaryOf(d), htmlText), Tool: Clean(d.Tool),
		Members: Plural(len(d.members), "cluster"),
		Causes:  pageCausesOf(d.causes, "cause"), Waiting: pageCausesOf(d.waiting, "waiting"), Notes: pageCausesOf(d.notes, "note"),
		Strays: pageConsequences(d.strays), Graph: newGraph(append(d.causes[:len(d.causes):len(d.causes)], d.waiting...)),
		Fleets: fleetsOf(d), Data: newPageData(d),
	}
	for _, name := range d.Scope[:min(len(d.Scope), 5)] {
		p.Scope = append(p.Scope, Clean(name))
	}
	p.MoreScope = len(d.Scope) - len(p.Scope)
	if !d.Finished.IsZero() {
		p.Finished = moment(d.Finished)
		if !d.Started.IsZero() {
			p.Took = d.Finished.Sub(d.Started).Round(100_000_000).String()
		}
	}
	for _, v := range verdicts {
		p.Counts = append(p.Counts, pageCount{string(v), number(d.counts[v]), d.counts[v] == 0})
	}
	for _, k := range mesh.Order() {
		p.Kinds = append(p.Kinds, kindLabel(k))
	}
	for i, r := range d.unknown {
		if i == htmlReasons {
			p.MoreUnknown = len(d.unknown) - i
			break
		}
		names := make([]string, len(r.subjects))
		for i, s := range r.subjects {
			names[i] = Clean(s.Name)
		}
		p.Unknown = append(p.Unknown, pageReason{someNames(names, 5), Shorten(Clean(r.text), htmlText)})
	}
	p.addSuppressed(d)
	for _, s := range d.Expired[:min(len(d.Expired), htmlListed)] {
		p.Expired = append(p.Expired, expired(s))
	}
	p.MoreExpired = len(d.Expired) - len(p.Expired)
	if n := len(d.Resolved); n > 0 {
		p.Resolved = Plural(n, "finding") + " of the baseline resolved."
	}
	return pageTemplate.Execute(w, p)
}

func (p *page) addSuppressed(d *diagnosisView) {
	if len(d.Suppressed) == 0 {
		return
	}
	p.SuppressedAll = Plural(len(d.Suppressed), "finding") + " suppressed"
	for i := range d.Suppressed {
		if i == htmlListed {
			p.MoreSuppressed = len(d.Suppressed) - i
			return
		}
		f := &d.Suppressed[i]
		p.Suppressed = append(p.Suppressed, pageSuppressed{
			named(f.Code, f.Detail), Clean(f.Subject), Shorten(Clean(f.Message), htmlText), suppressedUntil(f.Suppression),
		})
	}
}

func orUnknownVerdict(v mesh.Verdict) string {
	for _, known := range verdicts {
		if v == known {
			return string(v)
		}
	}
	return string(mesh.Unknown)
}

func kindLabel(k mesh.Kind) string { return strings.ReplaceAll(Clean(string(k)), "_", " ") }

// severityClass names a severity's style; the text of an API never becomes one.
func severityClass(s catalogue.Severity) string {
	switch s {
	case catalogue.Error, catalogue.Info:
		return string(s)
	}
	return string(catalogue.Warning)
}

func pageCausesOf(causes []cause, id string) pageCauses {
	var list pageCauses
	for i, c := range causes {
		if i == htmlCauses {
			list.More = len(causes) - i
			break
		}
		list.List = append(list.List, pageCauseOf(c, id+"-"+number(i+1)))
	}
	return list
}

func pageCauseOf(c cause, id string) pageCause {
	f := c.first()
	p := pageCause{
		ID: id, Severity: severityClass(f.Severity), Code: c.name(),
		Message: Shorten(Clean(f.Message), htmlText), Culprits: someNames(c.culprits(), 3),
		Remedy: Shorten(Clean(c.remedy()), htmlText), FixedBy: Clean(f.FixedBy), Runbook: Clean(f.Runbook), Next: c.next,
		Waiting: f.Waiting, Blocks: pageConsequences(c.blocks), Query: query(c.name()),
	}
	if strings.HasPrefix(f.DocURL, "https://") {
		p.DocURL = f.DocURL
	}
	if n := c.fresh(); n > 0 && c.many() {
		p.New = number(n) + " new"
	} else if n > 0 {
		p.New = "new"
	}
	p.Subject = Clean(f.Subject)
	if c.many() {
		p.Many = Plural(len(c.roots), "subject")
		p.Names = someNames(shortNames(c.roots), 5)
	} else {
		p.Query = query(f.Fingerprint)
	}
	if n := c.explains(); n > 0 {
		p.Explains = Plural(n, "finding")
	}
	for _, e := range f.Evidence[:min(len(f.Evidence), 5)] {
		p.Evidence = append(p.Evidence, pageEvidence{Clean(e.Source), Shorten(Clean(e.Text), htmlText)})
	}
	return p
}

func pageConsequences(groups []consequence) []pageConsequence {
	var list []pageConsequence
	for _, g := range groups {
		p := pageConsequence{
			Severity: severityClass(g.severity), Code: g.name(), N: number(len(g.findings)), Query: query(g.name()),
			Names: someNames(shortNames(g.findings), 5),
		}
		if len(g.findings) == 1 {
			p.Message = Shorten(Clean(g.findings[0].Message), htmlText/4)
		}
		list = append(list, p)
	}
	return list
}

// query is the URL fragment that makes the page search for words.
func query(words string) string { return "#q=" + template.URLQueryEscaper(Clean(words)) }

// fleetsOf counts the members by fleet, for a reader whose browser runs no script.
func fleetsOf(d *diagnosisView) []pageFleet {
	counts := map[string]map[mesh.Verdict]int{}
	var order []string
	for _, s := range d.members {
		name := parentOf(s)
		if counts[name] == nil {
			counts[name] = map[mesh.Verdict]int{}
			order = append(order, name)
		}
		counts[name][s.Verdict]++
	}
	var list []pageFleet
	for i, name := range order {
		if i == htmlListed {
			list = append(list, pageFleet{Name: "and " + number(len(order)-i) + " more"})
			break
		}
		n := 0
		for _, of := range counts[name] {
			n += of
		}
		list = append(list, pageFleet{Clean(name), Plural(n, "cluster"), tally(counts[name])})
	}
	return list
}

// parentOf is the fleet of a membership, or the project of a cluster.
func parentOf(s *diagnosis.Subject) string {
	if s.Parent != "" {
		return s.Parent
	}
	parts := strings.SplitN(s.Name, "/", 3)
	if len(parts) == 3 && parts[0] == "projects" {
		return parts[0] + "/" + parts[1]
	}
	return "no fleet"
}
