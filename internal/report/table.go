package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// Limits of what a terminal shows of a diagnosis; the rest is counted.
const (
	tableCauses  = 40
	tableReasons = 10
	tableNames   = 3
	tableText    = 1200 // characters of a message
	briefCauses  = 8
	briefText    = 240
)

// Attributes of ECMA-48 that every terminal has.
const (
	bold   = "1"
	dim    = "2"
	red    = "1;31"
	green  = "1;32"
	yellow = "1;33"
	blue   = "1;34"
	purple = "1;35"
)

var colors = map[string]string{
	string(mesh.Unhealthy): red, string(mesh.Unknown): purple, string(mesh.Degraded): yellow,
	string(mesh.Provisioning): blue, string(mesh.Healthy): green,
	string(catalogue.Error): red, string(catalogue.Warning): yellow, string(catalogue.Info): blue,
}

// table writes for a terminal. Its writer is a buffer that keeps the first error.
type table struct {
	w io.Writer
	Options
}

func writeTable(w io.Writer, d *diagnosisView, o Options) error {
	t := table{w, o}
	if o.Brief {
		t.brief(d)
		return nil
	}
	t.head(d)
	t.causes("Root causes", d.causes)
	t.causes("Corrected, waiting for the mesh to notice", d.waiting)
	t.causes("For information", d.notes)
	if len(d.strays) > 0 {
		t.title("Consequences of a cause that is not listed")
		t.consequences(2, d.strays)
	}
	t.unknown(d.unknown)
	t.foot(d)
	return nil
}

func (t table) head(d *diagnosisView) {
	verdict := Clean(string(d.Verdict))
	t.text(0, t.Paint(colors[verdict], strings.ToUpper(verdict))+"  "+summaryOf(d))
	var facts []string
	if len(d.members) > 0 {
		facts = append(facts, Plural(len(d.members), "cluster")+": "+tally(d.counts))
	}
	if len(d.Scope) > 0 {
		facts = append(facts, "scope "+Clean(someNames(d.Scope, tableNames)))
	}
	if !d.Finished.IsZero() {
		facts = append(facts, moment(d.Finished))
	}
	if len(facts) > 0 {
		t.text(0, strings.Join(facts, "; "))
	}
}

func (t table) causes(title string, causes []cause) {
	if len(causes) == 0 {
		return
	}
	t.title(title)
	for i, c := range causes {
		if i == tableCauses {
			t.text(2, fmt.Sprintf("and %s; see the formats html and json.", Plural(len(causes)-i, "more cause")))
			return
		}
		if i > 0 {
			fmt.Fprintln(t.w)
		}
		t.cause(c)
	}
}

func (t table) cause(c cause) {
	f := c.first()
	severity := Clean(string(f.Severity))
	line := t.Paint(colors[severity], severity) + "  " + t.Paint(bold, c.name())
	if n := c.fresh(); n > 0 && c.many() {
		line += "  " + number(n) + " new"
	} else if n > 0 {
		line += "  new"
	}
	t.text(2, line)
	example := ""
	if c.many() {
		t.text(4, Plural(len(c.roots), "finding")+": "+someNames(shortNames(c.roots), tableNames))
		example = "for example " + Clean(f.Subject) + ": "
	} else {
		t.text(4, Clean(f.Subject))
	}
	t.text(4, example+Shorten(Clean(f.Message), tableText))
	for _, e := range f.Evidence[:min(len(f.Evidence), tableNames)] {
		t.text(4, t.Paint(dim, "seen in "+Clean(e.Source)+": ")+Shorten(Clean(e.Text), tableText))
	}
	if who := c.culprits(); len(who) > 0 {
		t.text(4, "caused by "+someNames(who, tableNames))
	}
	t.text(4, "remedy: "+Shorten(Clean(c.remedy()), tableText))
	if f.FixedBy != "" {
		t.text(4, "fixed by: resource "+Clean(f.FixedBy))
	}
	t.notes(4, []note{{Label: "next", Text: c.next, Command: true}})
	if n := c.explains(); n > 0 {
		t.text(4, "explains "+Plural(n, "finding")+":")
		t.consequences(6, c.blocks)
	}
}

// consequences writes a single finding in full, and several as their number and a few names.
func (t table) consequences(indent int, groups []consequence) {
	for _, g := range groups {
		line := t.Paint(colors[string(g.severity)], Clean(string(g.severity))) + "  " + g.name() + "  "
		if len(g.findings) == 1 {
			f := g.findings[0]
			t.text(indent, line+Clean(f.Subject)+": "+Shorten(Clean(f.Message), tableText)+waitingNote(f))
			continue
		}
		t.text(indent, line+number(len(g.findings))+": "+someNames(shortNames(g.findings), tableNames))
	}
}

func waitingNote(f *diagnosis.Finding) string {
	if f.Waiting {
		return " (corrected, waiting for the mesh to notice)"
	}
	return ""
}

func (t table) unknown(reasons []reason) {
	if len(reasons) == 0 {
		return
	}
	t.title("Unknown")
	for i, r := range reasons {
		if i == tableReasons {
			t.text(2, "and "+Plural(len(reasons)-i, "more reason")+"; see the formats html and json.")
			return
		}
		names := make([]string, len(r.subjects))
		for i, s := range r.subjects {
			names[i] = Clean(s.Name)
		}
		t.text(2, someNames(names, tableNames))
		t.text(4, Shorten(Clean(r.text), tableText))
	}
}

func (t table) foot(d *diagnosisView) {
	var parts []string
	if n := len(d.Suppressed); n > 0 {
		parts = append(parts, Plural(n, "finding")+" suppressed")
	}
	if n := len(d.Resolved); n > 0 {
		parts = append(parts, Plural(n, "finding")+" of the baseline resolved")
	}
	if len(d.Expired) > 0 {
		t.title("Expired suppressions")
		for i, s := range d.Expired {
			if i == tableReasons {
				t.text(2, "and "+number(len(d.Expired)-i)+" more.")
				break
			}
			t.text(2, expired(s))
		}
	}
	if len(parts) > 0 {
		fmt.Fprintln(t.w)
		t.text(0, strings.Join(parts, ", ")+".")
	}
}

func (t table) title(s string) {
	fmt.Fprintln(t.w)
	t.text(0, t.Paint(bold, s))
	fmt.Fprintln(t.w)
}

// text writes a paragraph at an indent, and further lines with a deeper one.
func (t table) text(indent int, s string) {
	columns := 0
	if t.Width > 0 {
		columns = max(t.Width-indent-2, 20)
	}
	for i, line := range Wrap(s, columns) {
		if i > 0 {
			indent += 2 * (2 - min(i, 2))
		}
		fmt.Fprintf(t.w, "%*s%s\n", indent, "", line)
	}
}
