package prereq

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

// RestartScope says which workloads a RollingRestart is about.
type RestartScope string

// The scopes.
const (
	// RestartNeeded are those whose pods lack the proxy that their namespace's revision would give them, have one of
	// another plane or version, or are marked as not upgraded.
	RestartNeeded RestartScope = "needed"
	// RestartAll are all with a proxy that were not restarted since the anchor, and those that need it.
	RestartAll RestartScope = "all"
)

// RollingRestart is that the pods of workloads were recreated, and with them their proxies: a pod gets its proxy only
// when it is created. Workloads are restarted as kubectl rollout restart does, one after the other, each when the one
// before is available again.
type RollingRestart struct {
	Clusters      *Clusters
	Target        cluster.Target
	Namespaces    []string // nil: all where managed control planes inject
	Revision      string   // what this revision would inject; "" is any
	Scope         RestartScope
	StatefulSets  bool // restart these, too
	IgnoreBudgets bool // also where a PodDisruptionBudget leaves no room for the roll-out
	// Announced are the times at which this run announced its restarts, the first one first. Restarts carry them, and a
	// restart counts from the first one on, so that a run that is resumed restarts nothing twice. None is now.
	Announced []time.Time
}

var (
	_ Prerequisite = (*RollingRestart)(nil)
	_ Irreversible = (*RollingRestart)(nil)
	_ Announcer    = (*RollingRestart)(nil)
	_ Leaver       = (*RollingRestart)(nil)
)

// RestartState is what is to be restarted.
type RestartState struct {
	Renewals []cluster.Renewal // all whose pods are to be recreated, those that never are among them

	subject string
}

// Owners are the workloads that a restart is for, sorted; those that are blocked among them.
func (s RestartState) Owners() []mesh.Owner {
	owners := []mesh.Owner{}
	for _, r := range s.Renewals {
		if r.Never == "" {
			owners = append(owners, r.Owner)
		}
	}
	return owners
}

// Blocked says, of the workloads that better are not restarted as things stand, why.
func (s RestartState) Blocked() map[mesh.Owner]string {
	blocked := map[mesh.Owner]string{}
	for _, r := range s.Renewals {
		if r.Blocked != "" {
			blocked[r.Owner] = r.Blocked
		}
	}
	return blocked
}

// Left says, of the owners that a person must see to, why they are not restarted:
// naked pods, and StatefulSets that were not asked for.
func (s RestartState) Left() map[mesh.Owner]string {
	left := map[mesh.Owner]string{}
	for _, r := range s.Renewals {
		if r.Never != "" {
			left[r.Owner] = r.Never
		}
	}
	return left
}

// Met implements State. What is never restarted does not count.
func (s RestartState) Met() bool { return len(s.Owners()) == 0 }

// Findings implements State.
func (s RestartState) Findings() []catalogue.Finding {
	var findings []catalogue.Finding
	for _, r := range s.Renewals {
		f := r.Finding(s.subject)
		for _, why := range []string{r.Never, r.Blocked} {
			if why != "" {
				f.Message += "; it is not restarted: " + why
			}
		}
		findings = append(findings, f)
	}
	return findings
}

// Fields implements State. A restart leaves nothing that could be set back.
func (s RestartState) Fields() map[string]any { return map[string]any{} }

// Gap implements State: each workload that is to be restarted.
func (s RestartState) Gap() (before, after map[string]any) {
	if s.Met() {
		return nil, nil
	}
	before, after = map[string]any{}, map[string]any{}
	for _, r := range s.Renewals {
		if r.Never == "" {
			before[r.Owner.String()], after[r.Owner.String()] = runningSince(r), "restart"
		}
	}
	return before, after
}

// runningSince is when a person last restarted a workload; when its pods began would
// differ with every one that is moved.
func runningSince(r cluster.Renewal) string {
	if r.Restarted.IsZero() {
		return ""
	}
	return "running since " + r.Restarted.UTC().Format(time.RFC3339)
}

// Kind implements Prerequisite.
func (r *RollingRestart) Kind() mesh.Kind { return mesh.ProxyUpgrades }

// Subject implements Prerequisite.
func (r *RollingRestart) Subject() string {
	if len(r.Namespaces) == 1 {
		return r.Target.String() + "/namespaces/" + r.Namespaces[0]
	}
	return r.Target.String()
}

// Check implements Prerequisite.
func (r *RollingRestart) Check(ctx context.Context, fresh bool) (State, error) {
	return r.Read(ctx, fresh)
}

// Read is Check with its own type.
func (r *RollingRestart) Read(ctx context.Context, _ bool) (RestartState, error) {
	s := RestartState{subject: r.Target.String()}
	opened, err := r.Clusters.Open(ctx, r.Target)
	if err != nil {
		return s, err
	}
	query := cluster.RenewalQuery{Namespaces: r.Namespaces, Revision: r.Revision, All: r.Scope == RestartAll, Since: r.since()}
	s.Renewals, err = opened.Renewals(ctx, query, r.how())
	if err != nil && r.Clusters.gone(ctx, r.Target, err) {
		err = &GoneError{r.Target.String()}
	}
	return s, err
}

// Leaves implements Leaver: the StatefulSets that it was not asked for, the naked pods, and what else has no roll-out.
func (r *RollingRestart) Leaves(ctx context.Context) ([]string, error) {
	opened, err := r.Clusters.Open(ctx, r.Target)
	if err != nil {
		return nil, err
	}
	all, err := opened.LeftAlone(ctx, r.Namespaces, r.how())
	var left []string
	for _, owner := range slices.SortedFunc(maps.Keys(all), mesh.Owner.Compare) {
		left = append(left, fmt.Sprintf("%s (%s)", owner, all[owner]))
	}
	return left, err
}

// Announce implements Announcer.
func (r *RollingRestart) Announce(at time.Time) { r.Announced = append(r.Announced, at) }

// since is when a restart counts from; zero before the first one was announced.
func (r *RollingRestart) since() time.Time {
	if len(r.Announced) == 0 {
		return time.Time{}
	}
	return r.Announced[0]
}

func (r *RollingRestart) how() cluster.Restart {
	return cluster.Restart{StatefulSets: r.StatefulSets, IgnoreBudgets: r.IgnoreBudgets, Since: r.since(), Marks: r.Announced}
}

// Enforce implements Prerequisite. It restarts every workload that needs it once, and waits for each roll-out. It goes
// on after a workload that is blocked or fails; the error names all of them.
func (r *RollingRestart) Enforce(ctx context.Context, state State) (Change, error) {
	s, change := state.(RestartState), Change{Kind: r.Kind(), Subject: r.Subject(), Before: map[string]any{}, After: map[string]any{}}
	opened, err := r.Clusters.Open(ctx, r.Target)
	if err != nil {
		return change, err
	}
	how := r.how()
	how.Tried = map[mesh.Owner]time.Time{}
	for _, w := range s.Renewals {
		if w.Stale != health.StaleAsked {
			how.Tried[w.Owner] = w.Restarted
		}
	}
	results, err := opened.RestartOwners(ctx, s.Owners(), how)
	before, after := s.Gap()
	failed := &RestartError{Cluster: r.Target.String(), Asked: len(s.Owners())}
	for _, result := range results {
		owner := result.Owner.String()
		if result.Started {
			change.Before[owner], change.After[owner] = before[owner], after[owner]
		}
		if result.Outcome == cluster.Blocked || result.Outcome == cluster.Failed {
			failed.Results = append(failed.Results, result)
		}
	}
	switch {
	case err != nil:
		return change, err
	case len(failed.Results) > 0:
		return change, failed
	}
	return change, nil
}

// RestartError says which workloads were not restarted, and why each.
type RestartError struct {
	Cluster string
	Asked   int                     // how many were to be restarted
	Results []cluster.RestartResult // those that are blocked or failed
}

func (e *RestartError) Error() string {
	var each []string
	for _, r := range e.Results {
		each = append(each, fmt.Sprintf("%s is %s: %s", r.Owner, r.Outcome, r.Why))
	}
	return fmt.Sprintf("%s: %d of %d workloads were not restarted: %s", e.Cluster, len(e.Results), e.Asked, strings.Join(each, "; "))
}

// NextStep returns what a person does about the workloads that were not restarted.
func (e *RestartError) NextStep() string {
	return "Correct what blocks each, then run it again: what was restarted is not restarted twice."
}

// Unwrap implements errors: the failures behind it.
func (e *RestartError) Unwrap() []error {
	var errs []error
	for _, r := range e.Results {
		if r.Err != nil {
			errs = append(errs, r.Err)
		}
	}
	return slices.Clip(errs)
}

// WhyIrreversible implements Irreversible.
func (r *RollingRestart) WhyIrreversible() string { return "a restart cannot be taken back" }

// Undo implements Prerequisite. The pods that were there before are gone.
func (r *RollingRestart) Undo(_ context.Context, c Change) error {
	if c.Empty() {
		return nil
	}
	return &KeptError{c.Subject, r.WhyIrreversible()}
}
