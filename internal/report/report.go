// Package report writes a diagnosis for its readers: a person at a terminal, a
// pull request, a mailbox, a CI system, a monitoring system. Each format is a
// file over the same model.
package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
)

// Format names a form that a report is written in.
type Format string

// The formats.
const (
	Table       Format = "table"       // for a terminal
	JSON        Format = "json"        // docs/schemas/diagnosis.schema.json
	Markdown    Format = "markdown"    // for a pull-request comment or an incident's document
	HTML        Format = "html"        // one self-contained page
	SARIF       Format = "sarif"       // SARIF 2.1.0, for code scanning
	JUnit       Format = "junit"       // JUnit XML, for a CI system
	OpenMetrics Format = "openmetrics" // for a monitoring system
)

// Options are about the reader's device. Only Table has a use for them.
type Options struct {
	Color bool // ANSI colours
	Width int  // columns to wrap at; 0 does not wrap
}

var writers = []struct {
	format Format
	write  func(io.Writer, *digest, Options) error
}{
	{Table, writeTable},
	{JSON, writeJSON},
	{Markdown, writeMarkdown},
	{HTML, writeHTML},
	{SARIF, writeSARIF},
	{JUnit, writeJUnit},
	{OpenMetrics, writeOpenMetrics},
}

// Formats lists the formats, the default first.
func Formats() []Format {
	formats := make([]Format, len(writers))
	for i, w := range writers {
		formats[i] = w.format
	}
	return formats
}

// ParseFormat is the format of that name.
func ParseFormat(name string) (Format, error) { return ParseFormatOf(Formats(), name) }

// ParseFormatOf is the format of that name among those that there are of something.
func ParseFormatOf(formats []Format, name string) (Format, error) {
	names := make([]string, len(formats))
	for i, f := range formats {
		if string(f) == name {
			return f, nil
		}
		names[i] = string(f)
	}
	return "", fmt.Errorf("there is no report format %q; the formats are %s", name, strings.Join(names, ", "))
}

// Write writes r. The same report and options always give the same bytes; r is
// not changed.
func Write(w io.Writer, format Format, r *diagnosis.Report, o Options) error {
	known, err := ParseFormat(string(format))
	if err != nil {
		return err
	}
	for _, writer := range writers {
		if writer.format == known {
			err = writer.write(w, newDigest(r), o)
		}
	}
	if err != nil {
		return fmt.Errorf("writing the report as %s: %w", format, err)
	}
	return nil
}
