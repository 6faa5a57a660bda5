package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// FieldManager marks our changes of objects in a cluster.
const FieldManager = "terraform-provider-asm"

// Restart says how workloads are restarted.
type Restart struct {
	// StatefulSets are restarted only when asked for: they may hold state that does not survive losing a member.
	StatefulSets bool
	// IgnoreBudgets restarts also where a PodDisruptionBudget leaves no room for
	// the roll-out. A roll-out is not an eviction, so Kubernetes lets it happen.
	IgnoreBudgets bool
	// Since makes a restart that happened at or after it count: a run that is
	// resumed waits for it and does not restart again. Zero is now.
	Since time.Time
	// Marks are the times that restarts of this run carry; the last one is given to the next restart. None: Since.
	Marks []time.Time
	// Tried is the restart that the stale pods of an owner already come from. Where that is its latest one it did not
	// help, whoever made it, and does not count.
	Tried map[mesh.Owner]time.Time
}

// Outcome is the result of restarting one owner.
type Outcome string

// The outcomes.
const (
	Restarted Outcome = "restarted" // and every pod is new and available
	Skipped   Outcome = "skipped"   // of a kind that is never or was not asked to be restarted
	Blocked   Outcome = "blocked"   // not restarted, to protect it; Why says against what
	Failed    Outcome = "failed"
)

// RestartResult is the outcome for one owner, and why.
type RestartResult struct {
	Owner   mesh.Owner
	Outcome Outcome
	Started bool // by this call, or by an earlier one with one of Restart.Marks
	Why     string
	Err     error // of Failed
}

// RestartOwners restarts each owner once, one after the other, and waits until its pods are new and available. It
// continues after a failure, and returns a result for every owner in the given order. It returns an error only for a
// cancelled context.
func (c *Cluster) RestartOwners(ctx context.Context, owners []mesh.Owner, how Restart) ([]RestartResult, error) {
	if how.Since.IsZero() {
		how.Since = c.access.config.Clock.Now()
	}
	if len(how.Marks) == 0 {
		how.Marks = []time.Time{how.Since}
	}
	var results []RestartResult
	seen := map[mesh.Owner]bool{}
	limits := map[string][]mesh.Budget{} // of each namespace, read once
	for _, owner := range owners {
		if seen[owner] {
			continue
		}
		seen[owner] = true
		r := RestartResult{Owner: owner}
		r.Outcome, r.Why, r.Err = c.restart(ctx, owner, how, limits, &r.Started)
		results = append(results, r)
		if ctx.Err() != nil {
			return results, fmt.Errorf("stopped at %s: %w", owner, context.Cause(ctx))
		}
	}
	return results, nil
}

func (c *Cluster) restart(ctx context.Context, owner mesh.Owner, how Restart, limits map[string][]mesh.Budget, started *bool) (Outcome,
	string, error) {
	if why := how.Never(owner); why != "" {
		return Skipped, why, nil
	}
	w, err := c.workload(ctx, owner)
	if apierr.NotFound(err) {
		return Skipped, "it is gone", nil
	}
	if err != nil {
		return failure(err)
	}
	*started = w.markedWith(how.Marks)
	if at := w.restarted(); !w.restartedSince(how.Since) || at.Equal(how.Tried[owner]) {
		var budgets []mesh.Budget
		if !how.IgnoreBudgets {
			if budgets, err = c.budgetsOf(ctx, owner.Namespace, limits); err != nil {
				return failure(err)
			}
		}
		if why := w.blocked(owner, budgets); why != "" {
			return Blocked, why, nil
		}
		mark := how.Marks[len(how.Marks)-1].Truncate(time.Second)
		if mark.Equal(at) { // the patch would change nothing
			mark = mark.Add(time.Second)
		}
		if err := c.annotate(ctx, owner, mark); err != nil {
			*started = *started || apierr.Ambiguous(err)
			return failure(err)
		}
		*started = true
		delete(limits, owner.Namespace) // the roll-out uses up what budgets allow
	}
	if err := c.awaitRollout(ctx, owner); err != nil {
		return failure(err)
	}
	return Restarted, "", nil
}

func failure(err error) (Outcome, string, error) {
	why, _ := apierr.Describe(err)
	return Failed, why, err
}

// Never says why an owner is not restarted whatever its state, or "".
func (how Restart) Never(owner mesh.Owner) string {
	if owner.Kind == "StatefulSet" && how.StatefulSets {
		return ""
	}
	return health.LeftAlone(owner)
}

func (c *Cluster) workload(ctx context.Context, owner mesh.Owner) (*workload, error) {
	w := &workload{}
	return w, c.do(ctx, request{
		doing: "read " + owner.String(), verb: "get",
		resource: restartable[owner.Kind], namespace: owner.Namespace, name: owner.Name,
	}, w)
}

func (c *Cluster) budgetsOf(ctx context.Context, namespace string, known map[string][]mesh.Budget) ([]mesh.Budget, error) {
	if limits, found := known[namespace]; found {
		return limits, nil
	}
	limits, err := c.listBudgets(ctx, namespace)
	if err == nil {
		known[namespace] = limits
	}
	return limits, err
}

// annotate starts the roll-out with a patch that touches one key, so that no other field becomes ours.
func (c *Cluster) annotate(ctx context.Context, owner mesh.Owner, at time.Time) error {
	body, err := json.Marshal(map[string]any{"spec": map[string]any{"template": map[string]any{"metadata": map[string]any{
		"annotations": map[string]string{restartedAt: at.UTC().Format(time.RFC3339)},
	}}}})
	if err != nil {
		return fmt.Errorf("cannot write the patch of %s: %w", owner, err)
	}
	return c.do(ctx, request{
		doing: "restart " + owner.String(), verb: "patch",
		resource: restartable[owner.Kind], namespace: owner.Namespace, name: owner.Name,
		query:       url.Values{"fieldManager": {FieldManager}},
		contentType: "application/merge-patch+json", body: body,
	}, &struct{}{})
}

var errRollout = errors.New("the roll-out failed")

func (c *Cluster) awaitRollout(ctx context.Context, owner mesh.Owner) error {
	pace := wait.Backoff{First: 500 * time.Millisecond, Max: 5 * time.Second, Clock: c.access.config.Clock}
	return wait.Until(ctx, pace, "the roll-out of "+owner.String(), func(ctx context.Context) (bool, string, error) {
		w, err := c.workload(ctx, owner)
		if err != nil {
			if apierr.Unreachable(err) || apierr.Retryable(err) { // the context bounds it
				return false, err.Error(), nil
			}
			return false, "", err
		}
		done, seen, failed := w.rolledOut(owner.Kind)
		if failed != "" {
			return false, "", fmt.Errorf("%w: %s: %s", errRollout, owner, failed)
		}
		return done, seen, nil
	})
}
