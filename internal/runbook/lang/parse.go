package lang

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Extension is how the name of a file of runbooks ends.
const Extension = ".hcl"

// TestExtension is how the name of a file of tests ends, which ParseDir leaves out.
const TestExtension = ".test.hcl"

// Parse reads a file. Its diagnostics are about syntax and structure: blocks, arguments and constants. Validate checks
// the rest. The file is never nil, and holds what could be read.
func Parse(name string, src []byte) (*File, hcl.Diagnostics) {
	file, body, diags := parse(name, src)
	if body == nil {
		return file, diags
	}
	d := &decoder{diags: diags}
	d.file(file, body)
	return file, Tidy(d.diags)
}

// parse reads a file of any language that is written in HCL. The body is nil if the file cannot be parsed.
func parse(name string, src []byte) (*File, *hclsyntax.Body, hcl.Diagnostics) {
	file := &File{Name: name, Bytes: src}
	start := hcl.Range{Filename: name, Start: hcl.InitialPos, End: hcl.InitialPos}
	if len(src) > MaxFile {
		return file, nil, hcl.Diagnostics{
			Problem("File too large", fmt.Sprintf("The file has %d bytes; a file of runbooks has at most %d.", len(src), MaxFile), start),
		}
	}
	if !utf8.Valid(src) {
		return file, nil, hcl.Diagnostics{Problem("Not UTF-8", "The file is not valid UTF-8 text. Save it as UTF-8.", start)}
	}
	// The parser repeats the diagnostics of the lexer.
	tokens, _ := hclsyntax.LexConfig(src, name, hcl.InitialPos)
	if diags := checkNesting(tokens); diags.HasErrors() {
		return file, nil, diags
	}
	parsed, diags := hclsyntax.ParseConfig(src, name, hcl.InitialPos)
	if diags.HasErrors() {
		// The tree of a broken file has gaps, and each would be reported as a mistake of the author.
		return file, nil, Tidy(plain(diags))
	}
	body := parsed.Body.(*hclsyntax.Body)
	countIn(body)
	return file, body, plain(diags)
}

// Check reads a file and checks it completely, in one go.
func Check(name string, src []byte, c *Catalogue) (*File, hcl.Diagnostics) {
	file, diags := Parse(name, src)
	for _, r := range file.Runbooks {
		diags = append(diags, Validate(r, c)...)
	}
	return file, Tidy(diags)
}

// ParseDir reads the runbooks in a folder, in the order of their files' names, and
// not in folders inside of it. Names must differ across files.
func ParseDir(dir string) ([]*File, hcl.Diagnostics) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Cannot read the runbooks", Detail: sentence(err.Error())}}
	}
	var files []*File
	var diags hcl.Diagnostics
	seen := map[string]hcl.Range{}
	for _, e := range entries {
		if e.IsDir() || strings.HasPrefix(e.Name(), ".") || !strings.HasSuffix(e.Name(), Extension) ||
			strings.HasSuffix(e.Name(), TestExtension) {
			continue
		}
		path := filepath.Join(dir, e.Name())
		src, err := ReadFile(path)
		if err != nil {
			diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Cannot read a runbook", Detail: sentence(err.Error())})
			continue
		}
		file, more := Parse(path, src)
		files, diags = append(files, file), append(diags, more...)
		for _, r := range file.Runbooks {
			if first, twice := seen[r.Name]; twice && first.Filename != path {
				diags = append(diags, duplicate("runbook", r.Name, r.DeclRange, first))
				continue
			}
			seen[r.Name] = r.DeclRange
		}
	}
	return files, Tidy(diags)
}

// ReadFile reads a file; of one that is too large, only as much as shows that it is.
func ReadFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, MaxFile+1))
}

// plain drops what hcl attaches to show the values of variables, which may be secrets.
func plain(diags hcl.Diagnostics) hcl.Diagnostics {
	for _, d := range diags {
		d.Expression, d.EvalContext, d.Extra = nil, nil, nil
	}
	return diags
}

func sentence(text string) string {
	r, n := utf8.DecodeRuneInString(text)
	return strings.ToUpper(string(r)) + text[n:] + "."
}

func duplicate(what, name string, second, first hcl.Range) *hcl.Diagnostic {
	place := fmt.Sprintf("line %d", first.Start.Line)
	if first.Filename != second.Filename {
		place = fmt.Sprintf("%s line %d", first.Filename, first.Start.Line)
	}
	return Problem("Duplicate "+what, fmt.Sprintf("There is already %s %q, on %s. Rename one of them.", article(what), name, place), second)
}

func article(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

// kebabCase is the form of the names of runbooks, steps, files and findings.
var kebabCase = regexp.MustCompile(`^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$`)
