package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// brief writes the answer on one screen: the verdict, the root causes by what they take down, and the next command.
func (t table) brief(d *diagnosisView) {
	t.head(d)
	final := d.nextOfAll()
	t.briefCauses("Root causes", byImpact(d.causes), final)
	t.briefCauses("Corrected, waiting for the mesh to notice", d.waiting, final)
	t.briefNotes(d.notes)
	if len(d.strays) > 0 {
		t.title("Consequences of a cause that is not listed")
		t.text(2, codesOf(d.strays))
	}
	t.unknown(d.unknown)
	t.foot(d)
	if len(d.causes)+len(d.waiting)+len(d.notes)+len(d.strays) == 0 {
		return
	}
	fmt.Fprintln(t.w)
	t.notes(0, []note{{Label: "next", Text: final, Command: true}})
	t.text(0, t.Paint(dim, "everything that was found: the same command with --details"))
}

// byImpact orders causes by severity, and those of one severity by how much follows from them.
func byImpact(causes []cause) []cause {
	sorted := slices.Clone(causes)
	slices.SortStableFunc(sorted, func(a, b cause) int {
		return cmp.Or(a.first().Severity.Compare(b.first().Severity), cmp.Compare(b.explains()+len(b.roots), a.explains()+len(a.roots)))
	})
	return sorted
}

func (t table) briefCauses(title string, causes []cause, final string) {
	if len(causes) == 0 {
		return
	}
	t.title(title)
	for i, c := range causes {
		if i == briefCauses {
			t.text(2, "and "+Plural(len(causes)-i, "more cause")+": "+someNames(names(causes[i:]), tableNames))
			return
		}
		f := c.first()
		severity := Clean(string(f.Severity))
		line := t.Paint(colors[severity], severity) + "  " + t.Paint(bold, c.name())
		if n := c.fresh(); n > 0 {
			line += "  " + number(n) + " new"
		}
		where := Clean(f.Subject)
		if c.many() {
			where = Plural(len(c.roots), "finding") + ": " + someNames(shortNames(c.roots), tableNames)
		}
		t.text(2, line+"  "+where)
		t.text(4, Shorten(Clean(f.Message), briefText))
		if who := c.culprits(); len(who) > 0 {
			t.text(4, "caused by "+Shorten(someNames(who, 1), briefText))
		}
		if c.explains() > 0 {
			t.text(4, "takes down "+codesOf(c.blocks))
		}
		if f.Runbook == "" {
			t.text(4, "remedy: "+Shorten(Clean(c.remedy()), briefText))
			t.notes(4, []note{{Label: "next", Text: c.next, Command: true}})
		}
	}
}

// names are the names of causes, once each.
func names(causes []cause) []string {
	var all []string
	for _, c := range causes {
		if !slices.Contains(all, c.name()) {
			all = append(all, c.name())
		}
	}
	return all
}

// codesOf counts consequences, and names their codes.
func codesOf(groups []consequence) string {
	n := 0
	var codes []string
	for _, g := range groups {
		n += len(g.findings)
		if name := Clean(string(g.code)); !slices.Contains(codes, name) {
			codes = append(codes, name)
		}
	}
	return Plural(n, "finding") + ": " + someNames(codes, 4)
}

// briefNotes writes one line for each kind of information.
func (t table) briefNotes(notes []cause) {
	if len(notes) == 0 {
		return
	}
	t.title("For information")
	for i, c := range notes {
		if i == briefCauses {
			t.text(2, "and "+Plural(len(notes)-i, "more note")+": "+someNames(names(notes[i:]), tableNames))
			return
		}
		text := Clean(c.first().Message)
		if c.many() {
			text = strings.Join([]string{Plural(len(c.roots), "finding"), someNames(shortNames(c.roots), tableNames)}, ": ")
		}
		t.text(2, t.Paint(colors[string(catalogue.Info)], "info")+"  "+c.name()+"  "+Shorten(text, briefText))
	}
}
