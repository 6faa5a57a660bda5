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

// NamespaceInjection is that a namespace's labels make a revision inject its pods. Either istio.io/rev is the revision and
// istio-injection is not there, or the label is istio-injection=enabled alone and the default tag's webhook calls the managed
// control plane by that revision. With mesh.DefaultRevision only the latter will do, whatever the revision.
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
	by      string // the managed revision that injects by the default tag's label; "" where none does, or where it was not read
	served  bool   // the default tag's label is there, and the managed control plane injects by it
	usable  bool   // istio-injection=enabled alone would make the managed control plane inject
}

// SeenInjection is the state that an earlier read saw, for its findings.
func SeenInjection(subject, revision, injection, wanted string) InjectionState {
	return InjectionState{
		Revision: revision, Injection: injection, Wanted: wanted, subject: subject,
		served: revision == mesh.DefaultRevision && injection == "",
	}
}

// Met implements State.
func (s InjectionState) Met() bool {
	if s.Wanted == mesh.DefaultRevision {
		return s.served
	}
	return s.Revision == s.Wanted && s.Injection == "" || s.served && s.by != "" && s.by == s.Wanted
}

// Shown are the revision that the labels ask for, and label istio-injection where it is in the way. A namespace that the
// managed control plane injects by istio-injection=enabled shows the revision that is wanted, or else "default".
func (s InjectionState) Shown() (revision, injection string) {
	switch {
	case s.Met():
		return s.Wanted, ""
	case s.served:
		return mesh.DefaultRevision, ""
	case s.Wanted == mesh.DefaultRevision && s.Revision == mesh.DefaultRevision:
		return "", s.Injection
	}
	return s.Revision, s.Injection
}

// Findings implements State.
func (s InjectionState) Findings() []catalogue.Finding {
	if s.Met() {
		return nil
	}
	f := catalogue.NewFinding(catalogue.InjectionLabel, s.subject, "")
	var wrong []string
	switch {
	case s.Wanted == mesh.DefaultRevision && len(s.missing()) == 0:
		wrong = append(wrong, "has the label "+s.tagLabel()+", but no webhook of the managed control plane serves it alone")
	case s.Wanted == mesh.DefaultRevision:
		if s.Injection != "enabled" {
			wrong = append(wrong, "lacks the label "+mesh.LabelInjection+"=enabled")
		}
		if s.Revision != "" {
			wrong = append(wrong, "has the label "+mesh.LabelRevision+"="+s.Revision)
		}
	case s.Revision == "":
		wrong = append(wrong, "lacks the label "+mesh.LabelRevision+"="+s.Wanted)
	case s.Revision != s.Wanted:
		wrong = append(wrong, fmt.Sprintf("has the label %s=%s instead of %s", mesh.LabelRevision, s.Revision, s.Wanted))
	}
	if s.Injection != "" && s.Wanted != mesh.DefaultRevision {
		wrong = append(wrong, "has the label "+mesh.LabelInjection+"="+s.Injection)
	}
	f.Message = s.subject + " " + strings.Join(wrong, " and ")
	return []catalogue.Finding{f}
}

// asksTag reports whether the labels ask for the default tag, and for nothing else.
func (s InjectionState) asksTag() bool {
	return s.Injection == "enabled" && s.Revision == "" || s.Injection == "" && s.Revision == mesh.DefaultRevision
}

func (s InjectionState) tagLabel() string {
	if s.Injection == "" {
		return mesh.LabelRevision + "=" + s.Revision
	}
	return mesh.LabelInjection + "=" + s.Injection
}

// missing are the labels to set, by key; "" is one to remove.
func (s InjectionState) missing() map[string]string {
	labels := map[string]string{}
	switch {
	case s.Wanted == mesh.DefaultRevision && s.asksTag():
	case s.Wanted == mesh.DefaultRevision:
		if s.Injection != "enabled" {
			labels[mesh.LabelInjection] = "enabled"
		}
		if s.Revision != "" {
			labels[mesh.LabelRevision] = ""
		}
	default:
		if s.Revision != s.Wanted {
			labels[mesh.LabelRevision] = s.Wanted
		}
		if s.Injection != "" {
			labels[mesh.LabelInjection] = ""
		}
	}
	return labels
}

// Fields implements State.
func (s InjectionState) Fields() map[string]any {
	return map[string]any{mesh.LabelRevision: s.Revision, mesh.LabelInjection: s.Injection}
}

// Gap implements State: each of the two labels that differs.
func (s InjectionState) Gap() (before, after map[string]any) {
	missing := s.missing()
	if s.Met() || len(missing) == 0 {
		return nil, nil
	}
	before, after = map[string]any{}, map[string]any{}
	for label, value := range missing {
		before[label], after[label] = s.Fields()[label], value
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

// Read is Check with its own type. It costs one request, and one more for the webhooks where the labels ask for the default
// tag, or are wanted to.
func (n *NamespaceInjection) Read(ctx context.Context, _ bool) (InjectionState, error) {
	s := InjectionState{Wanted: n.Revision, subject: n.Subject()}
	namespace, err := n.Clusters.namespace(ctx, n.Target, n.Namespace)
	s.Revision, s.Injection = namespace.Labels[mesh.LabelRevision], namespace.Labels[mesh.LabelInjection]
	if err != nil || !s.asksTag() && s.Wanted != mesh.DefaultRevision {
		return s, err
	}
	opened, err := n.Clusters.Open(ctx, n.Target)
	if err != nil {
		return s, err
	}
	configurations, err := opened.Injectors(ctx)
	if err != nil {
		return s, err
	}
	_, s.usable = health.DefaultInjector(configurations, namespace)
	if by, managed := health.ManagedInjector(configurations, namespace); managed && s.asksTag() {
		s.by, s.served = by.Revision, true
	}
	return s, nil
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

// Enforce implements Prerequisite. It changes these two labels and no other. Where no webhook of the managed control plane
// would serve istio-injection=enabled, that label would leave pods without a proxy, so it is an error.
func (n *NamespaceInjection) Enforce(ctx context.Context, state State) (Change, error) {
	s, change := state.(InjectionState), Change{Kind: n.Kind(), Subject: n.Subject()}
	if s.Met() {
		return change, nil
	}
	if s.Wanted == mesh.DefaultRevision && !s.usable {
		return change, fmt.Errorf("%s: no webhook of the managed control plane alone would inject by %s=enabled: the cluster lacks "+
			"the webhook istio-revision-tag-default, or an in-cluster control plane takes this label. Name the revision instead, such as "+
			"asm-managed", n.Subject(), mesh.LabelInjection)
	}
	labels := map[string]*string{}
	for label, value := range s.missing() {
		labels[label] = &value
		if value == "" {
			labels[label] = nil
		}
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
