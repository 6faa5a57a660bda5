// Package report writes a diagnosis, a plan, a run or a list for its readers: a person at a terminal, a pull request, a
// mailbox, a CI system, a monitoring system. Each format is a file over the same views, and a row in formats.
package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
)

// Format names a form that a report is written in.
type Format string

// The formats.
const (
	Table       Format = "table"       // for a terminal
	JSON        Format = "json"        // docs/schemas
	Markdown    Format = "markdown"    // for a pull-request comment or an incident's document
	HTML        Format = "html"        // one self-contained page
	SARIF       Format = "sarif"       // SARIF 2.1.0, for code scanning
	JUnit       Format = "junit"       // JUnit XML, for a CI system
	OpenMetrics Format = "openmetrics" // for a monitoring system
	CodeQuality Format = "codequality" // Code Climate's issues, for GitLab; of a guard only
)

// tableAlias is another name of Table: some commands called it so in earlier versions.
const tableAlias = "text"

// Options are about the reader's device. Only Table uses them.
type Options struct {
	Color bool // ANSI colours
	Width int  // columns to wrap at; 0 does not wrap
	// Brief leaves out of a diagnosis what one screen does not hold: evidence, remedies, and consequences but their number.
	Brief bool
}

// Paint colours s where the device has colours.
func (o Options) Paint(color, s string) string {
	if !o.Color || color == "" || s == "" {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

// formatRow is what a format writes of a diagnosis, of a plan or run, and of a list; nil where it cannot.
type formatRow struct {
	name      Format
	diagnosis func(io.Writer, *diagnosisView, Options) error
	run       func(io.Writer, *runView, Options) error
	list      func(io.Writer, *List, Options) error
}

// formats has a row for each format, the default first. SARIF is for findings in
// files, and OpenMetrics for what is measured again and again: a run is neither.
var formats = []formatRow{
	{Table, writeTable, writeRunTable, writeListTable},
	{JSON, writeJSON, writeRunJSON, writeListJSON},
	{Markdown, writeMarkdown, writeRunMarkdown, writeListMarkdown},
	{HTML, writeHTML, writeRunHTML, nil},
	{SARIF, writeSARIF, nil, nil},
	{JUnit, writeJUnit, writeRunJUnit, writeListJUnit},
	{OpenMetrics, writeOpenMetrics, nil, nil},
}

// Formats lists the formats of a diagnosis, the default first.
func Formats() []Format {
	var names []Format
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// RunFormats lists the formats of plans, runs and remediations, the default first.
func RunFormats() []Format {
	var names []Format
	for _, f := range formats {
		if f.run != nil {
			names = append(names, f.name)
		}
	}
	return names
}

// GuardFormats lists the formats of a guard's result, the default first.
func GuardFormats() []Format { return append(RunFormats(), SARIF, CodeQuality) }

// ParseFormat returns the format with that name out of those given.
func ParseFormat(known []Format, name string) (Format, error) {
	if name == tableAlias {
		name = string(Table)
	}
	if slices.Contains(known, Format(name)) {
		return Format(name), nil
	}
	names := make([]string, len(known))
	for i, f := range known {
		names[i] = string(f)
	}
	return "", fmt.Errorf("there is no report format %q; the formats are %s", name, strings.Join(names, ", "))
}

// Write writes a diagnosis. The same report and options always give the same bytes; r is not changed.
func Write(w io.Writer, format Format, r *diagnosis.Report, o Options) error {
	f, err := lookup(Formats(), format)
	if err != nil {
		return err
	}
	return buffer(w, format, func(w io.Writer) error { return f.diagnosis(w, newDiagnosisView(r), o) })
}

// lookup returns the row of a format that is among those given.
func lookup(known []Format, format Format) (formatRow, error) {
	name, err := ParseFormat(known, string(format))
	for _, f := range formats {
		if f.name == name {
			return f, err
		}
	}
	return formatRow{}, err
}

// buffer writes through a buffer, and names the format in an error.
func buffer(w io.Writer, format Format, write func(io.Writer) error) error {
	buffered := bufio.NewWriter(w)
	err := write(buffered)
	if err == nil {
		err = buffered.Flush()
	}
	if err != nil {
		return fmt.Errorf("writing the report as %s: %w", format, err)
	}
	return nil
}

// encodeJSON writes a document for programs that a person can read, too.
func encodeJSON(w io.Writer, document any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(document)
}
