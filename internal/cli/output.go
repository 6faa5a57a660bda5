package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/pflag"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

// outputs is the flag --output: the formats in which a command writes its result,
// and the files. Without it, the first format goes to standard output.
type outputs struct {
	formats []report.Format // accepted ones; nil: those of a diagnosis
	list    []output
	details bool // of a diagnosis: everything, rather than one screen
}

// listOutputs is the flag of a command that lists or shows something.
func listOutputs(more ...report.Format) outputs {
	return outputs{formats: append(report.ListFormats(), more...)}
}

func (o *outputs) known() []report.Format {
	if o.formats == nil {
		return report.Formats()
	}
	return o.formats
}

// output is one format with its file, or "" for standard output.
type output struct {
	format report.Format
	file   string
}

func (o *outputs) flag(flags *pflag.FlagSet) {
	names := make([]string, len(o.known()))
	for i, f := range o.known() {
		names[i] = string(f)
	}
	flags.Var(o, "output", "format, and with =FILE the file for it instead of standard output: "+
		strings.Join(names, ", ")+" (repeatable; default "+names[0]+")")
}

// Type implements pflag.Value.
func (o *outputs) Type() string { return "FORMAT[=FILE]" }

// String implements pflag.Value.
func (o *outputs) String() string {
	var all []string
	for _, one := range o.list {
		all = append(all, one.String())
	}
	return strings.Join(all, ",")
}

func (o output) String() string {
	if o.file == "" {
		return string(o.format)
	}
	return string(o.format) + "=" + o.file
}

// Set implements pflag.Value; it is called for each --output.
func (o *outputs) Set(value string) error {
	name, file, named := strings.Cut(value, "=")
	format, err := report.ParseFormat(o.known(), name)
	if err != nil {
		return err
	}
	if named && file == "" {
		return fmt.Errorf("%q lacks a file after the =", value)
	}
	if file == "-" {
		file = ""
	}
	for _, other := range o.list {
		switch {
		case file == "" && other.file == "":
			return fmt.Errorf("%s and %s would both go to standard output; give one of them a file, as in %s=FILE", other, name, name)
		case file != "" && other.file != "" && filepath.Clean(other.file) == filepath.Clean(file):
			return fmt.Errorf("%s and %s would both go to %s", other.format, name, file)
		}
	}
	o.list = append(o.list, output{format, file})
	return nil
}

// print writes a list for a command that is quick to make it.
func (o outputs) print(stdout io.Writer, l *report.List) error {
	w, err := o.open(stdout)
	if err != nil {
		return err
	}
	defer w.close()
	return w.list(l)
}

// open checks that every file can be written, before anything is read: a diagnosis
// of minutes must not end in a misspelt path. The caller closes the result.
func (o outputs) open(stdout io.Writer) (*writers, error) {
	list := o.list
	if len(list) == 0 {
		list = []output{{format: o.known()[0]}}
	}
	w := &writers{stdout: stdout, details: o.details}
	for _, one := range list {
		if one.file == "" {
			w.all = append(w.all, writer{output: one})
			continue
		}
		draft, err := newDraft(one.file)
		if err != nil {
			w.close()
			return nil, fmt.Errorf("--output %s: the file cannot be written: %w", one, err)
		}
		w.all = append(w.all, writer{one, draft})
	}
	return w, nil
}

// writers are outputs that are ready to be written.
type writers struct {
	stdout  io.Writer
	all     []writer
	details bool
}

type writer struct {
	output
	draft *draft // nil for standard output
}

// write writes a diagnosis in every format.
func (w *writers) write(r *diagnosis.Report) error {
	return w.each(func(to io.Writer, format report.Format, o report.Options) error {
		o.Brief = !w.details
		return report.Write(to, format, r, o)
	})
}

// list writes a list in every format.
func (w *writers) list(l *report.List) error {
	return w.each(func(to io.Writer, format report.Format, o report.Options) error {
		return report.WriteList(to, format, l, o)
	})
}

// table reports whether one of the outputs is for a person.
func (w *writers) table() bool {
	return slices.ContainsFunc(w.all, func(one writer) bool { return one.format == report.Table })
}

// each writes a document in every format. A file gets the whole document, or keeps its old content. Files come first,
// so that they are written even when the reader of standard output goes away.
func (w *writers) each(what document) error {
	ordered := slices.Clone(w.all)
	slices.SortStableFunc(ordered, func(a, b writer) int {
		return strings.Compare(b.file, a.file) // standard output has no name
	})
	var failed []error
	for _, one := range ordered {
		if err := one.write(what, w.stdout); err != nil {
			failed = append(failed, fmt.Errorf("--output %s: %w", one, err))
		}
	}
	return errors.Join(failed...)
}

// document writes itself in a format.
type document func(to io.Writer, format report.Format, o report.Options) error

func (w writer) write(what document, stdout io.Writer) error {
	if w.draft == nil {
		color, width := terminal(stdout)
		var text bytes.Buffer
		if err := what(&text, w.format, report.Options{Color: color, Width: width}); err != nil {
			return err
		}
		_, err := stdout.Write(text.Bytes())
		return err
	}
	if err := what(w.draft, w.format, report.Options{}); err != nil {
		return err
	}
	return w.draft.publish()
}

// close removes the drafts that were not published.
func (w *writers) close() {
	for _, one := range w.all {
		if one.draft != nil {
			one.draft.drop()
		}
	}
}

// draft is a file that appears under its name only when it is complete.
type draft struct {
	*os.File
	name string // its final name; "" when it is written in place
}

func newDraft(name string) (*draft, error) {
	mode := fs.FileMode(0o666) // less the umask, as of any file that a command writes
	switch info, err := os.Stat(name); {
	case err == nil && info.IsDir():
		return nil, &fs.PathError{Op: "write", Path: name, Err: errors.New("it is a directory")}
	case err == nil && !info.Mode().IsRegular(): // /dev/stderr, a pipe: nothing to rename onto
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		return &draft{File: f}, err
	case err == nil:
		mode = info.Mode().Perm()
		// A link stays a link; its file is replaced.
		if name, err = filepath.EvalSymlinks(name); err != nil {
			return nil, err
		}
		// Renaming would get around a file's own protection.
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return nil, err
		}
		_ = f.Close()
	}
	beside := filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+"."+uuid.NewString()[:8])
	f, err := os.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, err
	}
	return &draft{f, name}, nil
}

func (d *draft) publish() error {
	if err := d.Close(); err != nil {
		return err
	}
	if d.name == "" {
		return nil
	}
	return os.Rename(d.Name(), d.name)
}

// drop is without effect after publish.
func (d *draft) drop() {
	_ = d.Close()
	if d.name != "" {
		_ = os.Remove(d.Name())
	}
}
