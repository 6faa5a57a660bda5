package diagnosis_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

const (
	terraformAgent = "Terraform/1.9.5 (+https://www.terraform.io) Terraform-Plugin-SDK/2.33.0 terraform-provider-google/6.8.0"
	gcloudAgent    = "google-cloud-sdk gcloud/530.0.0 command/gcloud.projects.add-iam-policy-binding"
)

// api calls an API as a caller with a client.
func (w *world) api(who, agent, method, path string, body, answer any) {
	w.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	got := w.CallAs(who, agent, method, "/"+path, string(text))
	if answer != nil {
		if err := json.Unmarshal(got, answer); err != nil {
			w.t.Fatal(err)
		}
	}
}

// bind grants the mesh service agent's role on the fleet's project, or takes it away.
func (w *world) bind(who, agent string, granted bool) {
	w.t.Helper()
	const project = "cloudresourcemanager.googleapis.com/v3/projects/" + fleetProject
	var policy map[string]any
	w.api(who, agent, "POST", project+":getIamPolicy", map[string]any{"options": map[string]any{"requestedPolicyVersion": 3}}, &policy)
	var bindings []any
	for _, b := range policy["bindings"].([]any) {
		if b.(map[string]any)["role"] != mesh.AgentRole {
			bindings = append(bindings, b)
		}
	}
	if granted {
		bindings = append(bindings, map[string]any{"role": mesh.AgentRole, "members": []any{mesh.ServiceAgentMember("100000000001")}})
	}
	policy["bindings"] = bindings
	w.api(who, agent, "POST", project+":setIamPolicy", map[string]any{"policy": policy}, nil)
}

// fight lets two clients take the binding away and restore it, again and again.
func (w *world) fight(rounds int) {
	w.t.Helper()
	for range rounds {
		w.bind("ci@mesh-sim-1.iam.gserviceaccount.com", terraformAgent, false)
		w.Advance(time.Hour)
		w.bind("admin@example.com", gcloudAgent, true)
		w.Advance(2 * time.Hour)
	}
}

func TestATugOfWarNamesBothSides(t *testing.T) {
	for _, standing := range []bool{true, false} {
		w := newWorld(t, one)
		w.Advance(time.Hour)
		w.fight(2)
		if !standing {
			w.bind("ci@mesh-sim-1.iam.gserviceaccount.com", terraformAgent, false)
			w.Advance(time.Hour)
		}
		r := w.diagnose(diagnosis.Options{})
		if standing {
			quiet(t, r)
			continue
		}
		want := []string{"binding-tug-of-war of project", "service-agent-binding-missing of project"} // which is corrected meanwhile
		if got := rootNames(r); !slices.Equal(got, want) {
			t.Fatalf("root causes are %q, want %q\n%s", got, want, told(r))
		}
		f := r.Findings[slices.IndexFunc(r.Findings, func(f diagnosis.Finding) bool { return f.Code == catalogue.BindingTugOfWar })]
		for _, part := range []string{
			"ci@mesh-sim-1.iam.gserviceaccount.com with Terraform 1.9.5 with the google provider 6.8.0", "admin@example.com with gcloud 530.0.0 " +
				"(gcloud projects add-iam-policy-binding)",
			"about every 3 hours", "google_project_iam_policy", "google_project_iam_binding",
		} {
			if !strings.Contains(f.Message, part) {
				t.Errorf("the message does not say %q: %s", part, f.Message)
			}
		}
		if len(f.Evidence) != 1 || !strings.Contains(f.Evidence[0].Text, "removed and restored 2 times") {
			t.Errorf("the evidence is %v", f.Evidence)
		}
		for consequence, by := range consequences(r) {
			if slices.Contains(by, "binding-tug-of-war of project") {
				t.Errorf("%s is booked under the fight\n%s", consequence, told(r))
			}
		}
	}
}

// The headline names what makes the whole worse than its memberships: the mesh has not noticed yet.
func TestTheHeadlineNamesWhatIsWorse(t *testing.T) {
	w := newWorld(t, one)
	w.Advance(time.Hour)
	w.bind("ci@mesh-sim-1.iam.gserviceaccount.com", terraformAgent, false)
	r := w.diagnose(diagnosis.Options{})
	if want := "unhealthy: 1 project unhealthy; 1 membership: 1 healthy; 1 root cause"; r.Summary != want {
		t.Errorf("the headline is %q, want %q", r.Summary, want)
	}
}

// A fight that has ended is history: its evidence is in the audit log for a month, and says nothing of today.
func TestATugOfWarEnds(t *testing.T) {
	w := newWorld(t, one)
	w.Advance(time.Hour)
	w.fight(3)
	w.Advance(26 * time.Hour)
	w.Fault("workload-pool-missing")
	w.Advance(time.Hour)
	if got := rootNames(w.diagnose(diagnosis.Options{})); !slices.Equal(got, []string{"workload-pool-missing of membership"}) {
		t.Errorf("root causes are %q", got)
	}
}

func TestAMistakeThatIsCorrectedIsNoTugOfWar(t *testing.T) {
	w := newWorld(t, one)
	w.Advance(time.Hour)
	w.fight(1)
	quiet(t, w.diagnose(diagnosis.Options{}))
}

func TestATugOfWarIsOfOneFleet(t *testing.T) {
	w := newWorld(t, sim.Options{Projects: 2, Clusters: 2})
	w.Advance(time.Hour)
	w.fight(2)
	w.Fault("binding-revoked?project=mesh-sim-2")
	w.Advance(time.Hour)
	for _, f := range alarms(w.diagnose(diagnosis.Options{})) {
		if f.Code == catalogue.BindingMissing && !f.Root() {
			t.Errorf("the binding of one project is said to be lost because of another's: %+v", f)
		}
	}
}

func TestTheAuditLogNamesTheCulprit(t *testing.T) {
	const ci, client = "ci@mesh-sim-1.iam.gserviceaccount.com", "Terraform 1.9.5 with the google provider 6.8.0"
	cluster := "container.googleapis.com/v1/projects/" + fleetProject + "/locations/us-central1/clusters/cluster-1"
	member := "projects/" + fleetProject + "/locations/us-central1/memberships/cluster-1"
	for code, do := range map[catalogue.Code]func(w *world){
		catalogue.BindingMissing: func(w *world) { w.bind(ci, terraformAgent, false) },
		catalogue.ServiceDisabled: func(w *world) {
			w.api(ci, terraformAgent, "POST", "serviceusage.googleapis.com/v1/projects/"+fleetProject+"/services/mesh.googleapis.com:disable",
				map[string]any{}, nil)
		},
		catalogue.PoolMissing: func(w *world) {
			w.api(ci, terraformAgent, "PUT", cluster,
				map[string]any{"update": map[string]any{"desiredWorkloadIdentityConfig": map[string]any{"workloadPool": ""}}}, nil)
		},
		catalogue.IdentityMissing: func(w *world) {
			w.api(ci, terraformAgent, "PATCH", "gkehub.googleapis.com/v1/"+member+"?updateMask=authority", map[string]any{}, nil)
		},
		catalogue.SpecState: func(w *world) {
			w.api(ci, terraformAgent, "PATCH",
				"gkehub.googleapis.com/v1/projects/"+fleetProject+"/locations/global/features/servicemesh?updateMask=membershipSpecs", map[string]any{
					"membershipSpecs": map[string]any{member: map[string]any{"mesh": map[string]any{"management": "MANAGEMENT_MANUAL"}}},
				}, nil)
		},
	} {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, one)
			w.Edit(func(doc map[string]any) { // CI may do everything
				policy := project(doc, fleetProject)["policy"].(map[string]any)
				policy["bindings"] = append(policy["bindings"].([]any), map[string]any{"role": "roles/owner", "members": []any{"serviceAccount:" + ci}})
			})
			w.Advance(time.Hour)
			when := w.Clock.Now()
			do(w)
			w.Advance(time.Hour)
			r := w.diagnose(diagnosis.Options{})
			seen := false
			for _, f := range r.Findings {
				if f.Code != code {
					if f.Culprit != nil {
						t.Errorf("%s has a culprit, too: %+v", name(f), f.Culprit)
					}
					continue
				}
				seen = true
				c := f.Culprit
				if c == nil || c.Who != ci || c.Client != client || c.When.Sub(when).Abs() > time.Minute {
					t.Errorf("at %s %s with %s; the report has %+v", when, ci, client, c)
				}
			}
			if !seen {
				t.Error(told(r))
			}
		})
	}
}

// Whoever set the cluster's pool is not who made the node pool; the log is not asked about that.
func TestANodePoolHasNoCulprit(t *testing.T) {
	w := newWorld(t, one)
	w.Advance(time.Hour)
	w.Fault("workload-pool-missing")
	w.ClearFault("workload-pool-missing")
	w.Fault("node-pool-metadata")
	w.Advance(3 * time.Hour)
	r := w.diagnose(diagnosis.Options{})
	if len(r.Findings) == 0 || r.Findings[0].Code != catalogue.NodePoolNoMetadata || r.Findings[0].Culprit != nil {
		t.Error(told(r))
	}
}
