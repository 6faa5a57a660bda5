package prereq

import (
	"context"
	"fmt"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// MeshFeature is that a fleet has the mesh feature, by which the mesh of its memberships is asked for.
type MeshFeature struct {
	Client       *gcp.Client
	FleetProject string // id or number
}

var (
	_ Prerequisite    = (*MeshFeature)(nil)
	_ OperationWaiter = (*MeshFeature)(nil)
)

// FeatureState is whether the feature exists.
type FeatureState struct {
	Enabled bool

	project string
}

// Met implements State.
func (s FeatureState) Met() bool { return s.Enabled }

// Findings implements State.
func (s FeatureState) Findings() []catalogue.Finding {
	if s.Met() {
		return nil
	}
	return oneFinding(catalogue.FeatureDisabled, "projects/"+s.project, "the mesh feature of fleet project %s is not enabled", s.project)
}

// Fields implements State.
func (s FeatureState) Fields() map[string]any { return map[string]any{"enabled": s.Enabled} }

// Gap implements State.
func (s FeatureState) Gap() (before, after map[string]any) {
	if s.Met() {
		return nil, nil
	}
	return s.Fields(), map[string]any{"enabled": true}
}

// Kind implements Prerequisite.
func (f *MeshFeature) Kind() mesh.Kind { return mesh.FleetFeature }

// Subject implements Prerequisite.
func (f *MeshFeature) Subject() string {
	return "projects/" + f.FleetProject + "/locations/global/features/" + mesh.FeatureID
}

// Check implements Prerequisite.
func (f *MeshFeature) Check(ctx context.Context, fresh bool) (State, error) {
	return f.Read(ctx, fresh)
}

// Read is Check with its own type. It costs the one request that all memberships of the fleet share.
func (f *MeshFeature) Read(ctx context.Context, fresh bool) (FeatureState, error) {
	s := FeatureState{project: f.FleetProject}
	read := f.Client.MeshFeature
	if fresh {
		read = f.Client.FreshMeshFeature
	}
	_, err := read(ctx, f.FleetProject)
	if err != nil && !apierr.NotFound(err) {
		if gone(ctx, f.Client, f.FleetProject, err) {
			err = &GoneError{"projects/" + f.FleetProject}
		}
		return s, err
	}
	s.Enabled = err == nil
	return s, nil
}

// Enforce implements Prerequisite. It makes the feature with nothing asked for by
// it; one that was made in the meantime is as good.
func (f *MeshFeature) Enforce(ctx context.Context, state State) (Change, error) {
	s, change := state.(FeatureState), Change{Kind: f.Kind(), Subject: f.Subject()}
	if s.Met() {
		return change, nil
	}
	switch err := f.Client.EnableMeshFeature(ctx, f.FleetProject); {
	case apierr.AlreadyExists(err) && !apierr.Ambiguous(err):
		return change, nil
	case err != nil && !apierr.AlreadyExists(err):
		return change, err
	}
	change.Before, change.After = s.Gap()
	return change, nil
}

// WaitForOperations implements OperationWaiter.
func (f *MeshFeature) WaitForOperations(ctx context.Context) error {
	return wait.Until(ctx, operationPace(f.Client), f.Subject()+" to be free of operations", func(ctx context.Context) (bool, string, error) {
		feature, err := f.Client.FreshMeshFeature(ctx, f.FleetProject)
		if apierr.NotFound(err) {
			return true, "", nil
		}
		return err == nil && !isBusy(feature.ResourceState), "its state is " + feature.ResourceState, err
	})
}

// Undo implements Prerequisite. It deletes the feature if nothing is asked for by
// it: with it every mesh of the fleet would go.
func (f *MeshFeature) Undo(ctx context.Context, c Change) error {
	if c.After["enabled"] != true {
		return nil
	}
	feature, err := f.Client.FreshMeshFeature(ctx, f.FleetProject)
	if apierr.NotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	var used []string
	for _, m := range feature.Memberships {
		if m.Management != "" {
			used = append(used, m.Name)
		}
	}
	switch {
	case len(used) > 0:
		return &KeptError{f.Subject(), fmt.Sprintf("it asks for the mesh of %s, which would go with it", strings.Join(used, ", "))}
	case feature.Default != "":
		return &KeptError{f.Subject(), "it has a default for new memberships, " + feature.Default}
	}
	return f.Client.DisableMeshFeature(ctx, f.FleetProject)
}
