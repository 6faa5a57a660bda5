package guard_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/guard"
)

// unrelated are changes that take nothing from the mesh, whatever they look like.
var unrelated = []string{
	entry("google_storage_bucket.b", "delete+create", `{"name":"b","project":"p"}`, `{"name":"b"}`, `{"url":true}`),
	entry("aws_iam_policy.p", "update", `{"policy":"{}"}`, `{"policy":null}`, `{"policy":true}`),
	entry("random_id.r", "create", "null", `{}`, `{"hex":true,"id":true}`),
	entry("google_project_iam_member.u", "delete", `{"project":"p-un","role":"roles/editor","member":`+agent+`}`, "null", ""),
	entry("google_project_iam_member.v", "create", "null", `{"project":"p-un","role":"roles/viewer"}`, `{"member":true}`),
	entry("google_project_iam_binding.u", "delete", `{"project":"p-un","role":"roles/owner","members":["user:x@example.com"]}`, "null", ""),
	entry("google_project_service.u", "delete", `{"project":"p-un","service":"run.googleapis.com","disable_on_destroy":true}`, "null", ""),
	entry("google_project_service.v", "delete", `{"project":"p-un","service":"mesh.googleapis.com","disable_on_destroy":false}`, "null", ""),
	entry("google_container_node_pool.u", "delete", `{"project":"p-un","cluster":"c","name":"n"}`, "null", ""),
	entry("google_gke_hub_feature.u", "delete", `{"project":"p-un","name":"configmanagement"}`, "null", ""),
	entry("google_compute_firewall.u", "delete", `{"name":"allow-ssh","allow":[{"protocol":"tcp","ports":["22"]}]}`, "null", ""),
	entry("kubernetes_config_map.u", "delete", `{"metadata":[{"name":"x","namespace":"istio-system"}]}`, "null", ""),
	entry("kubernetes_namespace.u", "create", "null", `{"metadata":[{"name":"new"}]}`, `{"metadata":[{"labels":true}]}`),
	entry("kubernetes_manifest.u", "delete", `{"manifest":{"apiVersion":"v1","kind":"Service","metadata":{"name":"istiod"}}}`, "null", ""),
	entry("helm_release.u", "delete", `{"name":"redis","chart":"redis","repository":"https://charts.example.com"}`, "null", ""),
	entry("google_project_iam_member_remove.u", "create", "null", `{"project":"p-un","role":"roles/owner","member":"user:x@example.com"}`, ""),
	entry("terraform_data.t", "create", "null", `{"input":{"a":[1,2,{"b":null}]}}`, `{"output":true,"id":true}`),
}

// variant makes another plan with the same effect on the mesh: it shuffles, moves everything into modules, and adds what
// has no meaning to the guard.
func variant(rng *rand.Rand, module string, plans ...[]byte) []byte {
	var all []any
	var whole map[string]any
	for _, plan := range plans {
		var one map[string]any
		if err := json.Unmarshal(plan, &one); err != nil {
			panic(err)
		}
		if whole == nil {
			whole = one
		}
		changes, _ := one["resource_changes"].([]any)
		all = append(all, changes...)
	}
	for range rng.IntN(8) {
		var one any
		if err := json.Unmarshal([]byte(unrelated[rng.IntN(len(unrelated))]), &one); err != nil {
			panic(err)
		}
		all = append(all, one)
	}
	for i, e := range all {
		rc := e.(map[string]any)
		rc["address"] = module + rc["address"].(string)
		rc[fmt.Sprintf("later_%d", rng.IntN(9))] = map[string]any{"actions": []any{"delete"}}
		change, _ := rc["change"].(map[string]any)
		change["later"] = []any{nil, i}
		for _, side := range []string{"before", "after", "after_unknown", "before_sensitive", "after_sensitive"} {
			if object, is := change[side].(map[string]any); is {
				object[fmt.Sprintf("attribute_%d", rng.IntN(99))] = []any{true, "x", map[string]any{"members": []any{}}, 1.5e300}[rng.IntN(4)]
			}
		}
	}
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	whole["resource_changes"] = all
	whole["later"] = map[string]any{"resource_changes": all[:min(len(all), 1)], "errored": true}
	var out []byte
	var err error
	if rng.IntN(2) == 0 {
		out, err = json.Marshal(whole)
	} else {
		out, err = json.MarshalIndent(whole, strings.Repeat(" ", rng.IntN(3)), "\t")
	}
	if err != nil {
		panic(err)
	}
	return out
}

func named0(files map[string][]byte, all []label, verdict guard.Verdict) (plans []label) {
	for _, l := range all {
		if l.verdict == verdict && len(files[l.name]) < 60_000 {
			plans = append(plans, l)
		}
	}
	return plans
}

// No false alarm: a thousand plans that are made of harmless ones are harmless.
func TestHarmlessStaysHarmless(t *testing.T) {
	t.Parallel()
	files := recorded(t)
	harmless := named0(files, labels(t, files), guard.Harmless)
	for seed := range uint64(1000) {
		rng := rand.New(rand.NewPCG(seed, 13))
		var plans [][]byte
		var names []string
		for range 1 + rng.IntN(3) {
			l := harmless[rng.IntN(len(harmless))]
			if slices.Contains(names, l.name) {
				continue
			}
			names, plans = append(names, l.name), append(plans, files[l.name])
		}
		r := judge(t, "generated", variant(rng, `module.m["a]\"b"].`, plans...), []guard.Fleet{fleet}[:rng.IntN(2)]...)
		if r.Verdict != guard.Harmless || len(r.Findings) > 0 {
			t.Errorf("seed %d, of %v: %s: %+v", seed, names, r.Verdict, r.Findings)
		}
	}
}

// No silence: what breaks, breaks in any company.
func TestBreaksStaysBreaks(t *testing.T) {
	t.Parallel()
	files := recorded(t)
	all := labels(t, files)
	breaks, harmless := named0(files, all, guard.Breaks), named0(files, all, guard.Harmless)
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 31))
		one, other := breaks[rng.IntN(len(breaks))], harmless[rng.IntN(len(harmless))]
		r := judge(t, "generated", variant(rng, "module.m.", files[one.name], files[other.name]), fleet)
		// A harmless plan may give on the same project what the other takes.
		if r.Verdict == guard.Harmless {
			t.Errorf("seed %d, %s beside %s is harmless", seed, one.name, other.name)
		}
		got := addresses(r)
		for _, a := range one.addresses {
			if !slices.Contains(got, "module.m."+a) {
				t.Errorf("seed %d, %s beside %s: %s is not named: %v", seed, one.name, other.name, a, got)
			}
		}
	}
}

// A plan that is cut off is an error, wherever the cut is: what is missing could be what breaks.
func TestTruncated(t *testing.T) {
	t.Parallel()
	files := recorded(t)
	plan := bytes.TrimSpace(files["mixed-several-findings"])
	for at := range plan {
		if at%7 != 0 && at < len(plan)-200 {
			continue
		}
		if err := guard.New(guard.Options{}).Add("cut", bytes.NewReader(plan[:at])); err == nil {
			t.Errorf("cut after %d of %d bytes, it is taken for a plan", at, len(plan))
		}
	}
}

// What is no plan, or is one that Terraform never writes.
func TestHostile(t *testing.T) {
	t.Parallel()
	change := entry("google_project_iam_member.a", "delete", member("p-one", agent), "null", "")
	for name, tc := range map[string]struct {
		text string
		want string // of the error; "" for a verdict other than harmless
	}{
		"nothing":              {"", "it is empty"},
		"spaces":               {" \n\t", "it is empty"},
		"a list":               {"[]", "it is not JSON of a plan"},
		"UTF-16":               {"\xff\xfe{\x00}\x00", "UTF-16"},
		"a wrapper's line":     {"[command]/usr/bin/terraform show\n{}", "terraform_wrapper"},
		"another document":     {`{"format_version":"1.0","provider_schemas":{}}`, "it has neither planned_values"},
		"another format":       {`{"format_version":"2.0","planned_values":{}}`, "format_version is \"2.0\""},
		"a state file":         {`{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"x","resources":[]}`, "it is a state file"},
		"two plans":            {string(planOf("", change)) + string(planOf("", change)), "there is more after the plan"},
		"a member twice":       {`{"format_version":"1.2","planned_values":{},"resource_changes":[` + change + `],"resource_changes":[]}`, "duplicate"},
		"too deep":             {`{"format_version":"1.2","planned_values":` + strings.Repeat("[", 20_000), "it is not JSON of a plan"},
		"not UTF-8":            {"{\"format_version\":\"\xff\"}", "it is not JSON of a plan"},
		"errored is no flag":   {string(planOf(`"errored":"yes",`)), ""},
		"the type comes late":  {strings.Replace(string(planOf("", change)), `"type":"google_project_iam_member",`, "", 1), "-"},
		"the mark of a file":   {"\xef\xbb\xbf" + string(planOf("", change)), ""},
		"no actions":           {strings.Replace(string(planOf("", change)), `["delete"]`, `[]`, 1), ""},
		"actions are no list":  {strings.Replace(string(planOf("", change)), `["delete"]`, `"delete"`, 1), ""},
		"the change is a list": {`{"format_version":"1.2","planned_values":{},"resource_changes":[{"address":"a.b","type":"google_project","change":[]}]}`, ""},
		"changes are no list":  {`{"format_version":"1.2","planned_values":{},"resource_changes":{}}`, "resource_changes are not as"},
		"a change is a text":   {`{"format_version":"1.2","planned_values":{},"resource_changes":["x"]}`, "resource_changes are not as"},
		"no type":              {`{"format_version":"1.2","planned_values":{},"resource_changes":[{"address":"a.b"}]}`, "resource_changes are not as"},
		"no change at all":     {`{"format_version":"1.2","planned_values":{},"resource_changes":[{"address":"a.b","type":"google_project"}]}`, ""},
	} {
		g := guard.New(guard.Options{})
		err := g.Add(name, strings.NewReader(tc.text))
		switch {
		case tc.want == "-":
		case tc.want == "" && (err != nil || g.Result().Verdict == guard.Harmless):
			t.Errorf("%s: %v, %s", name, err, g.Result().Verdict)
		case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
	late := `{"format_version":"1.2","planned_values":{},"resource_changes":[{"change":{"actions":["delete"],"before":` + member("p-one", agent) +
		`,"after":null},"mode":"managed","address":"google_project_iam_member.a","type":"google_project_iam_member"}]}`
	if r := judge(t, "the type comes after the change", []byte(late)); r.Verdict != guard.Breaks {
		t.Errorf("the type comes after the change: %s", r.Verdict)
	}
}

func FuzzGuard(f *testing.F) {
	files := recorded(f)
	for name, raw := range files {
		if len(raw) < 6000 && !strings.HasPrefix(name, "extra/") {
			var compact bytes.Buffer
			if json.Compact(&compact, raw) == nil {
				f.Add(compact.Bytes())
			}
		}
	}
	f.Fuzz(func(t *testing.T, plan []byte) {
		g := guard.New(guard.Options{Fleets: []guard.Fleet{fleet}})
		if err := g.Add("fuzzed", bytes.NewReader(plan)); err != nil {
			return
		}
		r := g.Result()
		if (r.Verdict == guard.Harmless) != (len(r.Findings) == 0 && r.Plans[0].Verdict == guard.Harmless) {
			t.Errorf("%s with %d findings", r.Verdict, len(r.Findings))
		}
		if _, err := json.Marshal(r); err != nil {
			t.Error(err)
		}
	})
}
