package lang

import (
	"fmt"
	"io"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// WriteReference writes the reference of the language as Markdown: every block and
// argument, what expressions can refer to, every function.
func WriteReference(w io.Writer) error {
	p := &page{}
	p.line("# The runbook language")
	p.line(
		"A runbook is written in HCL, as Terraform's configurations are. A file has one block `runbook`, or several. Durations are strings " +
			"such as `\"90s\"`, `\"10m\"` and `\"1h30m\"`.",
	)
	p.line("## Blocks")
	p.block(Schema(), "")
	p.line("## References in expressions")
	p.table([]string{"reference", "meaning"}, [][]string{
		{"`input.NAME`", "Value of an input."},
		{"`local.NAME`", "Value of a local."},
		{"`target.ATTRIBUTE`", "Attribute of the target; see below."},
		{"`each.key`, `each.value`", "In a step with `for_each`: the current element."},
		{
			"`step.NAME.result`",
			"Result of the step, as defined in the catalogue. It is unknown before the step has run; a plan shows what depends on it as known " +
				"after that step.",
		},
		{"`step.NAME.changed`", "Whether the step changed something."},
		{"`step.NAME.status`", "`done`, `skipped` or `failed`."},
		{"`step.NAME[\"KEY\"].result`", "The same for one instance of a step with `for_each`."},
	})
	p.line("### The target")
	var rows [][]string
	for _, a := range targetAttributes {
		kinds := make([]string, len(a.of))
		for i, k := range a.of {
			kinds[i] = string(k)
		}
		rows = append(rows, []string{"`target." + a.Name + "`", "`" + typeName(a.Type) + "`", strings.Join(kinds, ", "), a.Doc})
	}
	p.table([]string{"attribute", "type", "target kinds", "meaning"}, rows)
	p.line("## Functions")
	p.line("All functions are pure: none depends on the time, on files or on chance.")
	group := ""
	rows = nil
	flush := func() {
		if group != "" {
			p.line("### " + group)
			p.table([]string{"function", "result"}, rows)
		}
		rows = nil
	}
	for _, f := range Functions() {
		if f.Group != group {
			flush()
			group = f.Group
		}
		rows = append(rows, []string{"`" + f.Usage + "`", f.Doc})
	}
	flush()
	return p.writeTo(w)
}

// WriteMarkdown writes the reference of a catalogue as Markdown.
func (c *Catalogue) WriteMarkdown(w io.Writer) error {
	p := &page{}
	p.line("# The catalogue of runbooks")
	for _, action := range []ActionKind{Ensure, Assert, Wait} {
		kinds := c.Kinds(action)
		if len(kinds) == 0 {
			continue
		}
		p.line("## " + string(action))
		for _, k := range kinds {
			p.kind(k)
		}
	}
	return p.writeTo(w)
}

// page collects paragraphs.
type page struct{ strings.Builder }

func (p *page) writeTo(w io.Writer) error {
	_, err := io.WriteString(w, strings.TrimSuffix(p.String(), "\n"))
	return err
}

func (p *page) line(text string) { p.WriteString(text + "\n\n") }

func (p *page) table(head []string, rows [][]string) {
	row := func(cells []string) {
		for i := range cells {
			cells[i] = strings.ReplaceAll(strings.ReplaceAll(cells[i], "|", `\|`), "\n", " ")
		}
		p.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	row(head)
	p.WriteString("|" + strings.Repeat("---|", len(head)) + "\n")
	for _, r := range rows {
		row(r)
	}
	p.WriteString("\n")
}

func (p *page) block(b Block, path string) {
	path = strings.TrimPrefix(path+" > "+b.Type, " > ")
	p.line("### " + path)
	p.line("`" + b.usage() + " { … }`. " + b.Doc)
	var rows [][]string
	for _, a := range b.Attributes {
		doc := a.Doc
		if a.Default != "" {
			doc += " Default: `" + a.Default + "`."
		}
		rows = append(rows, []string{"`" + a.Name + "`", a.Type, yes(a.Required), yes(a.Constant), doc})
	}
	if len(rows) > 0 {
		p.table([]string{"argument", "type", "required", "constant", "description"}, rows)
	}
	for _, inner := range b.Blocks {
		p.block(inner, path)
	}
}

func (p *page) kind(k *Kind) {
	p.line("### " + string(k.Action) + " \"" + k.Name + "\"")
	p.line(k.Doc)
	p.line(fmt.Sprintf("Risk: %s. Permissions: %s.", k.Risk, orNone(k.Permissions)))
	if k.Action == Wait {
		p.line(fmt.Sprintf("Success: %s. In progress: %s. Failure: %s.", orNone(k.Success), orNone(k.Transitional), orNone(k.Failure)))
	}
	var rows [][]string
	for _, a := range k.Args {
		doc := a.Doc
		if a.Default != cty.NilVal && a.Default.Type().IsPrimitiveType() && !a.Default.IsNull() {
			doc += fmt.Sprintf(" Default: `%s`.", plainText(a.Default))
		}
		rows = append(rows, []string{"`" + a.Name + "`", "`" + typeName(a.Type) + "`", yes(a.Required), doc})
	}
	if len(rows) > 0 {
		p.table([]string{"argument", "type", "required", "description"}, rows)
	}
	if k.Result != cty.NilType {
		p.line("Result: `" + typeName(k.Result) + "`.")
	}
}

func plainText(v cty.Value) string {
	switch v.Type() {
	case cty.String:
		return fmt.Sprintf("%q", v.AsString())
	case cty.Number:
		return v.AsBigFloat().Text('f', -1)
	}
	return fmt.Sprint(v.True())
}

func orNone(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return "`" + strings.Join(words, "`, `") + "`"
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}
