package kinds_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/control"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

const (
	fleet  = simtest.Project
	member = simtest.Membership
	gke    = simtest.Cluster
)

// world is a simulated Google Cloud with one cluster, and what kinds act with in it.
type world struct {
	*simtest.World
	t   *testing.T
	env *kinds.Runtime
}

func newWorld(t *testing.T, faults ...string) *world {
	t.Helper()
	w := &world{t: t, World: simtest.Start(t, sim.Options{Projects: 1, Clusters: 1})}
	client := w.Client(simtest.Owner)
	w.env = &kinds.Runtime{
		Client: client, Clusters: w.Clusters(client), Clock: w.Clock,
		Tool: "terraform-provider-asm test", Redactor: journal.NewRedactor(),
	}
	w.Advance(time.Hour)
	w.Suffer(faults...)
	w.Forget()
	return w
}

// patch changes an object in the cluster as another client.
func (w *world) patch(path, body string) {
	w.t.Helper()
	w.Call(http.MethodPatch, simtest.InCluster+path, body)
}

// wrote returns the writes since Forget.
func (w *world) wrote() []string {
	var all []string
	for _, e := range w.Writes() {
		all = append(all, control.Line(e))
	}
	return all
}

// args are the arguments of a kind: those that are given, with the defaults of the others.
func args(t *testing.T, d *kinds.Def, given map[string]any) kinds.Args {
	t.Helper()
	values := map[string]cty.Value{}
	for _, a := range d.Args {
		v := a.Default
		if v == cty.NilVal {
			v = cty.NullVal(a.Type)
		}
		switch g := given[a.Name].(type) {
		case string:
			v = cty.StringVal(g)
		case bool:
			v = cty.BoolVal(g)
		case []string:
			v = cty.SetValEmpty(cty.String)
			if len(g) > 0 {
				var items []cty.Value
				for _, s := range g {
					items = append(items, cty.StringVal(s))
				}
				v = cty.SetVal(items)
			}
		case nil:
			if a.Required {
				t.Fatalf("%s %s needs %s", d.Action, d.Name, a.Name)
			}
		default:
			t.Fatalf("%s: %T", a.Name, g)
		}
		if !v.IsNull() && a.Check != nil {
			if err := a.Check(v); err != nil {
				t.Fatalf("%s %s: %s: %v", d.Action, d.Name, a.Name, err)
			}
		}
		values[a.Name] = v
	}
	for name := range given {
		if _, known := values[name]; !known {
			t.Fatalf("%s %s has no %s", d.Action, d.Name, name)
		}
	}
	return kinds.NewArgs(cty.ObjectVal(values))
}

func find(t *testing.T, action lang.ActionKind, name string) *kinds.Def {
	t.Helper()
	d := kinds.Find(action, name)
	if d == nil {
		t.Fatalf("there is no %s %q", action, name)
	}
	return d
}

// thing is what an ensure brings about.
func (w *world) thing(name string, given map[string]any) (*kinds.Def, prereq.Prerequisite) {
	w.t.Helper()
	d := find(w.t, lang.Ensure, name)
	p, err := d.Prerequisite(w.env, args(w.t, d, given))
	if err != nil {
		w.t.Fatal(err)
	}
	return d, p
}

// look is what an assert or wait sees. It must change nothing, and tell something.
func (w *world) look(action lang.ActionKind, name string, given map[string]any) kinds.Observation {
	w.t.Helper()
	seen, err := w.try(action, name, given)
	if err != nil {
		w.t.Fatalf("%s %s: %v", action, name, err)
	}
	return seen
}

func (w *world) try(action lang.ActionKind, name string, given map[string]any) (kinds.Observation, error) {
	w.t.Helper()
	d := find(w.t, action, name)
	w.Forget()
	seen, err := d.Observe(w.t.Context(), w.env, args(w.t, d, given))
	if wrote := w.wrote(); len(wrote) > 0 {
		w.t.Errorf("%s %s wrote %q", action, name, wrote)
	}
	if err == nil && (seen.State == "" || seen.Message == "") {
		w.t.Errorf("%s %s tells nothing: %+v", action, name, seen)
	}
	return seen, err
}

// sees fails unless a look sees a state, and says a text.
func (w *world) sees(action lang.ActionKind, name string, given map[string]any, state, text string) {
	w.t.Helper()
	if seen := w.look(action, name, given); seen.State != state || !strings.Contains(seen.Message, text) {
		w.t.Errorf("%s %s: is %q (%s), want %q with %q", action, name, seen.State, seen.Message, state, text)
	}
}

// attribute is one of a result.
func attribute(v cty.Value, name string) string {
	if v == cty.NilVal || v.IsNull() {
		return "no result"
	}
	v = v.GetAttr(name)
	if v.Type() == cty.String {
		return v.AsString()
	}
	var all []string
	for it := v.ElementIterator(); it.Next(); {
		key, item := it.Element()
		text := ""
		if item.Type() == cty.String {
			text = item.AsString()
		}
		if v.Type().IsMapType() {
			text = key.AsString() + "=" + text
		}
		all = append(all, text)
	}
	return fmt.Sprint(all)
}
