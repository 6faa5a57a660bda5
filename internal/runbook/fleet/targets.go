package fleet

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// Selection says on what a runbook is run: everything that is named, each once.
type Selection struct {
	Fleets      []string // ids or numbers of fleets' host projects: all that they have
	Memberships []string // full resource names
	Clusters    []string
	Projects    []string
	Fleet       string // the fleet's host project, for projects and clusters that do not tell it
	// Report is a diagnosis: the subjects of those of its findings that the runbook fixes.
	Report *diagnosis.Report
	// Shard and Shards pick a part: executors that share a fleet take one each.
	Shard, Shards int
}

// Targets lists what a selection comes to for a runbook, sorted, each under the id of its project. The error is of
// invalid names, of a project number whose id cannot be read, of a fleet that cannot be listed whole, or of a selection
// that has nothing for this runbook.
func Targets(ctx context.Context, e *engine.Engine, r *lang.Runbook, s Selection) ([]runbook.Target, error) {
	var wrong []error
	found := map[runbook.Target]bool{}
	add := func(kind lang.TargetKind, name, fleet string) {
		if kind != r.Target {
			wrong = append(wrong, fmt.Errorf("runbook %s works on a %s, and %s is a %s", r.Name, r.Target, name, kind))
			return
		}
		t, err := runbook.ParseTarget(kind, name, fleet)
		if err == nil {
			t, err = e.Canonical(ctx, t)
		}
		if err != nil {
			wrong = append(wrong, err)
			return
		}
		found[t] = true
	}
	for _, name := range s.Memberships {
		add(lang.TargetMembership, name, "")
	}
	for _, name := range s.Clusters {
		add(lang.TargetCluster, name, s.Fleet)
	}
	for _, name := range s.Projects {
		add(lang.TargetProject, name, s.Fleet)
	}
	for _, fleet := range s.Fleets {
		if err := mesh.CheckProject(strings.TrimPrefix(fleet, "projects/")); err != nil {
			wrong = append(wrong, err)
		}
	}
	if s.Shards > 0 && (s.Shard < 0 || s.Shard >= s.Shards) {
		wrong = append(wrong, fmt.Errorf("shard %d of %d: shards are counted from 0", s.Shard, s.Shards))
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	for _, fleet := range s.Fleets {
		if err := spread(ctx, e, r.Target, strings.TrimPrefix(fleet, "projects/"), add); err != nil {
			return nil, err
		}
	}
	if s.Report != nil {
		for _, name := range subjectsOf(s.Report, r) {
			add(lang.TargetMembership, name, "")
		}
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	var targets []runbook.Target
	for t := range found {
		if s.Shards <= 1 || ShardOf(t.Name, s.Shards) == s.Shard {
			targets = append(targets, t)
		}
	}
	slices.SortFunc(targets, func(a, b runbook.Target) int { return strings.Compare(a.Name, b.Name) })
	return targets, nil
}

// ShardOf is the shard of a target, by its name alone: executors agree on it without asking each other.
func ShardOf(name string, shards int) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // never fails: hash.Hash
	return int(h.Sum32() % uint32(shards))
}

// spread adds what a fleet has of a kind of targets.
func spread(
	ctx context.Context, e *engine.Engine, kind lang.TargetKind, fleet string, add func(kind lang.TargetKind, name, fleet string),
) error {
	if kind == lang.TargetFleet {
		add(kind, fleet, "")
		return nil
	}
	members, unreachable, err := e.Client.Memberships(ctx, fleet)
	if err != nil {
		return err
	}
	if len(unreachable) > 0 {
		return fmt.Errorf("the memberships of fleet project %s in %s cannot be listed now, "+
			"and a fleet is not worked on in part unless memberships are named: name them, or try again", fleet, strings.Join(unreachable, ", "))
	}
	for _, m := range members {
		switch {
		case kind == lang.TargetMembership:
			add(kind, m.Name.String(), "")
		case m.Cluster == nil:
		case kind == lang.TargetCluster:
			add(kind, m.Cluster.String(), fleet)
		case kind == lang.TargetProject:
			add(kind, m.Cluster.Project, fleet)
		}
	}
	if kind == lang.TargetProject {
		add(kind, fleet, fleet)
	}
	return nil
}

// subjectsOf are the memberships that a report's findings which a runbook fixes are about or bring into trouble.
func subjectsOf(report *diagnosis.Report, r *lang.Runbook) []string {
	var names []string
	for _, f := range report.Findings {
		if slices.Contains(r.Fixes, f.Code) && f.Root() {
			names = append(names, Affected(report, f)...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Affected are the memberships that a finding is about or brings into trouble; of
// one about a project or fleet that troubles none, those that are in it.
func Affected(report *diagnosis.Report, f diagnosis.Finding) []string {
	kindOf := map[string]string{}
	for _, s := range report.Subjects {
		kindOf[s.Name] = s.Type
	}
	if kindOf[f.About] == diagnosis.TypeMembership {
		return []string{f.About}
	}
	var names []string
	for _, other := range report.Findings {
		if kindOf[other.About] == diagnosis.TypeMembership && slices.Contains(other.BlockedBy, f.Fingerprint) {
			names = append(names, other.About)
		}
	}
	if len(names) == 0 {
		for _, s := range report.Subjects {
			if s.Type == diagnosis.TypeMembership && (s.Parent == f.About ||
				strings.HasPrefix(s.Facts[diagnosis.FactCluster], f.About+"/") || strings.HasPrefix(s.Name, f.About+"/")) {
				names = append(names, s.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
