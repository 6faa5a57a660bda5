package lang

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/mitchellh/go-wordwrap"
)

// Render writes diagnostics for people: the line of the file, a caret below what
// is meant, and the message, wrapped at width characters (0: not wrapped). hcl's
// own writer has carets only in colour, and prints the values of variables.
func Render(w io.Writer, diags hcl.Diagnostics, width int, files ...*File) error {
	sources := map[string]*File{}
	for _, f := range files {
		if f != nil {
			sources[f.Name] = f
		}
	}
	for _, d := range diags {
		if _, err := io.WriteString(w, render(d, width, sources)); err != nil {
			return err
		}
	}
	return nil
}

func render(d *hcl.Diagnostic, width int, sources map[string]*File) string {
	var b strings.Builder
	grade := "Error"
	if d.Severity == hcl.DiagWarning {
		grade = "Warning"
	}
	fmt.Fprintf(&b, "%s: %s\n\n", grade, printable(d.Summary))
	if where := d.Subject; where != nil {
		fmt.Fprintf(&b, "  on %s line %d", printable(where.Filename), where.Start.Line)
		if f := sources[where.Filename]; f != nil {
			b.WriteString(f.context(where.Start.Byte) + ":\n" + f.snippet(*where))
		} else {
			b.WriteString("\n")
		}
		b.WriteString("\n")
	}
	detail := d.Detail
	if width > 0 {
		detail = wordwrap.WrapString(detail, uint(width))
	}
	lines := strings.Split(detail, "\n")
	for i := range lines {
		lines[i] = printable(lines[i])
	}
	b.WriteString(strings.Join(lines, "\n") + "\n\n")
	return b.String()
}

// context names the innermost block around a byte that has a name.
func (f *File) context(at int) string {
	in := ""
	for _, r := range f.Runbooks {
		for _, s := range r.Steps {
			if s.DeclRange.Filename == f.Name && s.blockRange.Start.Byte <= at && at < s.blockRange.End.Byte {
				in = ", in step " + fmt.Sprintf("%q", s.Name)
			}
		}
	}
	return in
}

const snippetWidth = 160 // characters of a line that are shown

// snippet is the first line of a range, with carets below it.
func (f *File) snippet(where hcl.Range) string {
	start := min(max(where.Start.Byte, 0), len(f.Bytes))
	first := bytes.LastIndexByte(f.Bytes[:start], '\n') + 1
	last := len(f.Bytes)
	if n := bytes.IndexByte(f.Bytes[start:], '\n'); n >= 0 {
		last = start + n
	}
	end := min(max(where.End.Byte, start), last)
	before, meant, after := string(f.Bytes[first:start]), string(f.Bytes[start:end]), strings.TrimRight(string(f.Bytes[end:last]), "\r")
	if n := utf8.RuneCountInString(before); n > snippetWidth/2 {
		before = "…" + string([]rune(before)[n-snippetWidth/2:])
	}
	before, meant = printable(before), printable(meant)
	if n := []rune(meant); len(n) > snippetWidth/2 {
		meant, after = string(n[:snippetWidth/2])+"…", ""
	}
	if n := []rune(after); len(n) > snippetWidth/2 {
		after = string(n[:snippetWidth/2]) + "…"
	}
	prefix := fmt.Sprintf("%4d: ", where.Start.Line)
	carets := strings.Repeat("^", max(1, utf8.RuneCountInString(meant)))
	return prefix + before + meant + printable(after) + "\n" + strings.Repeat(" ", utf8.RuneCountInString(prefix+before)) + carets + "\n"
}

// printable makes one line of one, without what a terminal would act on.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r < ' ', r >= 0x7f && r < 0xa0, r == utf8.RuneError, r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return '?'
		}
		return r
	}, text)
}
