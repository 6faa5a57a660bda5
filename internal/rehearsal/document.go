package rehearsal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"k8s.io/client-go/util/jsonpath"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// document is the part of a world's document that a test reads.
type document struct {
	Projects []struct {
		ProjectID string `json:"projectId"`
		Clusters  []struct {
			Name     string `json:"name"`
			Location string `json:"location"`
		} `json:"clusters"`
		Fleet *struct {
			Memberships []struct {
				Name     string `json:"name"`
				Location string `json:"location"`
			} `json:"memberships"`
		} `json:"fleet"`
	} `json:"projects"`
}

func readDocument(raw []byte) (document, error) {
	var d document
	err := json.Unmarshal(raw, &d)
	return d, err
}

// fleets returns the IDs of the projects that host a fleet.
func (d document) fleets() []string {
	var ids []string
	for _, p := range d.Projects {
		if p.Fleet != nil {
			ids = append(ids, p.ProjectID)
		}
	}
	return ids
}

// target returns what a runbook runs on: the named target, or the first of its kind.
func (d document) target(kind lang.TargetKind, name string) (runbook.Target, error) {
	fleet := ""
	if ids := d.fleets(); len(ids) > 0 && kind != lang.TargetMembership && kind != lang.TargetFleet {
		fleet = ids[0]
	}
	if name == "" {
		name = d.firstTarget(kind)
	}
	if name == "" {
		return runbook.Target{}, fmt.Errorf("the world has no %s to run on", kind)
	}
	return runbook.ParseTarget(kind, name, fleet)
}

func (d document) firstTarget(kind lang.TargetKind) string {
	for _, p := range d.Projects {
		switch {
		case kind == lang.TargetProject, kind == lang.TargetFleet && p.Fleet != nil:
			return "projects/" + p.ProjectID
		case kind == lang.TargetCluster && len(p.Clusters) > 0:
			return "projects/" + p.ProjectID + "/locations/" + p.Clusters[0].Location + "/clusters/" + p.Clusters[0].Name
		case kind == lang.TargetMembership && p.Fleet != nil && len(p.Fleet.Memberships) > 0:
			m := p.Fleet.Memberships[0]
			return "projects/" + p.ProjectID + "/locations/" + m.Location + "/memberships/" + m.Name
		}
	}
	return ""
}

// parsePath parses a JSONPath, with or without its braces and its first dot.
func parsePath(text string) (*jsonpath.JSONPath, error) {
	if strings.TrimSpace(text) == "" {
		return nil, errors.New("it is empty")
	}
	if !strings.HasPrefix(text, "{") {
		if !strings.HasPrefix(text, ".") && !strings.HasPrefix(text, "[") && !strings.HasPrefix(text, "$") {
			text = "." + text
		}
		text = "{" + text + "}"
	}
	path := jsonpath.New("world").AllowMissingKeys(true)
	return path, path.Parse(text)
}

// valueAt returns the value at a path of a document: nil if there is none, a list if there are several.
func valueAt(doc any, text string) (any, error) {
	path, err := parsePath(text)
	if err != nil {
		return nil, err
	}
	found, err := path.FindResults(doc)
	if err != nil {
		return nil, err
	}
	var values []any
	for _, results := range found {
		for _, r := range results {
			values = append(values, plain(r))
		}
	}
	switch len(values) {
	case 0:
		return nil, nil
	case 1:
		return values[0], nil
	}
	return values, nil
}

func plain(v reflect.Value) any {
	if !v.IsValid() || !v.CanInterface() {
		return nil
	}
	return v.Interface()
}

// formatJSON writes a value of a document on one line.
func formatJSON(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
