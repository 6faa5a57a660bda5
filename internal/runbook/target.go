package runbook

import (
	"fmt"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// Target is what one run is about.
type Target struct {
	Kind lang.TargetKind `json:"kind"`
	Name string          `json:"name"` // full resource name; of a project and of a fleet: projects/P
	// Fleet is the id or number of the fleet's host project where the name does not tell it; "" is the project itself.
	Fleet string `json:"fleet,omitempty"`
}

// ParseTarget reads the name of a target of a kind.
func ParseTarget(kind lang.TargetKind, name, fleet string) (Target, error) {
	t := Target{Kind: kind, Fleet: fleet}
	switch kind {
	case lang.TargetMembership:
		m, err := mesh.ParseMembership(name)
		if err != nil {
			return t, err
		}
		t.Name, t.Fleet = m.String(), ""
	case lang.TargetCluster:
		c, err := mesh.ParseCluster(name)
		if err != nil {
			return t, err
		}
		t.Name = c.String()
	case lang.TargetProject, lang.TargetFleet:
		project := strings.TrimPrefix(name, "projects/")
		if err := mesh.CheckProject(project); err != nil {
			return t, err
		}
		t.Name = "projects/" + project
	default:
		return t, fmt.Errorf("%q is not a kind of target: %v", kind, lang.TargetKinds())
	}
	if t.Fleet != "" {
		if err := mesh.CheckProject(t.Fleet); err != nil {
			return t, err
		}
	}
	return t, nil
}

// Project is the id or number of the project in the target's name.
func (t Target) Project() string {
	project, _, _ := strings.Cut(strings.TrimPrefix(t.Name, "projects/"), "/")
	return project
}

// InProject is the same target with another spelling of its project.
func (t Target) InProject(project string) Target {
	t.Name = "projects/" + project + strings.TrimPrefix(t.Name, "projects/"+t.Project())
	return t
}
