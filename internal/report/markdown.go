package report

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// GitHub refuses a comment of more than 65,536 characters; the caller may add a few.
const (
	markdownSize   = 60_000
	markdownNote   = 1200 // reserved for the note about omitted parts
	markdownCauses = 60
	markdownNames  = 20
	markdownText   = 500 // characters of a message
)

// marks replace colours.
var marks = map[string]string{
	string(mesh.Unhealthy): "❌", string(mesh.Unknown): "❔", string(mesh.Degraded): "⚠️",
	string(mesh.Provisioning): "⏳", string(mesh.Healthy): "✅",
	string(catalogue.Error): "❌", string(catalogue.Warning): "⚠️", string(catalogue.Info): "ℹ️",
}

// markdown collects blocks as long as they fit.
type markdown struct {
	b       strings.Builder
	size    int // characters written
	leftOut []string
}

func writeMarkdown(w io.Writer, d *diagnosisView, _ Options) error {
	m := &markdown{}
	m.head(d)
	m.causes("Root causes", d.causes)
	m.causes("Corrected, waiting for the mesh to notice", d.waiting)
	m.unknown(d.unknown)
	m.details(d.causes)
	m.details(d.waiting)
	m.strays(d.strays)
	m.causes("For information", d.notes)
	m.subjects(d)
	m.suppressed(d)
	m.expired(d)
	m.foot(d)
	_, err := io.WriteString(w, m.b.String())
	return err
}

// add writes a block if it fits, and otherwise remembers its name.
func (m *markdown) add(what, block string) {
	n := utf8.RuneCountInString(block)
	if m.size+n > markdownSize-markdownNote {
		m.leftOut = append(m.leftOut, what)
		return
	}
	m.size += n
	m.b.WriteString(block)
}

func (m *markdown) head(d *diagnosisView) {
	verdict := Clean(string(d.Verdict))
	block := fmt.Sprintf("## %s Mesh diagnosis: %s\n\n**Summary:** %s\n", marks[verdict], text(verdict), long(summaryOf(d), 2*markdownText))
	if len(d.members) > 0 {
		block += fmt.Sprintf("\n**%s:** %s\n", Plural(len(d.members), "cluster"), tally(d.counts))
	}
	m.add("the head", block)
}

func (m *markdown) causes(title string, causes []cause) {
	if len(causes) == 0 {
		return
	}
	block := "\n### " + title + "\n\n| | Finding | Subject | What is wrong | What to do |\n|---|---|---|---|---|\n"
	rows, left := 0, markdownSize-markdownNote-m.size-utf8.RuneCountInString(block)
	for _, c := range causes {
		row := causeRow(c)
		if left -= utf8.RuneCountInString(row); left < 0 || rows == markdownCauses {
			break
		}
		block += row
		rows++
	}
	if rows > 0 {
		m.add(title, block)
	}
	if rows < len(causes) {
		m.leftOut = append(m.leftOut, fmt.Sprintf("%s of %q", Plural(len(causes)-rows, "row"), title))
	}
}

func causeRow(c cause) string {
	f := c.first()
	subject, what := code(f.Subject), long(f.Message, markdownText)
	if c.many() {
		subject = Plural(len(c.roots), "finding") + ": " + codes(shortNames(c.roots), 3)
		what = "for example " + code(f.Subject) + ": " + what
	}
	if n := c.fresh(); n > 0 && c.many() {
		what = "**" + number(n) + " new.** " + what
	} else if n > 0 {
		what = "**New.** " + what
	}
	if who := c.culprits(); len(who) > 0 {
		what += "<br>Caused by " + text(someNames(who, 2)) + "."
	}
	if n := c.explains(); n > 0 {
		what += "<br>Explains " + Plural(n, "finding") + "."
	}
	do := long(c.remedy(), markdownText)
	if f.FixedBy != "" {
		do += "<br>Resource: " + code(f.FixedBy)
	}
	do += "<br>" + code(c.next)
	finding := code(c.name())
	if link := strings.HasPrefix(f.DocURL, "https://") && plainURL.MatchString(f.DocURL); link {
		finding = "[" + finding + "](" + f.DocURL + ")"
	}
	severity := Clean(string(f.Severity))
	return fmt.Sprintf("| %s %s | %s | %s | %s | %s |\n", marks[severity], text(severity), finding, subject, what, do)
}

// details folds the consequences of each cause.
func (m *markdown) details(causes []cause) {
	for i, c := range causes {
		if c.explains() == 0 {
			continue
		}
		if i == markdownCauses {
			m.leftOut = append(m.leftOut, "the consequences of further causes")
			return
		}
		f := c.first()
		about := Clean(base(f.Subject))
		if c.many() {
			about = Plural(len(c.roots), "finding")
		}
		summary := fmt.Sprintf("%s (%s) explains %s", entities(c.name()), entities(Shorten(about, 80)), Plural(c.explains(), "finding"))
		m.add("the consequences of "+code(Shorten(c.name(), 40)), fold(summary, consequenceList(c.blocks)))
	}
}

func (m *markdown) strays(groups []consequence) {
	if len(groups) > 0 {
		m.add("findings whose cause is not listed", fold("Consequences of a cause that is not listed", consequenceList(groups)))
	}
}

func consequenceList(groups []consequence) string {
	var b strings.Builder
	for _, g := range groups {
		fmt.Fprintf(&b, "- %s %s: ", severityClass(g.severity), code(g.name()))
		if len(g.findings) == 1 {
			f := g.findings[0]
			fmt.Fprintf(&b, "%s: %s%s\n", code(f.Subject), long(f.Message, markdownText), waitingNote(f))
			continue
		}
		fmt.Fprintf(&b, "%s: %s\n", number(len(g.findings)), codes(shortNames(g.findings), markdownNames))
	}
	return b.String()
}

func (m *markdown) unknown(reasons []reason) {
	if len(reasons) == 0 {
		return
	}
	block := "\n### Unknown\n\n"
	for i, r := range reasons {
		if i == markdownNames {
			block += "- and " + Plural(len(reasons)-i, "more reason") + "\n"
			break
		}
		names := make([]string, len(r.subjects))
		for i, s := range r.subjects {
			names[i] = Shorten(Clean(s.Name), 120)
		}
		block += "- " + codes(names, 3) + ": " + long(r.text, markdownText) + "\n"
	}
	m.add("what is unknown", block)
}

// subjects lists what is not healthy, and counts the healthy.
func (m *markdown) subjects(d *diagnosisView) {
	var b strings.Builder
	b.WriteString("| | Subject | |\n|---|---|---|\n")
	rows, healthy := 0, 0
	for _, s := range d.Subjects {
		switch {
		case s.Verdict == mesh.Healthy:
			healthy++
		case rows < 2*markdownNames:
			verdict := Clean(string(s.Verdict))
			fmt.Fprintf(&b, "| %s %s | %s | %s |\n", marks[verdict], text(verdict), code(s.Name), long(s.Summary, markdownText/2))
			rows++
		default:
			rows++
		}
	}
	if rows == 0 {
		return
	}
	if more := rows - 2*markdownNames; more > 0 {
		fmt.Fprintf(&b, "\nand %s more that are not healthy.\n", number(more))
	}
	if healthy > 0 {
		fmt.Fprintf(&b, "\n%s healthy.\n", Plural(healthy, "subject"))
	}
	m.add("the subjects", fold(Plural(rows, "subject")+" not healthy", b.String()))
}

func (m *markdown) suppressed(d *diagnosisView) {
	if len(d.Suppressed) == 0 {
		return
	}
	var b strings.Builder
	for i := range d.Suppressed {
		f := &d.Suppressed[i]
		if i == markdownNames {
			fmt.Fprintf(&b, "- and %s more\n", number(len(d.Suppressed)-i))
			break
		}
		why := long(suppressedUntil(f.Suppression), markdownText)
		fmt.Fprintf(&b, "- %s on %s: %s\n", code(named(f.Code, f.Detail)), code(f.Subject), why)
	}
	m.add("suppressed findings", fold(Plural(len(d.Suppressed), "suppressed finding"), b.String()))
}

func (m *markdown) expired(d *diagnosisView) {
	if len(d.Expired) == 0 {
		return
	}
	var b strings.Builder
	for i, s := range d.Expired {
		if i == markdownNames {
			fmt.Fprintf(&b, "- and %s more\n", number(len(d.Expired)-i))
			break
		}
		fmt.Fprintf(&b, "- %s on %s, expired %s: %s\n",
			code(string(s.Code)), code(s.Subject), long(s.Expires, 40), long(s.Reason, markdownText))
	}
	m.add("expired suppressions", fold(Plural(len(d.Expired), "suppression")+" expired", b.String()))
}

func (m *markdown) foot(d *diagnosisView) {
	if n := len(d.Resolved); n > 0 {
		m.add("resolved findings", "\n"+Plural(n, "finding")+" of the baseline resolved.\n")
	}
	m.noteLeftOut()
}

func (m *markdown) noteLeftOut() {
	if len(m.leftOut) > 0 {
		note := strings.Join(m.leftOut[:min(len(m.leftOut), 3)], ", ")
		if more := len(m.leftOut) - 3; more > 0 {
			note += " and " + number(more) + " more parts"
		}
		m.b.WriteString("\n*Left out to fit into a comment: " + note + ". See the formats html and json for all.*\n")
	}
}

// fold is a block that a reader can open.
func fold(summary, body string) string {
	return "\n<details><summary>" + summary + "</summary>\n\n" + body + "\n</details>\n"
}

var (
	plainCode = regexp.MustCompile(`^[A-Za-z0-9/._:=,@-]+( [A-Za-z0-9/._:=,@-]+)*$`)
	plainURL  = regexp.MustCompile(`^https://[A-Za-z0-9/._#?=&%-]+$`)
	// mention matches what GitHub turns into a notification or a link to an issue, after it has rendered the Markdown.
	mention = regexp.MustCompile(`(^|[^A-Za-z0-9])([@#])([A-Za-z0-9])`)
	escapes = strings.NewReplacer(
		`\`, `\\`, "`", "\\`", `*`, `\*`, `_`, `\_`, `[`, `\[`, `]`, `\]`, `~`, `\~`, `$`, `\$`, `!`, `\!`,
		`&`, `&amp;`, `<`, `&lt;`, `>`, `&gt;`, `|`, `&#124;`)
)

// long is the text of an API as one line of at most that many characters.
func long(s string, most int) string { return text(Shorten(Clean(s), most)) }

// text escapes one line of plain text, also for a table cell, but not for the start
// of a line. An empty comment keeps GitHub from seeing a mention.
func text(s string) string {
	s = escapes.Replace(mention.ReplaceAllString(s, "$1$2\x00$3"))
	return strings.ReplaceAll(s, "\x00", "<!-- -->") // a clean line has no NUL of its own
}

// code shows a name literally, also in a table cell, where a code span cannot hold a backtick and a pipe.
func code(s string) string {
	s = Shorten(Clean(s), 250)
	if plainCode.MatchString(s) {
		return "`" + s + "`"
	}
	return "<code>" + entities(s) + "</code>"
}

func codes(names []string, most int) string {
	shown := make([]string, min(len(names), most))
	for i := range shown {
		shown[i] = code(names[i])
	}
	if more := len(names) - most; more > 0 {
		return strings.Join(shown, ", ") + " and " + number(more) + " more"
	}
	return strings.Join(shown, ", ")
}

// entities writes every character with a meaning in Markdown or HTML as a character reference.
func entities(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < utf8.RuneSelf && strings.ContainsRune("\\`*_{}[]<>()#+!|~$@&\"'", r) {
			fmt.Fprintf(&b, "&#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
