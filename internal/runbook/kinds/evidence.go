package kinds

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

var evidence = ensure{
	Def: Def{
		Kind: lang.Kind{
			Name: "evidence", Risk: lang.NoRisk,
			Doc: "Writes a bundle for support: the diagnosis of a membership, the state of its fleet, cluster and revisions, and the related log " +
				"lines, as JSON in a zip file. Text that looks like a secret is removed; names of projects, clusters, workloads and people are kept, " +
				"so review it before you send it. It lists what could not be read. An undo keeps the file.",
			Args: []lang.Arg{
				argMembership,
				optional("directory", cty.String, cty.StringVal("."), "Folder to write the file to; it must exist.", nil),
				argSince,
			},
			Permissions: with(diagnosePermissions, "container.clusters.get", "logging.logEntries.list"), Result: texts("file"),
		},
		UsualDuration: time.Minute,
		Prerequisite: func(env *Runtime, a Args) (prereq.Prerequisite, error) {
			m, err := a.Membership("membership")
			return &bundle{env: env, membership: m, directory: a.Text("directory"), since: a.Duration("since")}, err
		},
		ResultValue: func(s prereq.State) cty.Value { return resultOf("file", s.(bundleState).file) },
	},
}

// bundle is a file of evidence. A run writes one, and finds it again when it is resumed.
type bundle struct {
	env        *Runtime
	membership mesh.Membership
	directory  string
	since      time.Duration
}

var (
	_ prereq.Prerequisite = (*bundle)(nil)
	_ prereq.Irreversible = (*bundle)(nil)
)

type bundleState struct {
	file string // "" until it is written
	into string // the folder
}

// Met implements prereq.State.
func (s bundleState) Met() bool { return s.file != "" }

// Findings implements prereq.State. Missing evidence is not a problem of the mesh.
func (s bundleState) Findings() []catalogue.Finding { return nil }

// Fields implements prereq.State. A written file has no fields to restore.
func (s bundleState) Fields() map[string]any { return map[string]any{} }

// Gap implements prereq.State. The file's name has the run's in it, which is not known while it is planned.
func (s bundleState) Gap() (before, after map[string]any) {
	if s.Met() {
		return nil, nil
	}
	return map[string]any{"bundle": ""}, map[string]any{"bundle": "written to " + s.into}
}

// Kind implements prereq.Prerequisite.
func (b *bundle) Kind() mesh.Kind { return mesh.ControlPlane }

// Subject implements prereq.Prerequisite.
func (b *bundle) Subject() string { return b.membership.String() }

// path is where the run's bundle is. While it is only planned there is none.
func (b *bundle) path() string {
	if b.env.Run == "" {
		return ""
	}
	return filepath.Join(b.directory, "evidence-"+b.membership.Name+"-"+b.env.Run+".zip")
}

// Check implements prereq.Prerequisite. It reports a missing folder before anything is read.
func (b *bundle) Check(context.Context, bool) (prereq.State, error) {
	s := bundleState{into: b.directory}
	info, err := os.Stat(b.directory)
	switch {
	case err != nil:
		return s, fmt.Errorf("evidence cannot be written to %s: %w", b.directory, err)
	case !info.IsDir():
		return s, fmt.Errorf("evidence cannot be written to %s: it is not a folder", b.directory)
	}
	path := b.path()
	if path == "" {
		return s, nil
	}
	// A file under that name is whole: it got the name when it was.
	switch _, err := os.Stat(path); {
	case err == nil:
		s.file = path
	case !errors.Is(err, os.ErrNotExist):
		return s, fmt.Errorf("cannot find out whether the evidence was written: %w", err)
	}
	return s, nil
}

// Enforce implements prereq.Prerequisite.
func (b *bundle) Enforce(ctx context.Context, state prereq.State) (prereq.Change, error) {
	change := prereq.Change{Kind: b.Kind(), Subject: b.Subject()}
	path := b.path()
	if path == "" {
		return change, errors.New("evidence is only written by a run, and there is no run")
	}
	if err := b.write(ctx, path); err != nil {
		return change, err
	}
	change.Before, change.After = state.Gap()
	return change, nil
}

// WhyIrreversible implements prereq.Irreversible.
func (b *bundle) WhyIrreversible() string {
	return "the evidence cannot be collected again; delete the file when it is no longer needed"
}

// Undo implements prereq.Prerequisite. The bundle stays.
func (b *bundle) Undo(_ context.Context, c prereq.Change) error {
	if c.Empty() {
		return nil
	}
	return &prereq.KeptError{Subject: c.Subject, Why: b.WhyIrreversible()}
}
