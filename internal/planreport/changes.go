package planreport

import (
	"fmt"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// Counts are what a plan would do, by kind of action.
type Counts struct {
	Drifted                                            int // updates that correct drift
	Add, Change, Destroy, Replace, Import, Move, Other int
}

func (c Counts) any() bool { return c != Counts{} }

// String reads "2 to add, 1 to change".
func (c Counts) String() string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{
		{c.Add, "to add"}, {c.Change + c.Drifted, "to change"}, {c.Destroy, "to destroy"}, {c.Replace, "to replace"},
		{c.Import, "to import"}, {c.Move, "to move"}, {c.Other, "to do otherwise (forget, invoke, defer)"},
	} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	return strings.Join(parts, ", ")
}

// count notes one change. What is only imported or moved counts as Terraform counts it: the state would differ.
func (c *Counts) count(rc *tfjson.ResourceChange, drift bool) {
	actions := rc.Change.Actions
	switch {
	case actions.Replace():
		c.Replace++
	case actions.Create():
		c.Add++
	case actions.Update() && drift:
		c.Drifted++
	case actions.Update():
		c.Change++
	case actions.Delete():
		c.Destroy++
	case !idle(actions):
		c.Other++
	case rc.Change.Importing != nil:
		c.Import++
	case rc.PreviousAddress != "" && rc.PreviousAddress != rc.Address:
		c.Move++
	}
}

// idle reports whether actions change nothing.
func idle(actions tfjson.Actions) bool {
	return !slices.ContainsFunc(actions, func(a tfjson.Action) bool { return a != tfjson.ActionNoop })
}

// ours reports whether a type is of this provider.
func ours(kind string) bool { return strings.HasPrefix(kind, "asm_") }

// changes judges what the plan would do. Reads are left out: a data source changes nothing, neither one that is nested
// in a check, which Terraform plans to read for ever, nor one that waits for another change.
func (j *join) changes(plan *tfjson.Plan) (our, other Counts) {
	drifts := map[string]*tfjson.ResourceChange{}
	for _, rc := range plan.ResourceDrift {
		if rc != nil && rc.Change != nil && rc.Mode != tfjson.DataResourceMode {
			drifts[rc.Address] = rc
		}
	}
	planned := map[string]bool{}
	for _, rc := range plan.ResourceChanges {
		if rc == nil || rc.Change == nil || rc.Mode == tfjson.DataResourceMode {
			continue
		}
		planned[rc.Address] = true
		if !ours(rc.Type) {
			other.count(rc, false)
			continue
		}
		our.count(rc, j.resource(rc, drifts[rc.Address]))
	}
	for _, rc := range plan.ResourceDrift {
		// With -refresh-only there are no changes: drift is all that there is.
		if rc == nil || rc.Change == nil || drifts[rc.Address] != rc || planned[rc.Address] || idle(rc.Change.Actions) {
			continue
		}
		if !ours(rc.Type) {
			other.count(rc, false)
			continue
		}
		if j.refreshed(rc) {
			our.Drifted++
		}
	}
	other.Other += len(plan.ActionInvocations)
	for _, d := range plan.DeferredChanges {
		if d != nil && d.ResourceChange != nil && d.ResourceChange.Mode != tfjson.DataResourceMode {
			other.Other++
		}
	}
	return our, other
}

// resource judges a resource of this provider that the plan has, and reports whether it corrects drift.
func (j *join) resource(rc, drift *tfjson.ResourceChange) (drifted bool) {
	actions := rc.Change.Actions
	switch {
	case actions.Delete() || !idle(actions) && !actions.Create() && !actions.Update():
		return false // by the configuration: replaced, destroyed, forgotten
	case actions.Create():
		s := j.subject(rc.Address, diagnosis.TypeResource, mesh.Provisioning, "to be brought under management")
		if drift != nil && drift.Change.Actions.Delete() {
			s.Summary = "what it is about is gone"
			j.gone(drift)
		}
		return false
	}
	now, want := newValues(rc.Change.Before, rc.Change.BeforeSensitive), newValues(rc.Change.After, rc.Change.AfterSensitive)
	return j.compare(rc, now, want, drift != nil)
}

// refreshed judges drift that the plan only takes note of.
func (j *join) refreshed(rc *tfjson.ResourceChange) (drifted bool) {
	if rc.Change.Actions.Delete() {
		j.subject(rc.Address, diagnosis.TypeResource, mesh.Healthy, "what it is about is gone")
		j.gone(rc)
		return true
	}
	now, want := newValues(rc.Change.After, rc.Change.AfterSensitive), newValues(rc.Change.Before, rc.Change.BeforeSensitive)
	return j.compare(rc, now, want, true)
}

// configured are the resources whose attribute that may drift is an argument: it also differs when the configuration
// was edited, and that is no drift. Of the others it is computed, and differs because of the cloud alone.
var configured = map[string]bool{"asm_mesh_management": true, "asm_namespace_injection": true, "asm_managed_data_plane": true}

func (j *join) compare(rc *tfjson.ResourceChange, now, want values, outside bool) (found bool) {
	s := j.subject(rc.Address, diagnosis.TypeResource, mesh.Healthy, inPlace)
	if kind := mesh.KindOf(rc.Type); kind != "" {
		s.Checks = append(s.Checks, diagnosis.Check{Kind: kind, Status: diagnosis.Met})
	}
	d := drifted{rc.Type, now, want}
	j.learn(d)
	if !outside && configured[rc.Type] {
		return false
	}
	for _, diff := range d.differences() {
		f := j.add(rc.Address, diff.Finding)
		f.reach = []string{now.text("project"), now.text("fleet_project")}
		if diff.change == "" {
			continue
		}
		found = true
		f.Evidence = append(f.Evidence, diagnosis.Evidence{Source: "plan, " + rc.Address, Text: diff.change})
		if outside {
			f.Evidence = append(f.Evidence, diagnosis.Evidence{
				Source: "plan, resource_drift", Text: "it changed outside of Terraform since the last apply",
			})
		}
	}
	return found
}

// gone notes that the refresh has taken a resource out of the state.
func (j *join) gone(rc *tfjson.ResourceChange) {
	d := drifted{resource: rc.Type, now: newValues(rc.Change.Before, rc.Change.BeforeSensitive)}
	f := j.add(rc.Address, catalogue.NewFinding(catalogue.ResourceGone, d.subject(),
		fmt.Sprintf("%s has left the state: %s, or what it is in, does not exist", rc.Address, d.subject())))
	if kind := mesh.KindOf(rc.Type); kind != "" {
		f.Kind = kind
	}
}

// partial notes that a plan is not about everything.
func (j *join) partial(plan *tfjson.Plan) {
	if plan.Complete == nil || *plan.Complete {
		return
	}
	f := catalogue.NewFinding(catalogue.Unreadable, "plan",
		"the plan is not complete (-target, or changes that are deferred); what it leaves out is not judged")
	f.Verdict, f.Remediation = mesh.Unknown, "Apply this plan, or plan without -target; then report on the new plan."
	j.subject("plan", diagnosis.TypeResource, mesh.Unknown, "not complete")
	j.add("plan", f)
}
