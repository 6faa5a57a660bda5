package prereq

import (
	"context"
	"fmt"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

// NamespaceInjection is that a namespace's labels make a revision inject its
// pods: istio.io/rev is the revision, and istio-injection is not there.
type NamespaceInjection struct {
	Clusters  *Clusters
	Target    cluster.Target
	Namespace string
	Revision  string
}

var _ Prerequisite = (*NamespaceInjection)(nil)

// InjectionState is a namespace's injection labels; "" is a label that is not
// there. An empty istio-injection looks the same as none, and asks for nothing.
type InjectionState struct {
	Revision  string // of label istio.io/rev
	Injection string // of label istio-injection
	Wanted    string

	subject string
}

// SeenInjection is the state that an earlier read saw, for its findings.
func SeenInjection(subject, revision, injection, wanted string) InjectionState {
	return InjectionState{Revision: revision, Injection: injection, Wanted: wanted, subject: subject}
}

// Met implements State.
func (s InjectionState) Met() bool { return s.Revision == s.Wanted && s.Injection == "" }

// Findings implements State.
func (s InjectionState) Findings() []catalogue.Finding {
	if s.Met() {
		return nil
	}
	var wrong []string
	if s.Revision == "" {
		wrong = append(wrong, "lacks the label "+mesh.LabelRevision+"="+s.Wanted)
	} else if s.Revision != s.Wanted {
		wrong = append(wrong, fmt.Sprintf("has the label %s=%s instead of %s", mesh.LabelRevision, s.Revision, s.Wanted))
	}
	if s.Injection != "" {
		wrong = append(wrong, "has the label "+mesh.LabelInjection+"="+s.Injection)
	}
	return []catalogue.Finding{catalogue.NewFinding(catalogue.InjectionLabel, s.subject, s.subject+" "+strings.Join(wrong, " and "))}
}

// Fields implements State.
func (s InjectionState) Fields() map[string]any {
	return map[string]any{mesh.LabelRevision: s.Revision, mesh.LabelInjection: s.Injection}
}

// Gap implements State: each of the two labels that differs.
func (s InjectionState) Gap() (before, after map[string]any) {
	if s.Met() {
		return nil, nil
	}
	before, after = map[string]any{}, map[string]any{}
	if s.Revision != s.Wanted {
		before[mesh.LabelRevision], after[mesh.LabelRevision] = s.Revision, s.Wanted
	}
	if s.Injection != "" {
		before[mesh.LabelInjection], after[mesh.LabelInjection] = s.Injection, ""
	}
	return before, after
}

// Kind implements Prerequisite.
func (n *NamespaceInjection) Kind() mesh.Kind { return mesh.InjectionLabels }

// Subject implements Prerequisite.
func (n *NamespaceInjection) Subject() string {
	return n.Target.String() + "/namespaces/" + n.Namespace
}

// Check implements Prerequisite.
func (n *NamespaceInjection) Check(ctx context.Context, fresh bool) (State, error) {
	return n.Read(ctx, fresh)
}

// Read is Check with its own type. It costs one request.
func (n *NamespaceInjection) Read(ctx context.Context, _ bool) (InjectionState, error) {
	s := InjectionState{Wanted: n.Revision, subject: n.Subject()}
	namespace, err := n.Clusters.namespace(ctx, n.Target, n.Namespace)
	s.Revision, s.Injection = namespace.Labels[mesh.LabelRevision], namespace.Labels[mesh.LabelInjection]
	return s, err
}

// namespace reads a namespace's marks. One that is not there, in a cluster that is not there either, is a GoneError.
func (c *Clusters) namespace(ctx context.Context, target cluster.Target, name string) (health.Namespace, error) {
	opened, err := c.Open(ctx, target)
	if err != nil {
		return health.Namespace{}, err
	}
	namespace, err := opened.Namespace(ctx, name)
	if apierr.NotFound(err) || c.gone(ctx, target, err) {
		return namespace, &GoneError{target.String() + "/namespaces/" + name}
	}
	return namespace, err
}

// Enforce implements Prerequisite. It changes these two labels and no other.
func (n *NamespaceInjection) Enforce(ctx context.Context, state State) (Change, error) {
	s, change := state.(InjectionState), Change{Kind: n.Kind(), Subject: n.Subject()}
	if s.Met() {
		return change, nil
	}
	labels := map[string]*string{}
	if s.Revision != s.Wanted {
		labels[mesh.LabelRevision] = &s.Wanted
	}
	if s.Injection != "" {
		labels[mesh.LabelInjection] = nil
	}
	if err := n.mark(ctx, labels); err != nil {
		return change, err
	}
	change.Before, change.After = s.Gap()
	return change, nil
}

func (n *NamespaceInjection) mark(ctx context.Context, labels map[string]*string) error {
	opened, err := n.Clusters.Open(ctx, n.Target)
	if err != nil {
		return err
	}
	_, err = opened.MarkNamespace(ctx, n.Namespace, labels, nil)
	return err
}

// Undo implements Prerequisite. It restores each label that is still as c left it.
func (n *NamespaceInjection) Undo(ctx context.Context, c Change) error {
	now, err := n.Clusters.namespace(ctx, n.Target, n.Namespace)
	if err != nil {
		return err
	}
	labels := map[string]*string{}
	for label, ours := range c.After {
		before, _ := c.Before[label].(string)
		switch {
		case now.Labels[label] != ours:
		case before == "":
			labels[label] = nil
		default:
			labels[label] = &before
		}
	}
	if len(labels) == 0 {
		return nil
	}
	return n.mark(ctx, labels)
}
