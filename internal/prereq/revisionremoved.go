package prereq

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

// RevisionRemoved is that a ControlPlaneRevision which no mesh supports, for its name or its namespace, is not there.
// Neither of the two can be changed, so the object is deleted.
type RevisionRemoved struct {
	Clusters  *Clusters
	Target    cluster.Target
	Namespace string
	Revision  string // its name
}

var _ Prerequisite = (*RevisionRemoved)(nil)

// RemovedState is the revision, as far as it is there.
type RemovedState struct {
	There bool
	Image cluster.RevisionImage // of one that is there

	subject  string
	findings []catalogue.Finding
}

// Met implements State.
func (s RemovedState) Met() bool { return !s.There }

// Findings implements State.
func (s RemovedState) Findings() []catalogue.Finding { return s.findings }

// Fields implements State: the whole object, or "" where there is none.
func (s RemovedState) Fields() map[string]any {
	if !s.There {
		return map[string]any{"revision": ""}
	}
	return map[string]any{"revision": s.Image.Object}
}

// Gap implements State.
func (s RemovedState) Gap() (before, after map[string]any) {
	if s.Met() {
		return nil, nil
	}
	return s.Fields(), map[string]any{"revision": ""}
}

// Kind implements Prerequisite.
func (r *RevisionRemoved) Kind() mesh.Kind { return mesh.ControlPlane }

// Subject implements Prerequisite.
func (r *RevisionRemoved) Subject() string {
	return revisionSubject(r.Target, r.Namespace, r.Revision)
}

// Check implements Prerequisite.
func (r *RevisionRemoved) Check(ctx context.Context, fresh bool) (State, error) {
	return r.Read(ctx, fresh)
}

// Read is Check with its own type. A revision that a mesh can run by is refused: to delete it would take the mesh away.
// It costs one request, or two where the cluster serves an older version of ControlPlaneRevision.
func (r *RevisionRemoved) Read(ctx context.Context, _ bool) (RemovedState, error) {
	s := RemovedState{subject: r.Subject()}
	if err := r.refuse(); err != nil {
		return s, err
	}
	opened, err := r.Clusters.Open(ctx, r.Target)
	if err != nil {
		return s, err
	}
	s.Image, err = opened.RevisionImage(ctx, r.Namespace, r.Revision)
	switch {
	case apierr.NotFound(err):
		return s, nil
	case r.Clusters.gone(ctx, r.Target, err):
		return s, &GoneError{r.Target.String()}
	case err != nil:
		return s, err
	}
	s.There, s.findings = true, mismatches(s.Image.Revision, s.subject, catalogue.StopName, catalogue.StopNamespace)
	return s, nil
}

func (r *RevisionRemoved) refuse() error {
	if _, supported := mesh.ChannelOf(r.Revision); supported && r.Namespace == mesh.SystemNamespace {
		return fmt.Errorf("%s is a revision that managed mesh supports; it is not deleted, because its control plane would go with it",
			r.Subject())
	}
	return nil
}

// mismatches are the findings that a revision's fields are not accepted, for these stop codes.
func mismatches(r mesh.ControlPlaneRevision, subject string, stops ...catalogue.StopCode) []catalogue.Finding {
	var findings []catalogue.Finding
	for _, f := range health.JudgeRevision(r, time.Time{}).Findings { // of its fields alone, which no time changes
		if f.Code == catalogue.RevisionMismatch && slices.Contains(stops, catalogue.StopCode(f.Detail)) {
			f.Subject = subject
			findings = append(findings, f)
		}
	}
	return findings
}

// Enforce implements Prerequisite. It deletes the very object that was checked.
func (r *RevisionRemoved) Enforce(ctx context.Context, state State) (Change, error) {
	s, change := state.(RemovedState), Change{Kind: r.Kind(), Subject: r.Subject()}
	if s.Met() {
		return change, nil
	}
	if err := r.refuse(); err != nil {
		return change, err
	}
	opened, err := r.Clusters.Open(ctx, r.Target)
	if err != nil {
		return change, err
	}
	if err := opened.DeleteRevision(ctx, s.Image); err != nil {
		if apierr.NotFound(err) { // it is disabled already
			return change, nil
		}
		return change, err
	}
	change.Before, change.After = s.Gap()
	return change, nil
}

// Undo implements Prerequisite. It creates the object again, unless one of its name is there.
func (r *RevisionRemoved) Undo(ctx context.Context, c Change) error {
	image, changed := c.Before["revision"].(map[string]any)
	if !changed {
		return nil
	}
	now, err := r.Read(ctx, true)
	if err != nil || now.There {
		return err
	}
	opened, err := r.Clusters.Open(ctx, r.Target)
	if err != nil {
		return err
	}
	return opened.CreateRevision(ctx, image)
}
