package prereq

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

// WebhookURLs is that the managed webhooks of a revision call the addresses that its environment, ConfigMap
// env-REVISION, has: the injectors of the revision, and the validating webhook istiod-istio-system-mcp, which all
// revisions share. Google does not overwrite the URLs of webhooks that are there.
type WebhookURLs struct {
	Clusters *Clusters
	Target   cluster.Target
	Revision string
}

var _ Prerequisite = (*WebhookURLs)(nil)

// WebhookState is what the managed webhooks call.
type WebhookState struct {
	URLs  map[string]string // by KIND/CONFIGURATION/ENTRY
	Wrong map[string]string // those that differ from what is expected, and what that is

	findings []catalogue.Finding
}

// Met implements State.
func (s WebhookState) Met() bool { return len(s.Wrong) == 0 }

// Findings implements State: the webhooks' addresses, and that there is no injector, which only Google brings back.
func (s WebhookState) Findings() []catalogue.Finding { return s.findings }

// Fields implements State.
func (s WebhookState) Fields() map[string]any {
	fields := map[string]any{}
	for entry, url := range s.URLs {
		fields[entry] = url
	}
	return fields
}

// Gap implements State.
func (s WebhookState) Gap() (before, after map[string]any) {
	if s.Met() {
		return nil, nil
	}
	before, after = map[string]any{}, map[string]any{}
	for entry, url := range s.Wrong {
		before[entry], after[entry] = s.URLs[entry], url
	}
	return before, after
}

// Kind implements Prerequisite.
func (w *WebhookURLs) Kind() mesh.Kind { return mesh.DataPlane }

// Subject implements Prerequisite.
func (w *WebhookURLs) Subject() string { return w.Target.String() + "/webhooks/" + w.Revision }

// Check implements Prerequisite.
func (w *WebhookURLs) Check(ctx context.Context, fresh bool) (State, error) {
	return w.Read(ctx, fresh)
}

// Read is Check with its own type. It costs four requests. Where the environment does
// not have the address, it is an error: nothing can be compared.
func (w *WebhookURLs) Read(ctx context.Context, _ bool) (WebhookState, error) {
	s := WebhookState{URLs: map[string]string{}, Wrong: map[string]string{}}
	opened, err := w.Clusters.Open(ctx, w.Target)
	if err != nil {
		return s, err
	}
	all, err := opened.Webhooks(ctx)
	if err != nil {
		if w.Clusters.gone(ctx, w.Target, err) {
			err = &GoneError{w.Target.String()}
		}
		return s, err
	}
	err = w.judge(ctx, all, &s)
	return s, err
}

func (w *WebhookURLs) judge(ctx context.Context, all health.Webhooks, s *WebhookState) error {
	byKind := map[string][]mesh.WebhookConfiguration{health.MutatingKind: all.Mutating, health.ValidatingKind: all.Validating}
	for kind, configurations := range byKind {
		for _, c := range configurations {
			ours := c.Name == health.ValidatingName
			if kind == health.MutatingKind {
				ours = c.Revision() == w.Revision && c.Injects() && c.Plane() != mesh.PlaneInCluster
			}
			if !ours {
				continue
			}
			expected := all.ExpectedURL(kind, c)
			if expected == "" {
				return fmt.Errorf("%s: ConfigMap %s%s in %s does not have the address of the control plane, "+
					"so what %s %s should call is not known",
					w.Target, mesh.EnvironmentPrefix, w.Revision, mesh.SystemNamespace, kind, c.Name)
			}
			if err := w.compare(ctx, kind, c, expected, s); err != nil {
				return err
			}
		}
	}
	wrong := map[string]bool{}
	for entry := range s.Wrong {
		wrong[strings.Split(entry, "/")[1]] = true
	}
	for _, f := range all.Judge().Findings {
		_, name, _ := strings.Cut(f.Subject, "/")
		if f.Code == catalogue.InjectorURL && wrong[name] || f.Code == catalogue.InjectorMissing && name == "istiod-"+w.Revision {
			f.Subject = w.Target.String() + "/" + f.Subject
			s.findings = append(s.findings, f)
		}
	}
	return nil
}

// compare notes what the entries of a configuration call.
func (w *WebhookURLs) compare(ctx context.Context, kind string, c mesh.WebhookConfiguration, expected string, s *WebhookState) error {
	for _, hook := range c.Webhooks {
		if hook.URL == "" {
			continue
		}
		entry := kind + "/" + c.Name + "/" + hook.Name
		s.URLs[entry] = hook.URL
		if mesh.SameURL(hook.URL, expected) {
			continue
		}
		project, err := w.project(ctx, expected)
		if err != nil {
			return err
		}
		s.Wrong[entry] = mesh.URLOfProject(expected, project)
	}
	return nil
}

// project is the id of the cluster's project, for a URL that has one in it.
func (w *WebhookURLs) project(ctx context.Context, url string) (string, error) {
	if mesh.URLOfProject(url, "") == url {
		return "", nil
	}
	in := w.Target.Cluster
	if m := w.Target.Membership; m != nil {
		registered, err := w.Clusters.Client.Membership(ctx, *m)
		if err != nil {
			return "", err
		}
		in = registered.Cluster
	}
	if in == nil {
		return "", fmt.Errorf("%s: the webhooks' URLs have the cluster's project in them, and that is not known", w.Target)
	}
	return w.Clusters.Client.ProjectID(ctx, in.Project)
}

// Enforce implements Prerequisite. It changes the URLs that are wrong, one
// configuration after the other, and nothing else of them.
func (w *WebhookURLs) Enforce(ctx context.Context, state State) (Change, error) {
	change := Change{Kind: w.Kind(), Subject: w.Subject(), Before: map[string]any{}, After: map[string]any{}}
	before, after := state.Gap()
	err := w.set(ctx, before, after, func(entry string) {
		change.Before[entry], change.After[entry] = before[entry], after[entry]
	})
	return change, err
}

// Undo implements Prerequisite. It restores each URL that is still as c left it.
func (w *WebhookURLs) Undo(ctx context.Context, c Change) error {
	return w.set(ctx, c.After, c.Before, func(string) {})
}

// set changes URLs from what they were to what they are to be, by entry.
func (w *WebhookURLs) set(ctx context.Context, from, to map[string]any, done func(entry string)) error {
	type configuration struct{ kind, name string }
	urls := map[configuration]map[string]cluster.URLChange{}
	for entry := range from {
		parts := strings.SplitN(entry, "/", 3)
		old, isText := from[entry].(string)
		wanted, alsoText := to[entry].(string)
		if len(parts) != 3 || !isText || !alsoText {
			continue // no field of this prerequisite
		}
		of := configuration{parts[0], parts[1]}
		if urls[of] == nil {
			urls[of] = map[string]cluster.URLChange{}
		}
		urls[of][parts[2]] = cluster.URLChange{From: old, To: wanted}
	}
	opened, err := w.Clusters.Open(ctx, w.Target)
	if err != nil {
		return err
	}
	inOrder := slices.SortedFunc(maps.Keys(urls), func(a, b configuration) int { return strings.Compare(a.kind+a.name, b.kind+b.name) })
	for _, of := range inOrder {
		changed, err := opened.SetWebhookURLs(ctx, of.kind, of.name, urls[of])
		if err != nil {
			return err
		}
		for _, hook := range changed {
			done(of.kind + "/" + of.name + "/" + hook)
		}
	}
	return nil
}
