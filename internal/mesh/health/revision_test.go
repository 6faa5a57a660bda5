package health_test

import (
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func conditions(triples ...string) (all []mesh.RevisionCondition) {
	for _, t := range triples {
		kind, status, _ := strings.Cut(t, "=")
		all = append(all, mesh.RevisionCondition{Type: kind, Status: status, Since: noon.Add(-5 * time.Minute)})
	}
	return all
}

func managed(change func(*mesh.ControlPlaneRevision)) mesh.ControlPlaneRevision {
	r := mesh.ControlPlaneRevision{
		Name: "asm-managed", Namespace: "istio-system", Channel: "regular", Type: "managed_service", Created: noon.Add(-time.Hour),
		Conditions: conditions("Reconciled=True", "ProvisioningFinished=True", "Stalled=False"),
	}
	if change != nil {
		change(&r)
	}
	return r
}

func TestJudgeRevision(t *testing.T) {
	type revision = mesh.ControlPlaneRevision
	for name, c := range map[string]struct {
		change func(*revision)
		want   mesh.Verdict
		codes  []catalogue.Code
		says   string
	}{
		"Google's page's good example": {nil, mesh.Healthy, nil, ""},
		"conditions in another order": {func(r *revision) {
			r.Conditions = conditions("Stalled=False", "Reconciled=True")
		}, mesh.Healthy, nil, ""},
		"finished is not success": {func(r *revision) {
			r.Conditions = conditions("Reconciled=False", "ProvisioningFinished=True", "Stalled=False")
		}, mesh.Unhealthy, []catalogue.Code{catalogue.RevisionNotReady}, "without success"},
		"finished alone says nothing": {func(r *revision) {
			r.Conditions = conditions("ProvisioningFinished=True")
		}, mesh.Unknown, []catalogue.Code{catalogue.RevisionNotReady}, "Reconciled is Unknown"},
		"Stalled is missing": {func(r *revision) {
			r.Conditions = conditions("Reconciled=True")
		}, mesh.Unknown, []catalogue.Code{catalogue.RevisionNotReady}, "whether it is stalled"},
		"a status that does not exist": {func(r *revision) {
			r.Conditions = conditions("Reconciled=Perhaps", "Stalled=False")
		}, mesh.Unknown, []catalogue.Code{catalogue.RevisionNotReady}, "Perhaps"},
		"being provisioned": {func(r *revision) {
			r.Conditions = conditions("Reconciled=False", "Stalled=False")
		}, mesh.Provisioning, []catalogue.Code{catalogue.RevisionNotReady}, "being provisioned"},
		"just created": {func(r *revision) {
			r.Conditions, r.Created = nil, noon.Add(-time.Minute)
		}, mesh.Provisioning, []catalogue.Code{catalogue.RevisionNotReady}, "being provisioned"},
		"created long ago, never touched": {func(r *revision) {
			r.Conditions = nil
		}, mesh.Unknown, []catalogue.Code{catalogue.RevisionNotReady}, "no condition for over 10 minutes"},
		"provisioning for too long": {func(r *revision) {
			r.Conditions = conditions("Reconciled=False", "Stalled=False")
			r.Conditions[0].Since = noon.Add(-11 * time.Minute)
		}, mesh.Unhealthy, []catalogue.Code{catalogue.RevisionNotReady}, "over 10 minutes"},
		"no times at all": {func(r *revision) {
			r.Conditions, r.Created = nil, time.Time{}
		}, mesh.Unknown, []catalogue.Code{catalogue.RevisionNotReady}, "since when"},
		"stalled and known": {func(r *revision) {
			r.Conditions = []mesh.RevisionCondition{{Type: "Stalled", Status: "True", Reason: "PreconditionFailed",
				Message: "Workload identity is not enabled"}}
		}, mesh.Unhealthy, []catalogue.Code{catalogue.RevisionStalled}, "Workload identity is not enabled"},
		"stalled though reconciled": {func(r *revision) {
			r.Conditions = conditions("Reconciled=True", "Stalled=True")
		}, mesh.Unhealthy, []catalogue.Code{catalogue.RevisionStalled}, "is stalled"},
		"channel of another name": {func(r *revision) { r.Channel = "rapid" }, mesh.Unhealthy, []catalogue.Code{catalogue.RevisionMismatch},
			"requires regular"},
		"no channel": {func(r *revision) { r.Channel = "" }, mesh.Unhealthy, []catalogue.Code{catalogue.RevisionMismatch},
			"channel none"},
		"a name of one's own": {func(r *revision) { r.Name = "asm-mine" }, mesh.Unhealthy, []catalogue.Code{catalogue.RevisionMismatch},
			"asm-mine"},
		"another namespace": {func(r *revision) { r.Namespace = "default" }, mesh.Unhealthy, []catalogue.Code{catalogue.RevisionMismatch},
			"istio-system"},
		"another type": {func(r *revision) { r.Type = "in_cluster" }, mesh.Unhealthy, []catalogue.Code{catalogue.RevisionMismatch},
			"managed_service"},
	} {
		t.Run(name, func(t *testing.T) {
			h := health.JudgeRevision(managed(c.change), noon)
			if h.Verdict != c.want || !strings.Contains(h.Summary, c.says) {
				t.Errorf("got %s: %q, want %s with %q", h.Verdict, h.Summary, c.want, c.says)
			}
			if len(h.Findings) != len(c.codes) {
				t.Fatalf("findings %+v, want %v", h.Findings, c.codes)
			}
			for i, f := range h.Findings {
				if f.Code != c.codes[i] || f.Remediation == "" {
					t.Errorf("finding %+v, want %s", f, c.codes[i])
				}
			}
		})
	}
}

func TestAStalledRevisionNamesTheResourceThatCorrectsIt(t *testing.T) {
	r := managed(func(r *mesh.ControlPlaneRevision) {
		r.Conditions = []mesh.RevisionCondition{{Type: "Stalled", Status: "True", Message: "Unsupported workload pool: p.hub.id.goog"}}
	})
	if got := catalogue.StopOf(r); got == nil || got.Variables["POOL"] != "p.hub.id.goog" {
		t.Fatalf("stop is %+v", got)
	}
	if f := health.JudgeRevision(r, noon).Findings[0]; f.FixedBy != "asm_workload_pool" ||
		!strings.Contains(f.Remediation, "PROJECT_ID.svc.id.goog") {
		t.Errorf("finding %+v", f)
	}
}

func TestJudgeRevisions(t *testing.T) {
	const cluster = "projects/p-mesh-1/locations/global/memberships/m"
	if h := health.JudgeRevisions(cluster, nil, noon); h.Verdict != mesh.Unhealthy || h.Findings[0].Code != catalogue.RevisionMissing ||
		h.Findings[0].Subject != cluster {
		t.Errorf("no revision: %+v", h)
	}
	rapid := managed(func(r *mesh.ControlPlaneRevision) { r.Name, r.Channel = "asm-managed-rapid", "rapid" })
	h := health.JudgeRevisions(cluster, []mesh.ControlPlaneRevision{rapid, managed(nil)}, noon)
	if h.Verdict != mesh.Healthy || len(h.Findings) != 1 || !strings.HasSuffix(h.Findings[0].Message, "asm-managed, asm-managed-rapid") {
		t.Errorf("two healthy revisions: %+v", h)
	}
	rapid.Conditions = conditions("Reconciled=False", "ProvisioningFinished=True", "Stalled=False")
	if h := health.JudgeRevisions(cluster, []mesh.ControlPlaneRevision{managed(nil), rapid}, noon); h.Verdict != mesh.Unhealthy {
		t.Errorf("one of two is not ready: %+v", h)
	}
}

func TestConditionAge(t *testing.T) {
	r := managed(nil)
	if got := r.Condition("Reconciled").Age(noon); got != 5*time.Minute {
		t.Errorf("age %s", got)
	}
	if got := r.Condition("Absent"); got.Status != "Unknown" || got.Age(noon) != 0 {
		t.Errorf("a missing condition is %+v", got)
	}
	if got := (mesh.RevisionCondition{Since: noon.Add(time.Hour)}).Age(noon); got != 0 {
		t.Errorf("a clock that is behind gives %s", got)
	}
}

// What a revision will be stopped for is corrected by the runbook of that stop, also before it is stopped.
func TestRunbookOfMismatch(t *testing.T) {
	for want, change := range map[string]func(*mesh.ControlPlaneRevision){
		"recreate-revision":    func(r *mesh.ControlPlaneRevision) { r.Name = "asm-mine" },
		"fix-revision-channel": func(r *mesh.ControlPlaneRevision) { r.Channel = "" },
		"fix-revision-type":    func(r *mesh.ControlPlaneRevision) { r.Type = "in_cluster" },
	} {
		h := health.JudgeRevision(managed(change), noon)
		if len(h.Findings) != 1 || catalogue.RunbookOf(h.Findings[0]) != want {
			t.Errorf("%+v: want the runbook %s", h.Findings, want)
		}
	}
}
