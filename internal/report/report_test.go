package report_test

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

var update = flag.Bool("update", false, "write the golden files")

var extensions = map[report.Format]string{
	report.Table: "txt", report.JSON: "json", report.Markdown: "md", report.HTML: "html",
	report.SARIF: "sarif", report.JUnit: "xml", report.OpenMetrics: "metrics",
}

func TestGolden(t *testing.T) {
	t.Setenv("TZ", "Asia/Tokyo")
	for name, r := range map[string]*diagnosis.Report{"empty": empty(), "healthy": healthy(), "broken": broken()} {
		for _, format := range report.Formats() {
			t.Run(name+"/"+string(format), func(t *testing.T) {
				got := render(t, format, r, report.Options{Width: 100})
				switch format {
				case report.SARIF:
					got = withoutCatalogue(t, got)
				case report.HTML:
					got = withoutParts(got)
				}
				golden(t, filepath.Join("testdata", name+"."+extensions[format]), got)
			})
		}
	}
	t.Run("fleet/table", func(t *testing.T) {
		golden(t, "testdata/fleet.txt", render(t, report.Table, fleet(10_000), report.Options{Width: 100}))
	})
	t.Run("fleet/markdown", func(t *testing.T) {
		golden(t, "testdata/fleet.md", render(t, report.Markdown, fleet(10_000), report.Options{}))
	})
	t.Run("broken/color", func(t *testing.T) {
		golden(t, "testdata/broken.ansi", render(t, report.Table, broken(), report.Options{Color: true, Width: 60}))
	})
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs; look at it, then go test -update (-want +got):\n%s", path, diff)
	}
}

// withoutParts leaves out the page's style and script, which are files of their own.
func withoutParts(page string) string {
	for _, part := range [][2]string{{"<style>", "</style>"}, {"<script>", "</script>"}, {`style-src '`, `'; base-uri`}} {
		from := strings.Index(page, part[0]) + len(part[0])
		to := from + strings.Index(page[from:], part[1])
		page = page[:from] + "…" + page[to:]
	}
	return page
}

func TestWriteIsDeterministic(t *testing.T) {
	for _, format := range report.Formats() {
		first := render(t, format, fleet(300), report.Options{Width: 80})
		for range 3 {
			if render(t, format, fleet(300), report.Options{Width: 80}) != first {
				t.Errorf("%s differs from run to run", format)
			}
		}
	}
}

func TestWriteLeavesTheReportAlone(t *testing.T) {
	r := broken()
	for _, format := range report.Formats() {
		render(t, format, r, report.Options{})
	}
	if diff := cmp.Diff(broken(), r, cmpopts.IgnoreUnexported(diagnosis.Finding{})); diff != "" {
		t.Error("the report changed:", diff)
	}
}

func TestParseFormat(t *testing.T) {
	for _, format := range report.Formats() {
		if got, err := report.ParseFormat(report.Formats(), string(format)); err != nil || got != format {
			t.Errorf("ParseFormat(%q) = %q, %v", format, got, err)
		}
	}
	for _, name := range []string{"", "yaml", "JSON", "html "} {
		_, err := report.ParseFormat(report.Formats(), name)
		if err == nil {
			t.Fatalf("%q is taken for a format", name)
		}
		for _, format := range report.Formats() {
			if !strings.Contains(err.Error(), string(format)) {
				t.Errorf("%q does not name %s", err, format)
			}
		}
	}
	if err := report.Write(io.Discard, "yaml", empty(), report.Options{}); err == nil {
		t.Error("Write knows the format yaml")
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestWriteTellsOfAFailedWrite(t *testing.T) {
	for _, format := range report.Formats() {
		err := report.Write(fullDisk{}, format, broken(), report.Options{})
		if err == nil || !strings.Contains(err.Error(), string(format)) {
			t.Errorf("%s: error %v", format, err)
		}
	}
}

// Whatever an API says, and whatever is missing, a report is written.
func TestHostileText(t *testing.T) {
	for name, text := range nasty {
		for _, format := range report.Formats() {
			t.Run(name+"/"+string(format), func(t *testing.T) {
				check(t, format, hostile(text))
				// Prometheus' parser takes seconds for long labels.
				if format == report.OpenMetrics && len(text) < 60 {
					checkOpenMetrics(t, render(t, format, hostile(text), report.Options{}))
				}
			})
		}
	}
	for _, format := range report.Formats() {
		check(t, format, &diagnosis.Report{Started: time.Time{}})
	}
}

// check holds what is written to the rules of its format.
func check(t testing.TB, format report.Format, r *diagnosis.Report) {
	t.Helper()
	text := render(t, format, r, report.Options{Width: 80})
	switch format {
	case report.Table:
		checkTable(t, text)
	case report.JSON:
		checkJSON(t, text)
	case report.Markdown:
		checkMarkdown(t, text)
	case report.HTML:
		checkHTML(t, text)
	case report.SARIF:
		checkSARIF(t, text)
	case report.JUnit:
		checkJUnit(t, text)
	case report.OpenMetrics:
		checkMetricLines(t, text)
	}
}

func FuzzTable(f *testing.F)       { fuzz(f, report.Table) }
func FuzzJSON(f *testing.F)        { fuzz(f, report.JSON) }
func FuzzMarkdown(f *testing.F)    { fuzz(f, report.Markdown) }
func FuzzHTML(f *testing.F)        { fuzz(f, report.HTML) }
func FuzzSARIF(f *testing.F)       { fuzz(f, report.SARIF) }
func FuzzJUnit(f *testing.F)       { fuzz(f, report.JUnit) }
func FuzzOpenMetrics(f *testing.F) { fuzz(f, report.OpenMetrics) }

func fuzz(f *testing.F, format report.Format) {
	for _, text := range nasty {
		f.Add(shortened(text))
	}
	f.Fuzz(func(t *testing.T, text string) { check(t, format, hostile(shortened(text))) })
}

// shortened keeps fuzzing fast.
func shortened(s string) string { return s[:min(len(s), 120)] }
