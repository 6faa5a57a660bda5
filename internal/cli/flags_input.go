package cli

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	hcljson "github.com/hashicorp/hcl/v2/json"
	"github.com/spf13/pflag"
	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// inputVariable is the prefix of environment variables for inputs.
const inputVariable = "ASM_INPUT_"

// inputFlags give the inputs of a runbook. A secret value comes from a file or the
// environment: others on the machine can read a command line.
type inputFlags struct {
	inputs []string
	files  []string
}

func (f *inputFlags) flags(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.inputs, "input", nil,
		"NAME=VALUE of an input, or NAME=@FILE for the content of a file (repeatable; also from "+inputVariable+"NAME)")
	flags.StringArrayVar(&f.files, "input-file", nil, "file of inputs, as NAME = VALUE in HCL or as JSON (repeatable)")
}

func (f *inputFlags) any() bool { return len(f.inputs)+len(f.files) > 0 }

// read reads the inputs of a runbook: from the environment, then from files, then from the command line; the last
// counts. It reports all mistakes at once, and shows no value.
func (f *inputFlags) read(r *lang.Runbook) (map[string]cty.Value, error) {
	values := map[string]cty.Value{}
	var wrong []error
	for _, in := range r.Inputs {
		if text, set := os.LookupEnv(inputVariable + in.Name); set {
			v, err := parseInput(r, in.Name, text, inputVariable+in.Name)
			values[in.Name], wrong = v, append(wrong, err)
		}
	}
	for _, file := range f.files {
		from, err := readInputFile(file)
		wrong = append(wrong, err)
		maps.Copy(values, from)
	}
	for _, given := range f.inputs {
		name, text, is := strings.Cut(given, "=")
		if !is {
			// The whole text may be a secret.
			wrong = append(wrong, errors.New("--input: it must be NAME=VALUE or NAME=@FILE"))
			continue
		}
		if file, from := strings.CutPrefix(text, "@"); from && !strings.HasPrefix(file, "@") {
			raw, err := os.ReadFile(file)
			if err != nil {
				wrong = append(wrong, fmt.Errorf("--input %s: %w", name, err))
				continue
			}
			text = strings.TrimSuffix(string(raw), "\n")
		} else if from {
			text = file // @@ is an @
		}
		v, err := parseInput(r, name, text, "--input "+name)
		values[name], wrong = v, append(wrong, err)
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	return values, nil
}

func parseInput(r *lang.Runbook, name, text, from string) (cty.Value, error) {
	v, diags := r.ParseInput(name, text)
	if diags.HasErrors() {
		return v, fmt.Errorf("%s: %s", from, diags[0].Detail)
	}
	return v, nil
}

// readInputFile reads literal values. Its errors name the position, and never the text there.
func readInputFile(path string) (map[string]cty.Value, error) {
	source, err := readRunbook(path)
	if err != nil {
		return nil, fmt.Errorf("--input-file: %w", err)
	}
	if len(source) > lang.MaxFile {
		return nil, fmt.Errorf("--input-file %s: it is larger than %d bytes", path, lang.MaxFile)
	}
	var file *hcl.File
	var diags hcl.Diagnostics
	if strings.HasSuffix(path, ".json") {
		file, diags = hcljson.Parse(source, path)
	} else {
		file, diags = hclsyntax.ParseConfig(source, path, hcl.InitialPos)
	}
	if diags.HasErrors() {
		return nil, positionsOf(diags, path)
	}
	attributes, diags := file.Body.JustAttributes()
	values := map[string]cty.Value{}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		v, more := attributes[name].Expr.Value(nil)
		diags = append(diags, more...)
		values[name] = v
	}
	if diags.HasErrors() {
		return nil, positionsOf(diags, path)
	}
	return values, nil
}

func positionsOf(diags hcl.Diagnostics, path string) error {
	var all []error
	for _, d := range diags {
		if d.Severity == hcl.DiagError && d.Subject != nil {
			all = append(all, fmt.Errorf("--input-file %s line %d: %s", path, d.Subject.Start.Line, d.Summary))
		} else if d.Severity == hcl.DiagError {
			all = append(all, fmt.Errorf("--input-file %s: %s", path, d.Summary))
		}
	}
	return errors.Join(all...)
}
