// Command findings writes the guide "Findings", the reference of everything that
// a check or a diagnosis reports, from the catalogue in internal/mesh. The
// command docs runs it; by hand: go run ./internal/docs/findings > docs/guides/findings.md.
package main

import (
	"bufio"
	"fmt"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"io"
	"os"
	"strings"
)

func main() {
	if err := write(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "findings:", err)
		os.Exit(1)
	}
}

const head = `---
page_title: "Findings"
subcategory: ""
description: |-
  Every finding by its code: what it means, what it is judged by, its cause, its remedy, and its consequences.
---

# Findings

Every finding has a stable code. This page is generated from the catalogue that the program itself uses.

- *Severity* is the default; a finding can have its own.
- *Judged by* is the API field or object that is read.
- *Known*: **established** means documented, read in source code, or recorded from the API. Everything else is
  **inferred**; its source says which part.
- *Runbook* corrects it: ` + "`terraform-provider-asm runbook plan NAME --membership …`" + ` shows how, and ` + "`remediate`" +
	` chooses by it; see
  [Runbooks](runbooks.md).
- *Consequences* are the findings that go away by themselves once this one is corrected. A report shows them under it.

For a message without a code, ` + "`terraform-provider-asm explain 'MESSAGE'`" + ` names the finding.
`

// write writes the page.
func write(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprint(out, head)
	index(out)
	for _, d := range catalogue.Catalogue() {
		finding(out, d)
	}
	states(out)
	stops(out)
	conditions(out)
	return out.Flush()
}

func index(w io.Writer) {
	fmt.Fprint(w, "\n## All findings, in the order of their causes\n\n| code | severity | what |\n|---|---|---|\n")
	for _, d := range catalogue.Catalogue() {
		fmt.Fprintf(w, "| [`%s`](#%s) | %s | %s |\n", d.Code, d.Code, d.Severity, cell(d.Title))
	}
}

func finding(w io.Writer, d catalogue.Description) {
	fmt.Fprintf(w, "\n## %s\n\n**%s.** %s\n\n", d.Code, prose(d.Title), prose(d.Means))
	item := func(name, text string) {
		if text != "" {
			fmt.Fprintf(w, "- %s: %s\n", name, text)
		}
	}
	item("Severity", string(d.Severity))
	item("Judged by", prose(d.JudgedBy))
	item("Cause", prose(d.Cause))
	item("Remedy", prose(d.Remedy))
	item("Corrected by", code(d.FixedBy))
	item("Runbook", code(d.Runbook))
	var blocks []string
	for _, b := range d.Blocks {
		blocks = append(blocks, fmt.Sprintf("[`%s`](#%s)", b, b))
	}
	item("Consequences", strings.Join(blocks, ", "))
	item("Known", known(d.Established)+"; source: "+prose(d.Source))
	if d.DocURL != "" {
		item("Documentation", "<"+d.DocURL+">")
	}
}

func states(w io.Writer) {
	fmt.Fprint(w, "\n## States of the control plane and the data plane\n\n")
	fmt.Fprintf(w,
		"The states that `%s` and `%s` report. The API does not tie codes to states, so the state decides and the code only explains.\n\n",
		catalogue.ControlPlaneState, catalogue.DataPlaneState)
	fmt.Fprint(
		w,
		"| state | of the control plane | remedy | of the data plane | remedy | runbook of the data plane | known "+
			"|\n|---|---|---|---|---|---|---|\n",
	)
	for _, s := range catalogue.States() {
		fmt.Fprintf(w, "| `%s` | %s | %s | %s | %s | %s | %s |\n", s.State, cell(s.ControlPlane), cell(s.ControlRemedy), cell(s.DataPlane),
			cell(s.DataPlaneRemedy), code(s.DataPlaneRunbook), known(s.Established))
	}
}

func stops(w io.Writer) {
	fmt.Fprintf(w, "\n## Stop codes\n\nWhy a ControlPlaneRevision is stalled (`%s`). Google gives texts; the names are ours.\n\n",
		catalogue.RevisionStalled)
	fmt.Fprint(w, "| stop code | reason | explanation | remedy | runbook | follows from |\n|---|---|---|---|---|---|\n")
	for _, s := range catalogue.StopCodes() {
		fmt.Fprintf(w, "| `%s` | %s | %s | %s | %s | %s |\n", s.Code, s.Reason, cell(s.Explanation), cell(s.Remedy), code(s.Runbook),
			links(s.Follows))
	}
}

func conditions(w io.Writer) {
	fmt.Fprintf(
		w,
		"\n## Conditions\n\nThe condition codes of the GKE Hub API (`%s`). The API gives the severity with each. A code that is not listed\nis "+
			"judged by its severity alone.\n\n",
		catalogue.ConditionReported,
	)
	fmt.Fprint(w, "| condition | means | cause | remedy | runbook | follows from | known |\n|---|---|---|---|---|---|---|\n")
	for _, c := range catalogue.Conditions() {
		fmt.Fprintf(w, "| [`%s`](%s) | %s | %s | %s | %s | %s | %s |\n", c.Code, c.DocURL, cell(c.Means), cell(c.Cause), cell(c.Remedy),
			code(c.Runbook), links(c.Follows), known(c.Established))
	}
}

func known(established bool) string {
	if established {
		return "established"
	}
	return "inferred"
}

func links(codes []catalogue.Code) string {
	var all []string
	for _, c := range codes {
		all = append(all, fmt.Sprintf("[`%s`](#%s)", c, c))
	}
	return strings.Join(all, ", ")
}

func code(name string) string {
	if name == "" {
		return ""
	}
	return "`" + name + "`"
}

// prose keeps Markdown from reading marks into plain text.
func prose(text string) string {
	return strings.NewReplacer("_", `\_`, "*", `\*`, "<", `\<`, "[", `\[`, "]", `\]`).Replace(text)
}

// cell is prose in a table.
func cell(text string) string { return strings.ReplaceAll(prose(text), "|", `\|`) }
