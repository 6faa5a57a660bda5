package cluster

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

// part is one thing that is read of a cluster, by one request unless it has many pages.
type part string

const (
	partRevisions    part = "its ControlPlaneRevisions"
	partMutating     part = "its mutating webhooks"
	partValidating   part = "its validating webhooks"
	partEnvironments part = "the revisions' environments"
	partNamespaces   part = "its namespaces"
	partPods         part = "its proxies"
	partMarks        part = "its pods"
	partControls     part = "its DataPlaneControls"
)

// healthyParts are what a full read takes: seven requests for a healthy cluster of up to 500 pods. Pods are read whole,
// and the budgets, only where the metadata shows that something is wrong with them.
var healthyParts = []part{partRevisions, partMutating, partValidating, partEnvironments, partNamespaces, partMarks, partControls}

// State is what was read of a cluster. What could not be read is in Unread, and never counts as missing.
type State struct {
	Cluster      string
	Installed    bool // the cluster knows the kind ControlPlaneRevision
	Revisions    []mesh.ControlPlaneRevision
	Mutating     []mesh.WebhookConfiguration
	Validating   []mesh.WebhookConfiguration
	Environments []mesh.Environment
	Options      map[string]string // ConfigMap asm-options
	Namespaces   []health.Namespace
	Pods         []mesh.ProxyPod // with their containers
	Marks        []mesh.ProxyPod // all that may need a proxy, by their metadata
	Budgets      []mesh.Budget
	Evictions    map[string]string // what the data plane noted of pods that it could not upgrade, by NAMESPACE/NAME
	Controls     []health.DataPlaneControl
	Unread       map[string]error // by what it is: "its namespaces"

	now nower
}

// Read reads everything that the health of the mesh in a cluster is judged by,
// at once. It fails only when nothing could be read.
func (c *Cluster) Read(ctx context.Context) (*State, error) {
	return c.read(ctx, false, healthyParts...)
}

func (c *Cluster) read(ctx context.Context, allProxies bool, parts ...part) (*State, error) {
	s := &State{Cluster: c.String(), Unread: map[string]error{}, now: c.access.config.Clock.Now}
	var mu sync.Mutex
	var group sync.WaitGroup
	for _, p := range parts {
		group.Go(func() {
			store, err := c.fetch(ctx, p, allProxies)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				s.Unread[string(p)] = err
				return
			}
			store(s)
		})
	}
	group.Wait()
	if slices.Contains(parts, partMarks) {
		c.completePods(ctx, s)
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return nil, ctx.Err()
	}
	if len(s.Unread) == len(parts) {
		return nil, s.Unread[string(parts[0])]
	}
	return s, nil
}

// fetch reads one part, and returns a function that stores it in a state.
func (c *Cluster) fetch(ctx context.Context, p part, allProxies bool) (store func(*State), err error) {
	switch p {
	case partRevisions:
		revisions, installed, err := c.listRevisions(ctx)
		return func(s *State) { s.Revisions, s.Installed = revisions, installed }, err
	case partMutating:
		configurations, err := c.listWebhooks(ctx, mutatingWebhooks, "list the mutating webhooks")
		return func(s *State) { s.Mutating = configurations }, err
	case partValidating:
		configurations, err := c.listWebhooks(ctx, validatingWebhooks, "list the validating webhooks")
		return func(s *State) { s.Validating = configurations }, err
	case partEnvironments:
		environments, options, err := c.listEnvironments(ctx)
		return func(s *State) { s.Environments, s.Options = environments, options }, err
	case partNamespaces:
		all, err := c.listNamespaces(ctx)
		return func(s *State) { s.Namespaces = all }, err
	case partPods:
		found, limits, err := c.listProxies(ctx, allProxies)
		return func(s *State) { s.Pods, s.Budgets = found, limits }, err
	case partMarks:
		marks, err := c.listPodMetadata(ctx)
		return func(s *State) { s.Marks = marks }, err
	}
	controls, err := c.listControls(ctx)
	return func(s *State) { s.Controls = controls }, err
}

func (s *State) lacks(p part) bool { return s.Unread[string(p)] != nil }

// unreadHealth returns the health of the parts that could not be read. A refusal of several reads is reported once.
func (s *State) unreadHealth(parts ...part) []health.Health {
	var health []health.Health
	reported := map[string]bool{}
	for _, p := range parts {
		if !s.lacks(p) {
			continue
		}
		h := apierr.UnreadHealth(s.Cluster, s.Unread[string(p)])
		if key := h.Findings[0].Message; !reported[key] {
			reported[key] = true
			health = append(health, h)
		}
	}
	return health
}

// Health is the verdict over everything that was read.
func (s *State) Health() health.Health {
	parts := s.unreadHealth(healthyParts...)
	if !s.lacks(partRevisions) {
		parts = append(parts, s.RevisionHealth().Health)
	}
	if !s.lacks(partMutating) {
		parts = append(parts, s.judgeInjection().Health)
	}
	if !s.lacks(partMarks) {
		parts = append(parts, s.judgeProxies().Health)
	}
	if s.judgesPods() {
		parts = append(parts, health.JudgePods(s.misinjected()))
	}
	return health.MergeHealth(parts...)
}

// ManagedRevisions are the names of the cluster's managed revisions, sorted: its ControlPlaneRevisions, or, where those
// could not be read, the revisions of the managed webhooks.
func (s *State) ManagedRevisions() []string {
	var names []string
	for _, r := range s.Revisions {
		names = append(names, r.Name)
	}
	if s.lacks(partRevisions) {
		for _, w := range s.Mutating {
			if w.Plane() == mesh.PlaneManaged && w.Tag() == "" && w.Revision() != "" {
				names = append(names, w.Revision())
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
