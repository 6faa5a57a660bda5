package lang

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

// Render writes diagnostics for people: the line of the file, a caret below what is meant, and the message. wrap breaks
// a line of the message into several; nil leaves it as it is. hcl's own writer has carets only in colour, and prints
// the values of variables.
func Render(w io.Writer, diags hcl.Diagnostics, wrap func(line string) []string, files ...*File) error {
	sources := map[string]*File{}
	for _, f := range files {
		if f != nil {
			sources[f.Name] = f
		}
	}
	for _, d := range diags {
		if _, err := io.WriteString(w, render(d, wrap, sources)); err != nil {
			return err
		}
	}
	return nil
}

func render(d *hcl.Diagnostic, wrap func(line string) []string, sources map[string]*File) string {
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
	for line := range strings.SplitSeq(d.Detail, "\n") {
		shown := []string{printable(line)}
		if wrap != nil {
			shown = wrap(shown[0])
		}
		b.WriteString(strings.Join(shown, "\n") + "\n")
	}
	b.WriteString("\n")
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
	before, marked, after := string(f.Bytes[first:start]), string(f.Bytes[start:end]), strings.TrimRight(string(f.Bytes[end:last]), "\r")
	if n := utf8.RuneCountInString(before); n > snippetWidth/2 {
		before = "…" + string([]rune(before)[n-snippetWidth/2:])
	}
	before, marked = printable(before), printable(marked)
	if n := []rune(marked); len(n) > snippetWidth/2 {
		marked, after = string(n[:snippetWidth/2])+"…", ""
	}
	if n := []rune(after); len(n) > snippetWidth/2 {
		after = string(n[:snippetWidth/2]) + "…"
	}
	prefix := fmt.Sprintf("%4d: ", where.Start.Line)
	carets := strings.Repeat("^", max(1, utf8.RuneCountInString(marked)))
	return prefix + before + marked + printable(after) + "\n" + strings.Repeat(" ", utf8.RuneCountInString(prefix+before)) + carets + "\n"
}

// printable makes one line of one, without what a terminal would act on.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r < ' ',
			r >= 0x7f && r < 0xa0,
			r == utf8.RuneError,
			r >= 0x200b && r <= 0x200f,
			r >= 0x2028 && r <= 0x202e,
			r >= 0x2066 && r <= 0x2069:
			return '?'
		}
		return r
	}, text)
}
