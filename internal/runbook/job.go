package runbook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// Job is a runbook that is to be planned or run on a target.
type Job struct {
	Runbook *lang.Runbook
	File    *lang.File // that it is in
	Inputs  map[string]cty.Value
	Target  Target
	Name    string // that jobs on several targets share; may be ""
	// Keep has a run kept also where nothing is to be done: the report of executors
	// that share a job is joined from their runs.
	Keep bool
}

// Mistakes are what is wrong with a runbook or its inputs.
type Mistakes struct {
	Diags hcl.Diagnostics
	File  *lang.File
}

func (m *Mistakes) Error() string {
	var b bytes.Buffer
	if err := lang.Render(&b, m.Diags, nil, m.File); err != nil {
		return m.Diags.Error()
	}
	return strings.TrimSpace(b.String())
}

// Load reads a file of runbooks and returns the one of a name; "" is the only one
// that is in it. The error is a *Mistakes for what is wrong with the text.
func Load(file string, source []byte, name string) (*lang.Runbook, *lang.File, error) {
	f, diags := lang.Check(file, source, kinds.Catalogue())
	if diags.HasErrors() {
		return nil, nil, &Mistakes{diags, f}
	}
	var names []string
	for _, r := range f.Runbooks {
		if r.Name == name || name == "" && len(f.Runbooks) == 1 {
			return r, f, nil
		}
		names = append(names, r.Name)
	}
	if name == "" {
		return nil, nil, fmt.Errorf("%s has several runbooks; say which: %s", file, strings.Join(names, ", "))
	}
	return nil, nil, fmt.Errorf("%s has no runbook %q; it has: %s", file, name, strings.Join(names, ", "))
}

// ShownInputs are the inputs that were given, for plans and journals.
func (j Job) ShownInputs() (map[string]any, error) {
	shown := map[string]any{}
	for name, v := range j.Inputs {
		in := j.Runbook.Input(name)
		if in == nil || v == cty.NilVal {
			continue
		}
		if in.Sensitive {
			shown[name] = Hidden
			continue
		}
		raw, err := ctyjson.Marshal(v, v.Type())
		if err != nil {
			return nil, fmt.Errorf("input %q: %w", name, err)
		}
		var plain any
		if err := json.Unmarshal(raw, &plain); err != nil {
			return nil, fmt.Errorf("input %q: %w", name, err)
		}
		shown[name] = plain
	}
	if len(shown) == 0 {
		return nil, nil
	}
	return shown, nil
}

// ReadInputs returns the inputs that a plan or journal shows. given are the sensitive
// ones, which no plan or journal has.
func ReadInputs(r *lang.Runbook, shown map[string]any, given map[string]cty.Value) (map[string]cty.Value, error) {
	inputs := maps.Clone(given)
	if inputs == nil {
		inputs = map[string]cty.Value{}
	}
	var hidden []string
	for _, name := range slices.Sorted(maps.Keys(shown)) {
		in := r.Input(name)
		if in == nil {
			return nil, fmt.Errorf("runbook %q has no input %q any more", r.Name, name)
		}
		if _, have := inputs[name]; have {
			if !in.Sensitive && !holdsHidden(shown[name]) {
				return nil, fmt.Errorf("input %q is that of the plan or run, and cannot be given anew", name)
			}
			continue
		}
		if in.Sensitive || holdsHidden(shown[name]) {
			hidden = append(hidden, name)
			continue
		}
		raw, err := json.Marshal(shown[name])
		if err != nil {
			return nil, err
		}
		ty := in.Type
		if ty == cty.DynamicPseudoType {
			if ty, err = ctyjson.ImpliedType(raw); err != nil {
				return nil, fmt.Errorf("input %q: %w", name, err)
			}
		}
		v, err := ctyjson.Unmarshal(raw, ty.WithoutOptionalAttributesDeep())
		if err != nil {
			// Optional attributes that were left out: the type is found anew.
			if ty, err = ctyjson.ImpliedType(raw); err == nil {
				v, err = ctyjson.Unmarshal(raw, ty)
			}
			if err != nil {
				return nil, fmt.Errorf("input %q: %w", name, err)
			}
		}
		inputs[name] = v
	}
	if len(hidden) > 0 {
		return nil, fmt.Errorf("sensitive inputs are kept nowhere; give them again with --input: %s", strings.Join(hidden, ", "))
	}
	return inputs, nil
}

func holdsHidden(v any) bool {
	raw, err := json.Marshal(v)
	return err == nil && strings.Contains(string(raw), journal.Redacted)
}

// Job makes of a saved plan what can be planned again. given are its sensitive inputs.
func (p *Plan) Job(given map[string]cty.Value) (Job, error) {
	r, file, err := Load(p.File, []byte(p.Source), p.Runbook)
	if err != nil {
		return Job{}, err
	}
	inputs, err := ReadInputs(r, p.Inputs, given)
	return Job{Runbook: r, File: file, Inputs: inputs, Target: p.Target}, err
}

// SensitiveInputs are the inputs that a journal does not have, for a run that is resumed.
func (j Job) SensitiveInputs(shown map[string]any) map[string]cty.Value {
	given := map[string]cty.Value{}
	for name, v := range j.Inputs {
		if in := j.Runbook.Input(name); in != nil && (in.Sensitive || holdsHidden(shown[name])) {
			given[name] = v
		}
	}
	return given
}
