package prereq

import (
	"context"
	"fmt"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// RevisionChannel is that a ControlPlaneRevision of istio-system has the channel that its name requires.
type RevisionChannel struct {
	Clusters *Clusters
	Target   cluster.Target
	Revision string
}

// RevisionType is that a ControlPlaneRevision of istio-system has the type managed_service, the only one there is.
type RevisionType struct {
	Clusters *Clusters
	Target   cluster.Target
	Revision string
}

var (
	_ Prerequisite = (*RevisionChannel)(nil)
	_ Prerequisite = (*RevisionType)(nil)
)

// RevisionSpecState is one field of a ControlPlaneRevision's spec.
type RevisionSpecState struct {
	Field  string // channel or type
	Value  string // "" where it is not there
	Wanted string

	subject  string
	findings []catalogue.Finding
}

// Met implements State.
func (s RevisionSpecState) Met() bool { return s.Value == s.Wanted }

// Findings implements State.
func (s RevisionSpecState) Findings() []catalogue.Finding { return s.findings }

// Fields implements State.
func (s RevisionSpecState) Fields() map[string]any {
	return map[string]any{"spec." + s.Field: s.Value}
}

// Gap implements State.
func (s RevisionSpecState) Gap() (before, after map[string]any) {
	if s.Met() {
		return nil, nil
	}
	return s.Fields(), map[string]any{"spec." + s.Field: s.Wanted}
}

// Kind implements Prerequisite.
func (r *RevisionChannel) Kind() mesh.Kind { return mesh.ControlPlane }

// Subject implements Prerequisite.
func (r *RevisionChannel) Subject() string { return r.field().subject() }

func (r *RevisionChannel) field() revisionField {
	return revisionField{r.Clusters, r.Target, r.Revision, "channel"}
}

// Check implements Prerequisite.
func (r *RevisionChannel) Check(ctx context.Context, fresh bool) (State, error) {
	return r.Read(ctx, fresh)
}

// Read is Check with its own type. It costs one request, or two where the cluster
// serves an older version of ControlPlaneRevision.
func (r *RevisionChannel) Read(ctx context.Context, _ bool) (RevisionSpecState, error) {
	wanted, known := mesh.ChannelOf(r.Revision)
	if !known {
		return RevisionSpecState{}, fmt.Errorf("managed mesh does not accept a revision of the name %q, so it has no channel either; "+
			"the names are asm-managed, asm-managed-rapid and asm-managed-stable", r.Revision)
	}
	return r.field().read(ctx, wanted)
}

// Enforce implements Prerequisite. It sets this field and no other.
func (r *RevisionChannel) Enforce(ctx context.Context, state State) (Change, error) {
	return r.field().enforce(ctx, state.(RevisionSpecState))
}

// Undo implements Prerequisite. It restores the channel that was there, if it is still as c left it.
func (r *RevisionChannel) Undo(ctx context.Context, c Change) error { return r.field().undo(ctx, c) }

// Kind implements Prerequisite.
func (r *RevisionType) Kind() mesh.Kind { return mesh.ControlPlane }

// Subject implements Prerequisite.
func (r *RevisionType) Subject() string { return r.field().subject() }

func (r *RevisionType) field() revisionField {
	return revisionField{r.Clusters, r.Target, r.Revision, "type"}
}

// Check implements Prerequisite.
func (r *RevisionType) Check(ctx context.Context, fresh bool) (State, error) {
	return r.Read(ctx, fresh)
}

// Read is Check with its own type. It costs one request, or two where the cluster
// serves an older version of ControlPlaneRevision.
func (r *RevisionType) Read(ctx context.Context, _ bool) (RevisionSpecState, error) {
	return r.field().read(ctx, mesh.RevisionType)
}

// Enforce implements Prerequisite. It sets this field and no other.
func (r *RevisionType) Enforce(ctx context.Context, state State) (Change, error) {
	return r.field().enforce(ctx, state.(RevisionSpecState))
}

// Undo implements Prerequisite. It restores the type that was there, if it is still
// as c left it. A type that the cluster's schema refuses today is a KeptError.
func (r *RevisionType) Undo(ctx context.Context, c Change) error { return r.field().undo(ctx, c) }

// revisionField is a field of a ControlPlaneRevision's spec.
type revisionField struct {
	clusters *Clusters
	target   cluster.Target
	revision string
	field    string
}

func (f revisionField) subject() string {
	return revisionSubject(f.target, mesh.SystemNamespace, f.revision)
}

func revisionSubject(target cluster.Target, namespace, name string) string {
	return target.String() + "/namespaces/" + namespace + "/controlplanerevisions/" + name
}

func (f revisionField) read(ctx context.Context, wanted string) (RevisionSpecState, error) {
	s := RevisionSpecState{Field: f.field, Wanted: wanted, subject: f.subject()}
	opened, err := f.clusters.Open(ctx, f.target)
	if err != nil {
		return s, err
	}
	revision, err := opened.Revision(ctx, f.revision)
	if apierr.NotFound(err) || f.clusters.gone(ctx, f.target, err) {
		return s, &GoneError{s.subject}
	}
	if err != nil {
		return s, err
	}
	s.Value = f.valueOf(revision)
	if !s.Met() {
		s.findings = mismatches(revision, s.subject, f.stops()...)
	}
	return s, nil
}

func (f revisionField) valueOf(r mesh.ControlPlaneRevision) string {
	if f.field == "type" {
		return r.Type
	}
	return r.Channel
}

// stops are the codes for which a revision is stopped because of the field.
func (f revisionField) stops() []catalogue.StopCode {
	if f.field == "type" {
		return []catalogue.StopCode{catalogue.StopType}
	}
	return []catalogue.StopCode{catalogue.StopChannel, catalogue.StopChannelMissing}
}

func (f revisionField) enforce(ctx context.Context, s RevisionSpecState) (Change, error) {
	change := Change{Kind: mesh.ControlPlane, Subject: s.subject}
	if s.Met() {
		return change, nil
	}
	if err := f.set(ctx, &s.Wanted); err != nil {
		return change, err
	}
	change.Before, change.After = s.Gap()
	return change, nil
}

func (f revisionField) set(ctx context.Context, value *string) error {
	opened, err := f.clusters.Open(ctx, f.target)
	if err != nil {
		return err
	}
	_, err = opened.SetRevisionSpec(ctx, f.revision, f.field, value)
	return err
}

func (f revisionField) undo(ctx context.Context, c Change) error {
	before, changed := c.Before["spec."+f.field].(string)
	if !changed {
		return nil
	}
	now, err := f.read(ctx, "")
	if err != nil || now.Value != c.After["spec."+f.field] {
		return err
	}
	value := &before
	if before == "" {
		value = nil
	}
	err = f.set(ctx, value)
	if apierr.Invalid(err) {
		what, _ := apierr.Describe(err)
		return &KeptError{f.subject(), fmt.Sprintf("spec.%s was %q, which the cluster accepts no more: %s", f.field, before, what)}
	}
	return err
}
