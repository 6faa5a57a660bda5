package cluster

import (
	"context"
	"net/http"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

// RenewalQuery selects pods.
type RenewalQuery struct {
	Namespaces []string  // nil: all where a managed control plane injects, or has injected
	Revision   string    // those that this revision would inject; "" is any
	All        bool      // also those that are up to date
	Since      time.Time // with All: not those whose owner was restarted at or after it
}

// Renewal is an owner whose pods a restart is to recreate.
type Renewal struct {
	health.Renewal
	Never   string // why it is not restarted at all, or ""
	Blocked string // why it is not restarted in its present state, or ""
}

// Renewals finds the workloads whose pods are to be recreated, in the order of their namespaces, and what would keep
// each from being restarted in this way. It takes three requests, two for the pods and one for each namespace, and for
// those that are found one for each kind in a namespace and one for its budgets. A namespace that is named and not
// there is a NotFound error.
func (c *Cluster) Renewals(ctx context.Context, q RenewalQuery, how Restart) ([]Renewal, error) {
	parts := []part{partMutating, partEnvironments, partNamespaces}
	s, err := c.read(ctx, false, parts...)
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		if s.lacks(p) {
			return nil, s.Unread[string(p)]
		}
	}
	found, err := c.renewable(ctx, q, s)
	if err != nil {
		return nil, err
	}
	renewals := []Renewal{}
	for _, r := range health.Renewals(found, s.Namespaces, s.Mutating, s.Environments, q.Revision, q.All, q.Since) {
		renewals = append(renewals, Renewal{Renewal: r, Never: neverRenewed(r, how)})
	}
	return renewals, c.block(ctx, renewals, how)
}

func neverRenewed(r health.Renewal, how Restart) string {
	if r.Lost {
		return "no managed control plane injects its pods now, so a restart would remove their proxies; " +
			"correct the injection label of namespace " + r.Owner.Namespace + " first"
	}
	return how.Never(r.Owner)
}

// LeftAlone has the owners of pods with proxies that no restart of this kind would move, each with the reason: of the
// namespaces that are named, or of all. It takes one request, or one for each namespace.
func (c *Cluster) LeftAlone(ctx context.Context, namespaces []string, how Restart) (map[mesh.Owner]string, error) {
	labels := ""
	if len(namespaces) == 0 {
		namespaces, labels = []string{""}, injectedLabel
	}
	left := map[mesh.Owner]string{}
	for _, name := range namespaces {
		found, err := c.podsOf(ctx, name, labels)
		if err != nil {
			return nil, err
		}
		for _, p := range found {
			if why := how.Never(p.Owner); why != "" && p.Proxied() && !p.Finished && p.Controller != "Job" {
				left[p.Owner] = why
			}
		}
	}
	return left, nil
}

// renewable lists the pods that may be stale: of the namespaces that are named all;
// of a cluster those with a proxy, and those without where one would be injected.
func (c *Cluster) renewable(ctx context.Context, q RenewalQuery, s *State) ([]mesh.ProxyPod, error) {
	if q.Namespaces != nil {
		var all []mesh.ProxyPod
		for _, name := range slices.Compact(slices.Sorted(slices.Values(q.Namespaces))) {
			if !slices.ContainsFunc(s.Namespaces, func(n health.Namespace) bool { return n.Name == name }) {
				return nil, &apierr.Error{
					Doing:   "find namespace " + name,
					Cluster: c.String(),
					Via:     c.Via(),
					Source:  apierr.Kubernetes,
					Code:    http.StatusNotFound,
					Message: "it is not there, or is being deleted",
					Next:    "Check the names of the namespaces.",
				}
			}
			found, err := c.podsOf(ctx, name, "")
			if err != nil {
				return nil, err
			}
			all = append(all, found...)
		}
		return all, nil
	}
	all, err := c.podsOf(ctx, "", injectedLabel)
	if err != nil {
		return nil, err
	}
	failed, err := c.podsOf(ctx, "", failedLabel+",!security.istio.io/tlsMode")
	if err != nil {
		return nil, err
	}
	all = append(all, failed...)
	for _, n := range s.Namespaces {
		if _, managed := health.WouldInject(s.Mutating, n, mesh.ProxyPod{}); !managed {
			continue
		}
		bare, err := c.podsOf(ctx, n.Name, "!security.istio.io/tlsMode")
		if err != nil {
			return nil, err
		}
		all = append(all, slices.DeleteFunc(bare, func(p mesh.ProxyPod) bool { return p.Failed })...) // counted already
	}
	return all, nil
}

// podsOf lists pods by labels, of a namespace or of all.
func (c *Cluster) podsOf(ctx context.Context, namespace, labels string) ([]mesh.ProxyPod, error) {
	raw, err := listAll[corev1.Pod](ctx, c, request{doing: "list the pods", resource: pods, namespace: namespace}, labels)
	if err != nil {
		return nil, err
	}
	var found []mesh.ProxyPod
	for i := range raw {
		found = append(found, readProxy(&raw[i]))
	}
	return found, nil
}

// block notes what keeps workloads from being restarted. Those of one kind in one namespace are read at once.
func (c *Cluster) block(ctx context.Context, renewals []Renewal, how Restart) error {
	type place struct{ namespace, kind string }
	read := map[place]map[string]*workload{}
	limits := map[string][]mesh.Budget{}
	for i := range renewals {
		r := &renewals[i]
		if r.Never != "" {
			continue
		}
		of := place{r.Owner.Namespace, r.Owner.Kind}
		if read[of] == nil {
			all, err := listAll[workload](ctx, c, request{doing: "list the workloads", resource: restartable[of.kind], namespace: of.namespace}, "")
			if err != nil {
				return err
			}
			read[of] = map[string]*workload{}
			for j := range all {
				read[of][all[j].Metadata.Name] = &all[j]
			}
		}
		w := read[of][r.Owner.Name]
		if w == nil || !how.Since.IsZero() && w.restartedSince(how.Since) {
			continue // gone, or under way
		}
		var budgets []mesh.Budget
		if !how.IgnoreBudgets {
			var err error
			if budgets, err = c.budgetsOf(ctx, of.namespace, limits); err != nil {
				return err
			}
		}
		r.Blocked = w.blocked(r.Owner, budgets)
	}
	return nil
}
