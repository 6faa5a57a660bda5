package report

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/jstemmer/go-junit-report/v2/junit"
)

// List is what a command lists or shows that is neither a diagnosis nor a run. It has the formats whose field is set.
type List struct {
	Table    func(w io.Writer, o Options) error
	JSON     any
	Markdown func(w io.Writer) error
	JUnit    func() junit.Testsuites
}

// ListFormats lists the formats that every list has, the default first.
func ListFormats() []Format { return []Format{Table, JSON} }

// WriteList writes l in a format that it has.
func WriteList(w io.Writer, format Format, l *List, o Options) error {
	f, err := lookup([]Format{Table, JSON, Markdown, JUnit}, format)
	if err != nil {
		return err
	}
	return buffer(w, format, func(w io.Writer) error { return f.list(w, l, o) })
}

func writeListTable(w io.Writer, l *List, o Options) error    { return l.Table(w, o) }
func writeListJSON(w io.Writer, l *List, _ Options) error     { return encodeJSON(w, l.JSON) }
func writeListMarkdown(w io.Writer, l *List, _ Options) error { return l.Markdown(w) }
func writeListJUnit(w io.Writer, l *List, _ Options) error    { return writeSuites(w, l.JUnit()) }

// Rows makes a table of cells. Without a heading it has none.
func Rows(heading []string, rows [][]string) func(io.Writer, Options) error {
	return func(w io.Writer, _ Options) error {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, row := range append([][]string{heading}, rows...) {
			for i, cell := range row {
				if i > 0 {
					fmt.Fprint(t, "\t")
				}
				fmt.Fprint(t, cell)
			}
			if len(row) > 0 {
				fmt.Fprintln(t)
			}
		}
		return t.Flush()
	}
}
