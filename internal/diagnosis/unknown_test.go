package diagnosis_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// needed are the permissions that a diagnosis takes.
var needed = []string{
	"resourcemanager.projects.get", "resourcemanager.projects.getIamPolicy", "serviceusage.services.get", "container.clusters.get",
	"container.clusters.list", "gkehub.features.get", "gkehub.memberships.get", "gkehub.memberships.list", "gkehub.gateway.get",
	"logging.logEntries.list",
}

const caller = "diagnosis@mesh-sim-1.iam.gserviceaccount.com"

// permit gives the caller a role of permissions.
func (w *world) permit(permissions []string) {
	w.t.Helper()
	w.Edit(func(doc map[string]any) {
		doc["roles"] = map[string]any{"projects/mesh-sim-1/roles/asmDiagnosis": permissions}
		p := project(doc, fleetProject)
		p["serviceAccounts"] = append(p["serviceAccounts"].([]any), caller)
		policy := p["policy"].(map[string]any)
		policy["bindings"] = append(policy["bindings"].([]any),
			map[string]any{"role": "projects/mesh-sim-1/roles/asmDiagnosis", "members": []any{"serviceAccount:" + caller}})
	})
}

// unknowns are the checks of a report that could not be made.
func unknowns(r *diagnosis.Report) []string {
	all := []string{}
	for _, s := range r.Subjects {
		for _, c := range s.Checks {
			if c.Status == diagnosis.Unknown {
				all = append(all, string(c.Kind)+" of "+s.Type)
			}
		}
	}
	slices.Sort(all)
	return all
}

// unreadable are the messages of a report about what could not be read.
func unreadable(r *diagnosis.Report) (all []diagnosis.Finding) {
	for _, f := range r.Findings {
		if f.Code == catalogue.Unreadable {
			all = append(all, f)
		}
	}
	return all
}

var insideOfCluster = []string{"control_plane of membership", "namespace_injection of membership", "proxies of membership"}

func TestAPermissionThatLacksMakesItsChecksUnknown(t *testing.T) {
	for _, c := range []struct {
		without []string
		unknown []string // KIND of TYPE OF SUBJECT
		names   string   // what each finding about it names
		hides   string   // the root cause that cannot be seen then
	}{
		{[]string{"resourcemanager.projects.get"}, []string{"service_agent_binding of project"}, "resourcemanager.projects.get",
			"service-agent-binding-missing of project"},
		{[]string{"resourcemanager.projects.getIamPolicy"}, []string{"service_agent_binding of project"},
			"resourcemanager.projects.getIamPolicy", "service-agent-binding-missing of project"},
		{[]string{"serviceusage.services.get"}, []string{"apis of project"}, "serviceusage.services.get",
			"api-disabled:meshconfig.googleapis.com of project"},
		{[]string{"container.clusters.get"}, nil, "", ""}, // the list tells as much
		{[]string{"container.clusters.list"}, nil, "", ""},
		{[]string{"container.clusters.get", "container.clusters.list"},
			[]string{"node_pool_metadata of membership", "workload_pool of membership"}, "container.clusters.get", "workload-pool-missing of " +
				"membership"},
		{[]string{"gkehub.features.get"},
			[]string{"control_plane of membership", "data_plane of membership", "mesh_feature of fleet", "mesh_management of membership"},
			"gkehub.features.get", "spec-differs-from-state:MANAGEMENT_MANUAL of membership"},
		{[]string{"gkehub.memberships.get"}, nil, "", ""}, // the list tells as much
		{[]string{"gkehub.memberships.list"},
			[]string{"membership_identity of fleet", "membership_identity of membership", "node_pool_metadata of membership",
				"workload_pool of membership"}, "gkehub.memberships.list", "membership-identity-missing of membership workload-pool-missing of " +
				"membership"},
		{[]string{"gkehub.gateway.get"}, insideOfCluster, "gkehub.gateway.get", "revision-mismatch:unsupported-revision-name of membership"},
		{[]string{"logging.logEntries.list"}, nil, "", ""}, // no culprit, and nothing unknown
	} {
		t.Run(strings.Join(c.without, " "), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, one)
			w.permit(slices.DeleteFunc(slices.Clone(needed), func(p string) bool { return slices.Contains(c.without, p) }))
			w.Advance(time.Hour)
			r := w.diagnoseAs(caller, diagnosis.Options{})
			if got := unknowns(r); !slices.Equal(got, append([]string{}, c.unknown...)) {
				t.Errorf("unknown are %q, want %q\n%s", got, c.unknown, told(r))
			}
			for _, f := range alarms(r) {
				if f.Code != catalogue.Unreadable || f.Verdict != mesh.Unknown || !strings.Contains(f.Message+f.Remediation, c.names) {
					t.Errorf("it does not name %s, or is no unknown: %s", c.names, told(r))
				}
			}
			want := diagnosis.ExitUnknown
			if c.unknown == nil {
				want = diagnosis.ExitClean
			}
			if (len(unreadable(r)) > 0) != (c.unknown != nil) || r.ExitCode(diagnosis.FailUnknown) != want {
				t.Errorf("exit %d, %s", r.ExitCode(diagnosis.FailUnknown), told(r))
			}

			// All that can still be seen is.
			for _, f := range []string{"binding-revoked", "workload-pool-missing", "identity-provider-missing", "stop-name", "management-manual"} {
				w.Fault(f)
			}
			w.disable("meshconfig.googleapis.com")
			w.Advance(time.Hour)
			r = w.diagnoseAs(caller, diagnosis.Options{})
			got := rootNames(r)
			for _, root := range []string{
				"api-disabled:meshconfig.googleapis.com of project", "membership-identity-missing of membership",
				"revision-mismatch:unsupported-revision-name of membership",
				"service-agent-binding-missing of project", "spec-differs-from-state:MANAGEMENT_MANUAL of membership", "workload-pool-missing of " +
					"membership",
			} {
				if slices.Contains(got, root) == strings.Contains(c.hides, root) {
					t.Errorf("%s: seen is %t\n%s", root, slices.Contains(got, root), told(r))
				}
			}
			for _, f := range r.Findings {
				if f.Culprit != nil && c.without[0] == "logging.logEntries.list" {
					t.Errorf("%s has a culprit out of nowhere: %+v", name(f), f.Culprit)
				}
			}
		})
	}
}

// disable switches an API of the fleet's project off.
func (w *world) disable(api string) {
	w.t.Helper()
	w.Edit(func(doc map[string]any) {
		project(doc, fleetProject)["services"].(map[string]any)[api] = map[string]any{"state": "DISABLED"}
	})
}

func TestAnAPIThatIsOffMakesItsChecksUnknown(t *testing.T) {
	for _, c := range []struct {
		api     string
		unknown []string
		root    string // the finding about the API itself, where its state is asked for
	}{
		{"cloudresourcemanager", []string{"service_agent_binding of project"}, ""},
		{"serviceusage", []string{"apis of project"}, ""},
		{"container", []string{"node_pool_metadata of membership", "workload_pool of membership"}, "api-disabled:container.googleapis.com of " +
			"project"},
		{"gkehub", []string{"membership_identity of fleet", "mesh_feature of fleet"}, "api-disabled:gkehub.googleapis.com of project"},
		{"connectgateway", insideOfCluster, "api-disabled:connectgateway.googleapis.com of project"},
		{"logging", nil, ""},
	} {
		t.Run(c.api, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, one)
			w.narrow = true
			w.Advance(time.Hour)
			w.disable(c.api + ".googleapis.com")
			r := w.diagnose(diagnosis.Options{})
			if got := unknowns(r); !slices.Equal(got, append([]string{}, c.unknown...)) {
				t.Errorf("unknown are %q, want %q\n%s", got, c.unknown, told(r))
			}
			if c.api == "connectgateway" {
				for _, f := range alarms(r) {
					if (f.Code == catalogue.ConnectGatewayDisabled) == f.Root() {
						t.Errorf("the refusal is no consequence of the API: %s", told(r))
					}
				}
			} else if (len(unreadable(r)) > 0) != (c.unknown != nil) {
				t.Errorf("nothing says what could not be read: %s", told(r))
			}
			for _, f := range unreadable(r) {
				if !strings.Contains(f.Message, c.api+".googleapis.com") && !strings.Contains(f.Remediation, c.api+".googleapis.com") ||
					f.Root() != (c.root == "") {
					t.Errorf("it does not name the API, or not as its cause: %s", told(r))
				}
			}
			for _, root := range rootNames(r) {
				if root != c.root && !strings.HasPrefix(root, "cannot-read:"+c.api+".") {
					t.Errorf("root cause %q\n%s", root, told(r))
				}
			}
		})
	}
}

func TestAClusterThatIsCutOffIsUnknownAlone(t *testing.T) {
	for fault, query := range map[string]string{
		"unavailable": "?path=/gkeMemberships/cluster-2/&status=503",
		"cut":         "?path=/gkeMemberships/cluster-2/",
		"malformed":   "?path=/gkeMemberships/cluster-2/",
		"slow":        "?path=/gkeMemberships/cluster-2/&by=1h",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sim.Options{Projects: 2, Clusters: 3})
			w.narrow, w.patience = true, 2*time.Second
			w.Advance(time.Hour)
			w.Fault("wrong-injection?cluster=cluster-1")
			w.Fault(fault + query)
			r := w.diagnose(diagnosis.Options{})
			if got := unknowns(r); !slices.Equal(got, insideOfCluster) {
				t.Errorf("unknown are %q\n%s", got, told(r))
			}
			if got, want := rootNames(r), []string{"cannot-read of membership", "wrong-injection of membership"}; !slices.Equal(got, want) {
				t.Errorf("root causes are %q, want %q\n%s", got, want, told(r))
			}
			for _, f := range unreadable(r) {
				if !strings.HasSuffix(f.About, "/cluster-2") || f.Message == "" || f.Remediation == "" {
					t.Errorf("%s: %s; %s", f.About, f.Message, f.Remediation)
				}
			}
			for _, s := range r.Subjects {
				if want := map[string]mesh.Verdict{"cluster-1": mesh.Unhealthy, "cluster-2": mesh.Unknown,
					"cluster-3": mesh.Healthy}[s.Name[strings.LastIndex(s.Name, "/")+1:]]; want != "" && s.Verdict != want {
					t.Errorf("%s is %s, want %s", s.Name, s.Verdict, want)
				}
			}
		})
	}
}

// TestAnAPIExplainsOnlyWhatItRefused has one API off, and another read refused for a reason of its own.
func TestAnAPIExplainsOnlyWhatItRefused(t *testing.T) {
	w := newWorld(t, one)
	w.Advance(time.Hour)
	w.Fault("connectgateway-disabled")
	w.Fault("forbidden?host=cloudresourcemanager.googleapis.com&path=getIamPolicy")
	w.Advance(time.Hour)
	r := w.diagnose(diagnosis.Options{})
	want := []string{"api-disabled:connectgateway.googleapis.com of project", "cannot-read of project"}
	if got := rootNames(r); !slices.Equal(got, want) {
		t.Errorf("root causes are %q, want %q\n%s", got, want, told(r))
	}
}
