package runbook_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
)

// TestUndoRestoresTheWorld runs each runbook and takes it back: the world's JSON is what it was, field by field.
func TestUndoRestoresTheWorld(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.runbook+"/"+s.fault, func(t *testing.T) {
			t.Parallel()
			w := suffer(t, s.fault)
			e := w.engine(runs(t))
			w.diagnose(e) // the simulator's clusters are in its document once somebody has looked into them
			before := w.Document()
			r := run(t, e, plan(t, e, job(t, s.runbook)), yes)
			if r.Outcome != journal.Succeeded || r.Changed() == 0 {
				t.Fatal(told(r))
			}
			if same := differences("", before, w.Document()); len(same) == 0 {
				t.Fatal("the run changed nothing in the world")
			}
			p, err := e.PlanUndo(t.Context(), r.Run)
			if err != nil {
				t.Fatal(err)
			}
			back := run(t, e, p, yes)
			if back.Outcome != journal.Succeeded {
				t.Fatal(told(back))
			}
			if s.fault == "stop-type" { // the type that was there is one that the cluster's schema refuses today
				if len(back.Steps) != 1 || back.Steps[0].Status != runbook.StepSkipped || !strings.Contains(back.Steps[0].Text, "accepts no more") {
					t.Error(told(back))
				}
				return
			}
			w.Advance(time.Hour)
			w.diagnose(e) // the cluster's controllers look, too
			restarted := slices.ContainsFunc(r.Steps, func(s runbook.StepResult) bool {
				return s.Status == runbook.StepChanged && strings.HasPrefix(s.Step, "restart")
			})
			for _, d := range differences("", before, w.Document()) {
				if !stays(d) && (!restarted || !remade(d)) {
					t.Errorf("%s", d)
				}
			}
			w.Forget()
			again, err := e.PlanUndo(t.Context(), r.Run)
			if err != nil {
				t.Fatal(err)
			}
			if more := run(t, e, again, yes); more.Outcome != journal.Succeeded || len(w.writes()) > 0 {
				t.Errorf("taken back twice: %s, writes %q", told(more), w.writes())
			}
		})
	}
}

// kept is what no undo takes back, each with its reason.
var kept = map[string]string{
	"managedFields":      "who wrote a field last",
	"clock":              "time does not run backwards",
	"audit":              "what happened stays in the audit log",
	"logs":               "so does what was logged",
	"operations":         "and that there were operations",
	"etag":               "a version number only grows",
	"updateTime":         "it was updated",
	"requests":           "a counter",
	"serial":             "a counter",
	"generation":         "a version number only grows",
	"uid":                "an object that is made anew is another",
	"creationTimestamp":  "so is when it was made",
	"resourceVersion":    "a version number only grows",
	"lastTransitionTime": "when a condition changed",
}

// remade reports that a difference comes from a restart, which nothing takes back.
func remade(difference string) bool {
	for _, kind := range []string{"{Pod ", "{ReplicaSet ", "{Event ", "{DataPlaneControl ", "kubectl.kubernetes.io/restartedAt", ".deleted"} {
		if strings.Contains(difference, kind) {
			return true
		}
	}
	return strings.Contains(difference, "{Deployment ") &&
		(strings.Contains(difference, ".status") || strings.Contains(difference, "annotations"))
}

// byObject turns a list of Kubernetes objects into a map by what they are called.
func byObject(list []any) (map[string]any, bool) {
	byName := map[string]any{}
	for _, item := range list {
		object, _ := item.(map[string]any)
		metadata, _ := object["metadata"].(map[string]any)
		if metadata == nil {
			return nil, false
		}
		byName[fmt.Sprintf("{%v %v/%v}", object["kind"], metadata["namespace"], metadata["name"])] = item
	}
	return byName, len(list) > 0
}

// remembers is what the mesh of a membership remembers of what it lost and when; the
// management that is asked for stands elsewhere.
var remembers = regexp.MustCompile(`\.memberships\[\d+\]\.mesh[.:]`)

func stays(difference string) bool {
	if remembers.MatchString(difference) {
		return true
	}
	for field := range kept {
		if strings.Contains(difference, "."+field+".") || strings.Contains(difference, "."+field+":") ||
			strings.Contains(difference, "."+field+"[") {
			return true
		}
	}
	return false
}

// differences lists where two JSON values differ, by path.
func differences(path string, a, b any) []string {
	left, isMap := a.(map[string]any)
	right, both := b.(map[string]any)
	if isMap && both {
		var all []string
		names := slices.Concat(slices.Collect(maps.Keys(left)), slices.Collect(maps.Keys(right)))
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			all = append(all, differences(path+"."+name, left[name], right[name])...)
		}
		return all
	}
	one, isList := a.([]any)
	two, both := b.([]any)
	if left, is := byObject(one); is {
		right, _ := byObject(two)
		return differences(path, left, right)
	}
	if isList && both && len(one) == len(two) {
		var all []string
		for i := range one {
			all = append(all, differences(fmt.Sprintf("%s[%d]", path, i), one[i], two[i])...)
		}
		return all
	}
	if reflect.DeepEqual(a, b) {
		return nil
	}
	return []string{fmt.Sprintf("%s: was %s, is %s", path, brief(a), brief(b))}
}

func brief(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	if len(raw) > 300 {
		return string(raw[:300]) + "..."
	}
	return string(raw)
}
