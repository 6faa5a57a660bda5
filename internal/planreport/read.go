package planreport

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/hashicorp/go-version"
	tfjson "github.com/hashicorp/terraform-json"
)

// oldest is the first Terraform with check blocks. OpenTofu began at 1.6.
var oldest = version.Must(version.NewVersion("1.5.0"))

const howTo = "make it with: terraform show -json PLANFILE > plan.json, where PLANFILE is from: terraform plan -out=PLANFILE"

// Read reads what "terraform show -json PLANFILE" writes, of format version 1
// (developer.hashicorp.com/terraform/internals/json-format). A plan that failed is
// refused: it says nothing about the rest.
func Read(from io.Reader) (*tfjson.Plan, error) {
	raw, err := io.ReadAll(from)
	if err != nil {
		return nil, err
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")) // PowerShell's redirection writes one
	if err := recognise(raw); err != nil {
		return nil, err
	}
	var plan tfjson.Plan
	if err := json.Unmarshal(raw, &plan); err != nil {
		return nil, fmt.Errorf("it is not a plan as Terraform writes one: %w", err)
	}
	return &plan, nil
}

// recognise says what is wrong with a plan, or what was given in its place.
func recognise(raw []byte) error {
	switch trimmed := bytes.TrimSpace(raw); {
	case len(trimmed) == 0:
		return errors.New("it is empty: the command before it failed, or wrote elsewhere; " + howTo)
	case bytes.HasPrefix(raw, []byte("PK\x03\x04")):
		return errors.New("it is the plan file itself, not its JSON; " + howTo)
	case trimmed[0] != '{':
		return errors.New("it is not JSON of a plan; a wrapper around terraform may have written into it " +
			"(setup-terraform: terraform_wrapper: false); " + howTo)
	}
	var head struct {
		Format    *string         `json:"format_version"`
		Terraform string          `json:"terraform_version"`
		Errored   bool            `json:"errored"`
		Level     string          `json:"@level"` // of terraform plan -json
		Values    json.RawMessage `json:"values"` // of a state
		Planned   json.RawMessage `json:"planned_values"`
		Changes   json.RawMessage `json:"resource_changes"`
		Prior     json.RawMessage `json:"prior_state"`
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if err := decoder.Decode(&head); err != nil {
		return fmt.Errorf("it is not JSON of a plan: %w; %s", err, howTo)
	}
	switch {
	case head.Level != "":
		return errors.New("it is the log of terraform plan -json, not the plan; " + howTo)
	case head.Format == nil:
		return errors.New("it has no format_version, so it is no plan; " + howTo)
	case head.Values != nil && head.Planned == nil:
		return errors.New("it is a state, not a plan; " + howTo)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more after the plan; give one plan alone")
	}
	format, err := version.NewVersion(*head.Format)
	if err != nil || format.Segments()[0] != 1 {
		return fmt.Errorf("format_version is %q; this version reads 1.x", *head.Format)
	}
	if made, err := version.NewVersion(head.Terraform); err == nil && made.Core().LessThan(oldest) {
		return fmt.Errorf("it was made by Terraform %s, which has no check results in its plans; use %s or later", head.Terraform, oldest)
	}
	if head.Planned == nil && head.Changes == nil && head.Prior == nil {
		return errors.New("it has neither planned_values nor resource_changes nor prior_state, so it is no plan; " + howTo)
	}
	if head.Errored {
		return errors.New("the plan failed (errored is true), so what it lacks is not known; see what terraform plan said")
	}
	return nil
}
