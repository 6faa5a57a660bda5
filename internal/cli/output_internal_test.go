package cli

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

func parseOutputs(args ...string) (outputs, error) {
	var o outputs
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	o.flag(flags)
	return o, flags.Parse(args)
}

func wellReport() *diagnosis.Report {
	return &diagnosis.Report{Schema: diagnosis.SchemaVersion, Verdict: mesh.Healthy, Summary: "healthy: all is well", Scope: []string{},
		Subjects: []diagnosis.Subject{}, Findings: []diagnosis.Finding{}}
}

// entries are the names in a folder: drafts that were left behind are among them.
func entries(t *testing.T, folder string) string {
	t.Helper()
	list, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func TestOutputsWrite(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	if err := os.WriteFile("report.json", []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("report.json", "link.md"); err != nil {
		t.Fatal(err)
	}
	o, err := parseOutputs("--output", "markdown=link.md", "--output=html=a=b.html", "--output", "table")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := o.open(&out)
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	if text, _ := os.ReadFile("report.json"); string(text) != "old" {
		t.Errorf("opened, the file holds %q", text)
	}
	if err := w.write(wellReport()); err != nil {
		t.Fatal(err)
	}
	w.close()
	if got := entries(t, "."); got != "a=b.html link.md report.json" {
		t.Errorf("the folder has %s", got)
	}
	if !strings.Contains(out.String(), "HEALTHY") || strings.Contains(out.String(), "\x1b") {
		t.Errorf("standard output has %q", out.String())
	}
	text, _ := os.ReadFile("report.json")
	info, err := os.Stat("report.json")
	if err != nil || !strings.HasPrefix(string(text), "## ") || info.Mode().Perm() != 0o640 {
		t.Errorf("behind the link are %q, %v, %v", text, info.Mode(), err)
	}
	if info, err := os.Lstat("link.md"); err != nil || info.Mode().IsRegular() {
		t.Errorf("the link was replaced: %v", err)
	}
}

func TestOutputsDefault(t *testing.T) {
	o, err := parseOutputs()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := o.open(&out)
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	if err := w.write(wellReport()); err != nil || !strings.HasPrefix(out.String(), "HEALTHY") {
		t.Errorf("%q, %v", out.String(), err)
	}
	if n := len(report.Formats()); n != 7 || report.Formats()[0] != report.Table {
		t.Errorf("%d formats, the first is %s", n, report.Formats()[0])
	}
}

// Every command calls its first format table, and takes the name that some of them had for it in earlier versions.
func TestOutputsHaveOneDefault(t *testing.T) {
	commands := 0
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		for _, inner := range c.Commands() {
			walk(inner)
		}
		flag := c.Flags().Lookup("output")
		if flag == nil {
			return
		}
		commands++
		o, is := flag.Value.(*outputs)
		if !is {
			t.Errorf("%s has a flag --output of its own", c.CommandPath())
			return
		}
		if o.known()[0] != report.Table {
			t.Errorf("%s has the default %s", c.CommandPath(), o.known()[0])
		}
		if err := o.Set("text"); err != nil || o.list[0].format != report.Table {
			t.Errorf("%s: text is %v, %v", c.CommandPath(), o.list, err)
		}
	}
	walk(newRoot(program{}))
	if commands != 17 {
		t.Errorf("%d commands have --output", commands)
	}
}

func TestOutputsThatCannotBe(t *testing.T) {
	for _, tc := range []struct {
		want string
		args []string
	}{
		{"there is no report format \"xml\"", []string{"--output=xml"}},
		{"lacks a file after the =", []string{"--output=json="}},
		{"table and json would both go to standard output", []string{"--output=table", "--output=json"}},
		{"json and table would both go to standard output", []string{"--output=json=-", "--output=table"}},
		{"json and html would both go to ./x", []string{"--output=json=x", "--output=html=./x"}},
	} {
		if _, err := parseOutputs(tc.args...); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%v: %v", tc.args, err)
		}
	}
}

// What cannot be written is one error, before anything is read, and leaves no draft of the others.
func TestOutputsThatCannotBeWritten(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	if err := os.Mkdir("dir", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"none/x.html", "dir", "dir/x/y"} {
		o, err := parseOutputs("--output=json=good.json", "--output=html="+bad)
		if err != nil {
			t.Fatal(err)
		}
		_, err = o.open(os.Stdout)
		if err == nil || !strings.Contains(err.Error(), "--output html="+bad+": the file cannot be written") || strings.Count(err.Error(),
			"\n") > 0 {
			t.Errorf("%s: %v", bad, err)
		}
		if got := entries(t, "."); got != "dir" {
			t.Errorf("%s: the folder has %s", bad, got)
		}
	}
}

// A command that gives up leaves what was there.
func TestOutputsNotWritten(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("r.json", []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := parseOutputs("--output=json=r.json", "--output=html=new.html")
	if err != nil {
		t.Fatal(err)
	}
	w, err := o.open(os.Stdout)
	if err != nil {
		t.Fatal(err)
	}
	w.close()
	if text, _ := os.ReadFile("r.json"); string(text) != "old" || entries(t, ".") != "r.json" {
		t.Errorf("%q, and the folder has %s", text, entries(t, "."))
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("no reader") }

// The files are written though standard output is not.
func TestOutputsBrokenPipe(t *testing.T) {
	t.Chdir(t.TempDir())
	o, err := parseOutputs("--output=table", "--output=json=r.json", "--output=markdown="+os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	w, err := o.open(brokenPipe{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	if err := w.write(wellReport()); err == nil || !strings.Contains(err.Error(), "--output table: no reader") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(".", "r.json")); err != nil {
		t.Error(err)
	}
}
