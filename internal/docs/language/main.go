// Command language writes the guide "The runbook language": the reference of the language, the catalogue of what
// runbooks can ensure, assert and wait for, and the language of their tests, from the program itself. The command docs
// runs it; by hand: go run ./internal/docs/language > docs/guides/runbook-language.md.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/rehearsal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

func main() {
	if err := write(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "language:", err)
		os.Exit(1)
	}
}

const head = `---
page_title: "The runbook language"
subcategory: ""
description: |-
  Every block, argument, reference and function of runbooks, everything that they can ensure, assert and wait for, and their tests.
---

`

const between = `
# Tests of runbooks

A file ` + "`NAME.test.hcl`" + ` beside ` + "`NAME.hcl`" +
	` rehearses its runbook: each test starts a [simulated Google Cloud](simulator.md), breaks
something in it, runs the runbook there, and compares the result, every write included, with what it expects.
` + "`terraform-provider-asm runbook test`" + ` runs them; waits take no time.

## The blocks of tests

`

// write writes the page. Each part keeps its own headings, below that of the page.
func write(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString(head)
	if err := lang.WriteReference(&b); err != nil {
		return err
	}
	var below bytes.Buffer
	below.WriteString("\n")
	if err := kinds.Catalogue().WriteMarkdown(&below); err != nil {
		return err
	}
	below.WriteString(between)
	b.WriteString(demoted(below.String(), 1))
	var tests bytes.Buffer
	if err := rehearsal.WriteReference(&tests); err != nil {
		return err
	}
	b.WriteString(demoted(tests.String(), 1))
	_, err := io.WriteString(w, strings.TrimRight(b.String(), "\n")+"\n")
	return err
}

// demoted moves headings down by some levels.
func demoted(text string, by int) string {
	lines := strings.SplitAfter(text, "\n")
	code := false
	for i, line := range lines {
		if strings.HasPrefix(line, "```") {
			code = !code
		}
		if !code && strings.HasPrefix(line, "#") {
			lines[i] = strings.Repeat("#", by) + line
		}
	}
	return strings.Join(lines, "")
}
