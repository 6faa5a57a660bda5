package prereq

import (
	"context"
	"fmt"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// ManagedDataPlane is that the managed data plane is on, or off, for a namespace or for a whole revision.
type ManagedDataPlane struct {
	Clusters  *Clusters
	Target    cluster.Target
	Namespace string // either this
	Revision  string // or that
	Managed   bool
}

var _ Prerequisite = (*ManagedDataPlane)(nil)

// DataPlaneState is what the annotation mesh.cloud.google.com/proxy says.
type DataPlaneState struct {
	Annotation string // whole; "" where it is not there
	Managed    bool
	Set        bool // the annotation says either
	Wanted     bool

	subject string
	wrong   error
}

// SeenDataPlane is the state that an earlier read saw, for its findings.
func SeenDataPlane(subject string, managed *bool, wanted bool) DataPlaneState {
	s := DataPlaneState{Wanted: wanted, subject: subject}
	if managed != nil {
		s.Set, s.Managed = true, *managed
	}
	return s
}

// Met implements State.
func (s DataPlaneState) Met() bool { return s.Set && s.Managed == s.Wanted }

// Findings implements State.
func (s DataPlaneState) Findings() []catalogue.Finding {
	if s.Met() {
		return nil
	}
	wanted, message := "off", ""
	if s.Wanted {
		wanted = "on"
	}
	switch {
	case s.wrong != nil:
		message = fmt.Sprintf("%s: %v; the managed data plane should be %s", s.subject, s.wrong, wanted)
	case !s.Set:
		message = fmt.Sprintf("%s does not say whether its data plane is managed; it should be %s", s.subject, wanted)
	case s.Wanted:
		message = s.subject + " has the managed data plane off; it should be on"
	default:
		message = s.subject + " has the managed data plane on; it should be off"
	}
	return []catalogue.Finding{catalogue.NewFinding(catalogue.ProxyUnmanaged, s.subject, message)}
}

// Fields implements State.
func (s DataPlaneState) Fields() map[string]any {
	return map[string]any{mesh.AnnotationProxy: s.Annotation}
}

// Gap implements State.
func (s DataPlaneState) Gap() (before, after map[string]any) {
	if s.Met() {
		return nil, nil
	}
	return s.Fields(), map[string]any{mesh.AnnotationProxy: mesh.WithProxyManaged(s.Annotation, s.Wanted)}
}

// Kind implements Prerequisite.
func (d *ManagedDataPlane) Kind() mesh.Kind { return mesh.DataPlane }

// Subject implements Prerequisite.
func (d *ManagedDataPlane) Subject() string {
	if d.Revision != "" {
		return revisionSubject(d.Target, mesh.SystemNamespace, d.Revision)
	}
	return d.Target.String() + "/namespaces/" + d.Namespace
}

// Check implements Prerequisite.
func (d *ManagedDataPlane) Check(ctx context.Context, fresh bool) (State, error) {
	return d.Read(ctx, fresh)
}

// Read is Check with its own type. It costs one request, or two where the cluster
// serves an older version of ControlPlaneRevision.
func (d *ManagedDataPlane) Read(ctx context.Context, _ bool) (DataPlaneState, error) {
	s := DataPlaneState{Wanted: d.Managed, subject: d.Subject()}
	var err error
	if s.Annotation, err = d.annotation(ctx); err != nil {
		return s, err
	}
	s.Managed, s.Set, s.wrong = mesh.ProxyManaged(s.Annotation)
	return s, nil
}

func (d *ManagedDataPlane) object() cluster.Annotated {
	return cluster.Annotated{Namespace: d.Namespace, Revision: d.Revision}
}

func (d *ManagedDataPlane) annotation(ctx context.Context) (string, error) {
	opened, err := d.Clusters.Open(ctx, d.Target)
	if err != nil {
		return "", err
	}
	annotation, err := opened.Annotation(ctx, d.object(), mesh.AnnotationProxy)
	if apierr.NotFound(err) || d.Clusters.gone(ctx, d.Target, err) {
		err = &GoneError{d.Subject()}
	}
	return annotation, err
}

// Enforce implements Prerequisite. It changes the one key of the one annotation. An annotation that others changed since state was
// read is a Conflict error.
func (d *ManagedDataPlane) Enforce(ctx context.Context, state State) (Change, error) {
	s, change := state.(DataPlaneState), Change{Kind: d.Kind(), Subject: d.Subject()}
	if s.Met() {
		return change, nil
	}
	after := mesh.WithProxyManaged(s.Annotation, s.Wanted)
	if err := d.annotate(ctx, s.Annotation, after); err != nil {
		return change, err
	}
	change.Before, change.After = s.Gap()
	return change, nil
}

func (d *ManagedDataPlane) annotate(ctx context.Context, was, value string) error {
	opened, err := d.Clusters.Open(ctx, d.Target)
	if err != nil {
		return err
	}
	return opened.SetAnnotation(ctx, d.object(), mesh.AnnotationProxy, was, value)
}

// Undo implements Prerequisite. It restores the annotation that was there, if it is still as c left it.
func (d *ManagedDataPlane) Undo(ctx context.Context, c Change) error {
	before, changed := c.Before[mesh.AnnotationProxy].(string)
	if !changed {
		return nil
	}
	now, err := d.annotation(ctx)
	if err != nil || now != c.After[mesh.AnnotationProxy] {
		return err
	}
	return d.annotate(ctx, now, before)
}
