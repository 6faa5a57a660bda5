package cluster

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

func parsed(t *testing.T, text string) *workload {
	t.Helper()
	w := &workload{}
	if err := json.Unmarshal([]byte(text), w); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestWhatARolloutTakesDown(t *testing.T) {
	rolling := func(replicas, update string) string {
		return `{"spec":{"replicas":` + replicas + `,"strategy":{"type":"RollingUpdate","rollingUpdate":{` + update + `}}}}`
	}
	daemons := func(update string) string {
		return `{"spec":{"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{` + update + `}}},"status":{"desiredNumberScheduled":5}}`
	}
	for text, want := range map[string]struct {
		kind string
		down int32
	}{
		`{"spec":{"replicas":3}}`: {"Deployment", 0},
		`{"spec":{"replicas":4}}`: {"Deployment", 1},
		`{"spec":{}}`:             {"Deployment", 0},
		`{"spec":{"replicas":9,"strategy":{"type":"Recreate"}}}`:            {"Deployment", 9},
		rolling("4", `"maxUnavailable":"50%"`):                              {"Deployment", 2},
		rolling("2", `"maxUnavailable":7`):                                  {"Deployment", 2},
		rolling("2", `"maxUnavailable":"25%","maxSurge":0`):                 {"Deployment", 1},
		rolling("2", `"maxUnavailable":0,"maxSurge":"0%"`):                  {"Deployment", 1},
		rolling("2", `"maxUnavailable":"25%","maxSurge":"1%"`):              {"Deployment", 0},
		rolling("2", `"maxUnavailable":0`):                                  {"Deployment", 0},
		rolling("0", `"maxUnavailable":0,"maxSurge":0`):                     {"Deployment", 0},
		rolling("8", `"maxSurge":0`):                                        {"Deployment", 2},
		`{"spec":{"replicas":4,"updateStrategy":{"type":"RollingUpdate"}}}`: {"StatefulSet", 1},
		`{"spec":{},"status":{"desiredNumberScheduled":5}}`:                 {"DaemonSet", 1},
		daemons(`"maxUnavailable":0,"maxSurge":2`):                          {"DaemonSet", 0},
		daemons(`"maxUnavailable":0,"maxSurge":0`):                          {"DaemonSet", 1},
	} {
		if got := parsed(t, text).downAtOnce(want.kind); got != want.down {
			t.Errorf("%s %s takes down %d, want %d", want.kind, text, got, want.down)
		}
	}
}

func TestWhatBlocksARestart(t *testing.T) {
	const labels = `"template":{"metadata":{"labels":{"app":"cart"}}}`
	tight := mesh.Budget{Namespace: "shop", Name: "tight", Selector: mesh.Selector{Labels: map[string]string{"app": "cart"}}}
	roomy, other := tight, tight
	roomy.Allowed, other.Namespace = 1, "other"
	deployment, stateful := mesh.Owner{Kind: "Deployment", Namespace: "shop"}, mesh.Owner{Kind: "StatefulSet", Namespace: "shop"}
	for name, c := range map[string]struct {
		owner  mesh.Owner
		text   string
		budget mesh.Budget
		says   string
	}{
		"a budget without room":         {deployment, `{"spec":{"replicas":4,` + labels + `}}`, tight, "shop/tight allows 0"},
		"a budget with room":            {deployment, `{"spec":{"replicas":4,` + labels + `}}`, roomy, ""},
		"a budget of another namespace": {deployment, `{"spec":{"replicas":4,` + labels + `}}`, other, ""},
		"a roll-out that only surges":   {deployment, `{"spec":{"replicas":2,` + labels + `}}`, tight, ""},
		"a StatefulSet cannot surge": {
			stateful, `{"spec":{"replicas":2,"updateStrategy":{"type":"RollingUpdate"},` + labels + `}}`, tight, "takes down 1",
		},
		"paused":    {deployment, `{"spec":{"paused":true}}`, mesh.Budget{}, "paused"},
		"on delete": {stateful, `{"spec":{"updateStrategy":{"type":"OnDelete"}}}`, mesh.Budget{}, "OnDelete"},
		"a partition": {
			stateful, `{"spec":{"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":1}}}}`, mesh.Budget{}, "partition 1",
		},
	} {
		got := parsed(t, c.text).blocked(c.owner, []mesh.Budget{c.budget})
		if (got == "") != (c.says == "") || !strings.Contains(got, c.says) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestRolledOut(t *testing.T) {
	for text, want := range map[string]struct {
		kind   string
		done   bool
		failed bool
	}{
		`{"metadata":{"generation":2},"status":{"observedGeneration":1}}`:                                         {"Deployment", false, false},
		`{"spec":{"replicas":2},"status":{"replicas":3,"updatedReplicas":2,"availableReplicas":2}}`:               {"Deployment", false, false},
		`{"spec":{"replicas":2},"status":{"replicas":2,"updatedReplicas":2,"availableReplicas":1}}`:               {"Deployment", false, false},
		`{"spec":{"replicas":2},"status":{"replicas":2,"updatedReplicas":2,"availableReplicas":2}}`:               {"Deployment", true, false},
		`{"status":{"conditions":[{"type":"Progressing","status":"False","reason":"ProgressDeadlineExceeded"}]}}`: {"Deployment", false, true},
		`{"spec":{"replicas":2},"status":{"readyReplicas":2,"currentRevision":"a","updateRevision":"b"}}`:         {"StatefulSet", false, false},
		`{"spec":{"replicas":2},"status":{"readyReplicas":2,"currentRevision":"b","updateRevision":"b"}}`:         {"StatefulSet", true, false},
		`{"status":{"desiredNumberScheduled":3,"updatedNumberScheduled":3,"numberAvailable":2}}`:                  {"DaemonSet", false, false},
		`{"status":{"desiredNumberScheduled":3,"updatedNumberScheduled":3,"numberAvailable":3}}`:                  {"DaemonSet", true, false},
	} {
		done, _, failed := parsed(t, text).rolledOut(want.kind)
		if done != want.done || (failed != "") != want.failed {
			t.Errorf("%s %s: done %t, failed %q", want.kind, text, done, failed)
		}
	}
}
