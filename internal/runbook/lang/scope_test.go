package lang_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

func texts(list ...string) cty.Value {
	values := make([]cty.Value, len(list))
	for i, s := range list {
		values[i] = cty.StringVal(s)
	}
	return cty.SetVal(values)
}

var member = map[string]cty.Value{
	"membership": cty.StringVal("projects/fleet-1/locations/global/memberships/m"),
	"cluster":    cty.StringVal("projects/shop-1/locations/us-central1/clusters/c"),
	"name":       cty.StringVal("m"), "location": cty.StringVal("us-central1"), "project": cty.StringVal("shop-1"),
	"fleet_project": cty.StringVal("fleet-1"), "fleet_number": cty.StringVal("123456789012"), "network_project": cty.StringVal("shop-1"),
}

// target is a membership with some more of its attributes known.
func target(more map[string]cty.Value) cty.Value {
	all := map[string]cty.Value{}
	for name, v := range member {
		all[name] = v
	}
	for name, v := range more {
		all[name] = v
	}
	return cty.ObjectVal(all)
}

func scope(t testing.TB, r *lang.Runbook, c *lang.Catalogue, inputs map[string]cty.Value, target cty.Value) *lang.Scope {
	t.Helper()
	s, diags := lang.NewScope(r, c, inputs, target)
	if len(diags) > 0 {
		t.Fatal(render(t, diags, nil))
	}
	return s
}

func must[T any](t testing.TB) func(T, hcl.Diagnostics) T {
	return func(v T, diags hcl.Diagnostics) T {
		t.Helper()
		if len(diags) > 0 {
			t.Fatal(render(t, diags, nil))
		}
		return v
	}
}

func record(t testing.TB, s *lang.Scope, step, key string, r lang.Result) {
	t.Helper()
	if err := s.Record(step, key, r); err != nil {
		t.Fatal(err)
	}
}

func keys(i lang.Instances) string {
	var all []string
	for _, one := range i.List {
		all = append(all, one.Key)
	}
	return strings.Join(all, " ")
}

// The plan of restore-connect-gateway before anything ran, then as it runs.
func TestEvaluateBeforeAndWhileRunning(t *testing.T) {
	r, c := good(t, "restore-connect-gateway")
	s := scope(t, r, c, map[string]cty.Value{"restart": cty.ObjectVal(map[string]cty.Value{"surge": cty.StringVal("3")})},
		target(map[string]cty.Value{"injected_namespaces": texts("shop", "cart")}))

	enable, propagated, reprovision := r.Step("enable-api"), r.Step("propagated"), r.Step("reprovision")
	restart, injected := r.Step("restart"), r.Step("injected")
	args := must[cty.Value](t)(enable.Args(s, lang.Instance{}))
	if !args.RawEquals(
		cty.ObjectVal(
			map[string]cty.Value{
				"project":  cty.StringVal("shop-1"),
				"services": cty.ListVal([]cty.Value{cty.StringVal("connectgateway.googleapis.com")}),
			},
		),
	) {
		t.Errorf("enable-api: %#v", args)
	}
	if when := must[cty.Value](t)(propagated.RunsWhen(s, lang.Instance{})); when.IsKnown() {
		t.Errorf("propagated runs: %#v, before enable-api ran", when)
	}
	if propagated.OnFailure != lang.Undo || restart.OnFailure != lang.Continue || injected.OnFailure != lang.Stop {
		t.Error("on_failure is not what is written")
	}
	again := must[cty.Value](t)(reprovision.Args(s, lang.Instance{})).GetAttr("again")
	if again.IsKnown() || again.Type() != cty.Bool {
		t.Errorf("again: %#v, before enable-api ran", again)
	}
	if after := fmt.Sprint(reprovision.After(s)); after != "map[again:[enable-api]]" {
		t.Errorf("reprovision's arguments are known after %s", after)
	}
	if got := strings.Join(reprovision.Needs, " "); got != "enable-api propagated agree" {
		t.Errorf("reprovision needs %s", got)
	}

	instances := must[lang.Instances](t)(restart.Instances(s))
	if !instances.Known || keys(instances) != "cart shop" {
		t.Fatalf("restart: %+v", instances)
	}
	args = must[cty.Value](t)(restart.Args(s, instances.List[1]))
	if ns := args.GetAttr("namespace"); !ns.RawEquals(cty.StringVal("shop")) || args.GetAttr("revision").IsKnown() {
		t.Errorf("restart: %#v", args)
	}
	if surge, sets := args.GetAttr("surge"), args.GetAttr("stateful_sets"); !surge.RawEquals(cty.NumberIntVal(3)) ||
		!sets.RawEquals(cty.False) {
		t.Errorf("surge %#v, stateful sets %#v: a given and a default attribute", surge, sets)
	}
	if text := must[cty.Value](t)(restart.ApprovalText(s, instances.List[1])); !text.RawEquals(cty.StringVal("Restarts the workloads of " +
		"namespace shop on m.")) {
		t.Errorf("approval: %#v", text)
	}
	if text := must[cty.Value](t)(r.Step("agree").Action.Prose(s, lang.Instance{})); !strings.Contains(text.AsString(), "2 namespaces") {
		t.Errorf("approve: %#v", text)
	}
	if r.Step("agree").Action.Risk != lang.HighRisk {
		t.Errorf("risk %s", r.Step("agree").Action.Risk)
	}
	set := must[lang.Settings](t)(propagated.Settings(s))
	if want := (lang.Settings{WaitTimeout: 20 * time.Minute, WaitInterval: 30 * time.Second, WaitConsecutive: 3}); set != want {
		t.Errorf("settings %+v, want %+v", set, want)
	}
	holds, _, diags := injected.Action.Holds(s, lang.Instance{})
	if len(diags) > 0 || holds.IsKnown() {
		t.Errorf("injected holds: %#v %v, before anything ran", holds, diags)
	}

	record(t, s, "enable-api", "", lang.Result{Status: lang.Done, Changed: true})
	record(t, s, "reprovision", "",
		lang.Result{Status: lang.Done, Changed: true, Value: cty.ObjectVal(map[string]cty.Value{"revision": cty.StringVal("asm-managed")})})
	if when := must[cty.Value](t)(propagated.RunsWhen(s, lang.Instance{})); !when.RawEquals(cty.True) {
		t.Errorf("propagated runs: %#v, after enable-api changed something", when)
	}
	if args := must[cty.Value](t)(restart.Args(s, instances.List[0])); !args.GetAttr("revision").RawEquals(cty.StringVal("asm-managed")) {
		t.Errorf("revision: %#v", args.GetAttr("revision"))
	}
	if after := restart.After(s); len(after) > 0 {
		t.Errorf("restart still waits for %v", after)
	}
	record(t, s, "restart", "cart", lang.Result{Status: lang.Done, Changed: true})
	if holds, _, _ := injected.Action.Holds(s, lang.Instance{}); holds.IsKnown() {
		t.Error("injected is decided before the last namespace was restarted")
	}
	record(t, s, "restart", "shop", lang.Result{Status: lang.Failed})
	holds, message, diags := injected.Action.Holds(s, lang.Instance{})
	if len(diags) > 0 || !holds.RawEquals(cty.False) || message != "These namespaces were not restarted: shop." {
		t.Errorf("injected: %#v %q %v", holds, message, diags)
	}
}

// A target of which little is known yet: the plan is there all the same.
func TestEvaluateAnUnreadTarget(t *testing.T) {
	r, c := good(t, "restore-connect-gateway")
	s := scope(t, r, c, nil, target(nil))
	instances := must[lang.Instances](t)(r.Step("restart").Instances(s))
	if instances.Known || len(instances.After) > 0 {
		t.Errorf("instances: %+v, want unknown and waiting for no step", instances)
	}
	args := must[cty.Value](t)(r.Step("restart").Args(s, instances.Pattern))
	if args.GetAttr("namespace").IsKnown() || !args.GetAttr("cluster").IsKnown() {
		t.Errorf("restart: %#v", args)
	}
}

func TestForEachOverWhatAStepFound(t *testing.T) {
	r, c := good(t, "correct-injection")
	s := scope(t, r, c, nil, cty.ObjectVal(map[string]cty.Value{"cluster": member["cluster"], "injected_namespaces": texts("a", "b")}))
	restart := r.Step("restart")
	instances := must[lang.Instances](t)(restart.Instances(s))
	if instances.Known || fmt.Sprint(instances.After) != "[labels]" {
		t.Fatalf("before labels ran: %+v", instances)
	}
	if after := fmt.Sprint(restart.After(s)); after != "map[namespace:[labels]]" {
		t.Errorf("restart's arguments are known after %s", after)
	}
	labels := must[lang.Instances](t)(r.Step("labels").Instances(s))
	args := must[cty.Value](t)(r.Step("labels").Args(s, labels.List[0]))
	if !args.GetAttr("revision").RawEquals(cty.StringVal("asm-managed")) {
		t.Errorf("labels: %#v", args)
	}
	record(t, s, "labels", "a", lang.Result{Status: lang.Done})
	record(t, s, "labels", "b", lang.Result{Status: lang.Done, Changed: true})
	if instances = must[lang.Instances](t)(restart.Instances(s)); !instances.Known || keys(instances) != "b" {
		t.Errorf("after labels ran: %+v", instances)
	}
}

func TestForEachOverNothingIsFinished(t *testing.T) {
	r, c := good(t, "restore-connect-gateway")
	s := scope(t, r, c, nil, target(map[string]cty.Value{"injected_namespaces": cty.SetValEmpty(cty.String)}))
	record(t, s, "reprovision", "", lang.Result{Status: lang.Done})
	holds, message, diags := r.Step("injected").Action.Holds(s, lang.Instance{})
	if len(diags) > 0 || !holds.RawEquals(cty.True) {
		t.Errorf("injected: %#v %q %v", holds, message, diags)
	}
}

func TestInputsAreToldOfTogether(t *testing.T) {
	const src = `runbook "r" {
  title = "T"
  input "ticket" {
    description = "Ticket of the change"
  }
  input "count" {
    type = number
    validation {
      condition     = input.count < 10
      error_message = "At most 9, not ${input.count}."
    }
  }
  input "names" {
    type    = list(string)
    default = []
  }
  step "a" {
    approve {
      message = "${input.ticket} ${input.count} ${join(",", input.names)}"
    }
  }
}
`
	c := catalogue(t)
	file, diags := lang.Check("r.hcl", []byte(src), c)
	if len(diags) > 0 {
		t.Fatal(render(t, diags, file))
	}
	r := file.Runbooks[0]
	_, diags = lang.NewScope(r, c, map[string]cty.Value{"count": cty.StringVal("many"), "nmaes": cty.StringVal("x")}, cty.NilVal)
	var got []string
	for _, d := range diags {
		got = append(got, d.Detail)
	}
	slices.Sort(got)
	want := []string{
		`Input "count" must be number: a number is required.`,
		`Runbook "r" has no input "nmaes"; did you mean "names"?`,
		`Runbook "r" needs the input "ticket" (string). Description: Ticket of the change.`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	_, diags = lang.NewScope(r, c, map[string]cty.Value{"count": cty.NumberIntVal(11), "ticket": cty.StringVal("x")}, cty.NilVal)
	if len(diags) != 1 || diags[0].Detail != `Input "count": At most 9, not 11.` {
		t.Errorf("got %v", diags)
	}
	_, diags = lang.NewScope(r, c, map[string]cty.Value{"count": cty.NumberIntVal(1), "ticket": cty.StringVal("x")},
		cty.ObjectVal(map[string]cty.Value{"projct": cty.StringVal("x"), "name": cty.EmptyTupleVal}))
	if len(diags) != 2 || !strings.Contains(diags[0].Detail+diags[1].Detail, `did you mean "project"?`) {
		t.Errorf("a wrong target: %v", diags)
	}
	s := scope(t, r, c, map[string]cty.Value{"count": cty.StringVal("3"), "ticket": cty.StringVal("x")}, target(nil))
	if text := must[cty.Value](t)(r.Step("a").Action.Prose(s, lang.Instance{})); text.AsString() != "x 3 " {
		t.Errorf("got %#v", text)
	}
}

func TestParseInputReadsByType(t *testing.T) {
	const src = `runbook "r" {
  input "text" {}
  input "list" {
    type = list(number)
  }
  input "secret" {
    type      = map(string)
    sensitive = true
  }
}`
	file, _ := lang.Parse("r.hcl", []byte(src))
	r := file.Runbooks[0]
	if v := must[cty.Value](t)(r.ParseInput("text", `[1, "${x}"`)); v.AsString() != `[1, "${x}"` {
		t.Errorf("a string is not taken as it is: %#v", v)
	}
	if v := must[cty.Value](t)(r.ParseInput("list", "[1, 2]")); v.LengthInt() != 2 {
		t.Errorf("got %#v", v)
	}
	for _, bad := range []struct{ name, text, want string }{
		{"list", "[1", `Input "list" must be list(number): `},
		{"list", "[input.text]", "without references"},
		{"list", strings.Repeat("[", 1000), `Input "list" must be list(number): Up to here, 401 tokens`},
		{"lst", "1", `did you mean "list"?`},
		{"secret", `{ planted-secret = `, `Input "secret" must be map(string).`},
		{"text", "\xff", "UTF-8"},
		{"text", strings.Repeat("x", lang.MaxValue+1), "larger than"},
	} {
		_, diags := r.ParseInput(bad.name, bad.text)
		if len(diags) != 1 || !strings.Contains(diags[0].Detail, bad.want) {
			t.Errorf("%s = %.20q: got %v, want %q", bad.name, bad.text, diags, bad.want)
		}
		if strings.Contains(render(t, diags, nil), "planted-secret") {
			t.Errorf("the text of a sensitive input is shown: %v", diags)
		}
	}
}

func TestRecordRefusesWhatTheCatalogueDoesNotSay(t *testing.T) {
	r, c := good(t, "restore-connect-gateway")
	s := scope(t, r, c, nil, target(nil))
	if err := s.Record("reprovision", "", lang.Result{Status: lang.Done, Value: cty.StringVal("x")}); err == nil {
		t.Error("a result of another type is taken")
	}
	if err := s.Record("none", "", lang.Result{}); err == nil {
		t.Error("the result of a step that is not there is taken")
	}
}
