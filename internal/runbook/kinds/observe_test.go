package kinds_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

type given = map[string]any

var (
	ofMember  = given{"membership": member}
	ofManaged = given{"membership": member, "revision": "asm-managed"}
)

// Each assert of an ensure fails with the fault that takes the thing away, in words, and holds in a world that is well.
func TestAssertsOfEnsures(t *testing.T) {
	for _, c := range []struct {
		name, fault string
		given       given
		fails       string
	}{
		{"project_services", "mesh-api-disabled", given{"project": fleet}, "mesh.googleapis.com is not enabled on project mesh-sim-1"},
		{"service_agent_binding", "binding-revoked", given{"project": fleet, "fleet_project": fleet}, "does not hold " +
			"roles/anthosservicemesh.serviceAgent"},
		{"workload_pool", "workload-pool-missing", given{"cluster": gke}, "has no workload pool"},
		{"node_pool_metadata", "node-pool-metadata", given{"cluster": gke}, "node pools without GKE_METADATA: default-pool"},
		{"membership_identity", "identity-provider-missing", ofMember, "has no identity provider"},
		{"mesh_feature", "feature-disabled", given{"fleet_project": fleet}, "the mesh feature of fleet project mesh-sim-1 is not enabled"},
		{"mesh_management", "management-manual", ofMember, "MANAGEMENT_MANUAL instead of MANAGEMENT_AUTOMATIC"},
		{"control_plane_provisioned", "binding-revoked", ofMember, "control plane FAILED_PRECONDITION"},
		{"revision_channel", "stop-channel", ofManaged, "channel"},
		{"revision_type", "stop-type", ofManaged, "type"},
		{"revision_removed", "stop-name", given{"membership": member, "revision": "asm-custom"}, "asm-custom"},
		{"webhook_url", "stop-mutating-url", ofManaged, "istiod-asm-managed calls https://"},
		{"namespace_injection", "wrong-injection", given{"membership": member, "revision": "asm-managed", "namespace": "shop"},
			"has the label istio-injection=enabled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, c.fault)
			w.sees(lang.Assert, c.name, c.given, kinds.Fails, c.fails)
			w.ClearFault(c.fault)
			w.Advance(2 * time.Hour)
			w.sees(lang.Assert, c.name, c.given, kinds.Holds, ": ")
		})
	}
}

// An assert looks past what was read a moment ago.
func TestAssertsLookAfresh(t *testing.T) {
	w := newWorld(t)
	binding := given{"project": fleet, "fleet_project": fleet}
	w.sees(lang.Assert, "service_agent_binding", binding, kinds.Holds, "has its role")
	w.Fault("binding-revoked")
	w.sees(lang.Assert, "service_agent_binding", binding, kinds.Fails, "does not hold")
}

func TestResultsOfEnsures(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name      string
		given     given
		attribute string
		want      string
	}{
		{"service_agent_binding", given{"project": fleet, "fleet_project": fleet}, "member",
			"serviceAccount:service-100000000001@gcp-sa-servicemesh.iam.gserviceaccount.com"},
		{"workload_pool", given{"cluster": gke}, "workload_pool", "mesh-sim-1.svc.id.goog"},
		{"membership_identity", ofMember, "issuer", "https://container.googleapis.com/v1/" + gke},
		{"membership_registration", given{"cluster": gke, "fleet_project": fleet}, "membership", member},
		{"control_plane_provisioned", ofMember, "revision", "asm-managed"},
	} {
		if got := attribute(w.look(lang.Assert, c.name, c.given).Result, c.attribute); got != c.want {
			t.Errorf("%s.%s is %q, want %q", c.name, c.attribute, got, c.want)
		}
	}
}

func TestWhatIsGoneIsAnErrorAndNoAnswer(t *testing.T) {
	w := newWorld(t, "cluster-deleted")
	var gone *prereq.GoneError
	if seen, err := w.try(lang.Assert, "workload_pool", given{"cluster": gke}); !errors.As(err, &gone) {
		t.Errorf("%+v, %v", seen, err)
	}
}

func TestControlPlaneAndDataPlaneState(t *testing.T) {
	w := newWorld(t)
	w.sees(lang.Wait, "control_plane_state", ofMember, "ACTIVE", "is ACTIVE (REVISION_READY Ready: asm-managed)")
	w.sees(lang.Wait, "data_plane_state", ofMember, "ACTIVE", "the data plane of "+member)
	w.sees(lang.Assert, "mesh_healthy", ofMember, kinds.Holds, "as healthy")
	w.Fault("binding-revoked")
	w.Advance(time.Hour)
	w.sees(lang.Wait, "control_plane_state", ofMember, "FAILED_PRECONDITION", "the control plane of "+member)
	w.sees(lang.Assert, "mesh_healthy", ofMember, kinds.Fails, "is unhealthy: ")
	w.ClearFault("binding-revoked")

	other := given{"membership": "projects/mesh-sim-1/locations/us-central1/memberships/other"}
	w.sees(lang.Wait, "control_plane_state", other, "NOT_REPORTED", "the fleet reports no state")
	w.sees(lang.Assert, "mesh_healthy", other, kinds.Fails, "reports nothing about the mesh of")
	w.Fault("feature-disabled")
	w.Advance(time.Hour)
	w.sees(lang.Wait, "control_plane_state", ofMember, "DISABLED", "the mesh feature of the fleet")
	w.sees(lang.Assert, "mesh_healthy", ofMember, kinds.Fails, "the mesh feature of the fleet")
}

func TestDisabledIsFinalOnlyWhereNothingElseIsAskedFor(t *testing.T) {
	w := newWorld(t)
	override := func(management string) {
		w.Edit(func(doc map[string]any) {
			fleet := doc["projects"].([]any)[0].(map[string]any)["fleet"].(map[string]any)
			feature := fleet["features"].(map[string]any)["servicemesh"].(map[string]any)
			for _, spec := range feature["membershipSpecs"].(map[string]any) {
				spec.(map[string]any)["mesh"].(map[string]any)["management"] = management
			}
			feature["stateOverrides"] = map[string]any{"locations/us-central1/memberships/cluster-1": map[string]any{
				"servicemesh": map[string]any{"controlPlaneManagement": map[string]any{"state": "DISABLED"}},
			}}
		})
	}
	d := find(t, lang.Wait, "control_plane_state")
	override("MANAGEMENT_MANUAL")
	w.sees(lang.Wait, "control_plane_state", ofMember, d.Failure[0], "is DISABLED")
	override("MANAGEMENT_AUTOMATIC")
	w.sees(lang.Wait, "control_plane_state", ofMember, "NOT_NOTICED", "although automatic management is asked for")
}

func TestRevisionReady(t *testing.T) {
	w := newWorld(t)
	w.sees(lang.Wait, "revision_ready", ofManaged, "Reconciled", "revision asm-managed works")
	w.sees(lang.Wait, "revision_ready", given{"cluster": gke, "revision": "asm-managed"}, "Reconciled", "works")
	w.sees(lang.Wait, "revision_ready", given{"membership": member, "revision": "asm-managed-rapid"}, "Missing",
		"has no ControlPlaneRevision asm-managed-rapid")
	w.Fault("stop-channel")
	w.Advance(time.Hour)
	w.sees(lang.Wait, "revision_ready", ofManaged, "Stalled", "is stalled (channel-does-not-match-name)")
}

func TestServiceUsable(t *testing.T) {
	w := newWorld(t, "connectgateway-disabled")
	gateway := given{"project": fleet, "service": "connectgateway.googleapis.com", "membership": member}
	w.sees(lang.Wait, "service_usable", gateway, "disabled", "is not enabled on project mesh-sim-1")
	// Enabled, and the gateway has yet to notice.
	w.Fault("slow-propagation")
	w.ClearFault("connectgateway-disabled")
	w.sees(lang.Wait, "service_usable", given{"project": fleet, "service": "container.googleapis.com"}, "usable", "container.googleapis.com "+
		"is enabled")
	w.ClearFault("slow-propagation")
	w.Advance(time.Hour)
	w.sees(lang.Wait, "service_usable", gateway, "usable", "Connect Gateway reaches the cluster of "+member)
}

func TestGatewayThatStillRefusesIsPropagating(t *testing.T) {
	w := newWorld(t)
	refused := true
	w.env.Clusters = prereq.NewClusters(w.env.Client, gatewayConfig(t, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		if refused {
			rw.WriteHeader(http.StatusForbidden)
			fmt.Fprint(
				rw,
				`{"error":{"code":403,"status":"PERMISSION_DENIED","message":"Connect Gateway API has not been used in project 100000000001 before or it is disabled.",`+
					`"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED","domain":"googleapis.com","metadata":{"consumer":"projects/100000000001","service":"connectgateway.googleapis.com"}}]}}`,
			)
			return
		}
		rw.WriteHeader(http.StatusForbidden) // the cluster's own answer: the way there works
		fmt.Fprint(rw, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"namespaces is forbidden"}`)
	}, w))
	gateway := given{"project": fleet, "service": "connectgateway.googleapis.com", "membership": member}
	w.sees(lang.Wait, "service_usable", gateway, "propagating", "still refuses project 100000000001")
	refused = false
	w.sees(lang.Wait, "service_usable", gateway, "usable", "reaches the cluster")
}

func TestFindings(t *testing.T) {
	w := newWorld(t, "binding-revoked")
	binding := given{"membership": member, "codes": []string{"service-agent-binding-missing"}}
	unhealthy := given{"membership": member, "codes": []string{"revisions-unhealthy"}}
	both := given{"membership": member, "codes": []string{"revisions-unhealthy", "service-agent-binding-missing"}}
	other := given{"membership": member, "codes": []string{"workload-pool-missing"}}
	w.sees(lang.Assert, "no_findings", binding, kinds.Fails, "service-agent-binding-missing: the mesh service agent")
	w.sees(lang.Assert, "no_findings", unhealthy, kinds.Fails, "revisions-unhealthy")
	w.sees(lang.Assert, "no_findings", other, kinds.Holds, "none is found: workload-pool-missing")
	w.sees(lang.Wait, "findings_gone", binding, "present", "service-agent-binding-missing")
	w.sees(lang.Wait, "findings_gone", both, "present", "service-agent-binding-missing")
	// What follows from something else goes with that.
	w.sees(lang.Wait, "findings_gone", unhealthy, "gone", "have another cause: revisions-unhealthy")
	w.sees(lang.Wait, "findings_gone", other, "gone", "none is found")

	// What was read before the fix is not what is there now.
	d, thing := w.thing("service_agent_binding", given{"project": fleet, "fleet_project": fleet})
	state, err := thing.Check(t.Context(), true)
	if err != nil || d.Risk != lang.LowRisk {
		t.Fatal(err)
	}
	if _, err := thing.Enforce(t.Context(), state); err != nil {
		t.Fatal(err)
	}
	w.sees(lang.Wait, "findings_gone", binding, "gone", "none is found")
	// The audit log does not show the fix yet, so that what is left looks as if it had a
	// cause of its own. It is an echo all the same.
	w.sees(lang.Wait, "findings_gone", both, "present", "revisions-unhealthy")
	w.Advance(61 * time.Second)
	w.sees(lang.Wait, "findings_gone", both, "waiting", "the mesh has not updated its state yet: revisions-unhealthy")
	w.sees(lang.Assert, "no_findings", unhealthy, kinds.Fails, "revisions-unhealthy")
	w.Advance(time.Hour)
	w.sees(lang.Wait, "findings_gone", both, "gone", "none is found")
	// Somebody else takes it away again: what was read a moment ago does not count.
	w.Fault("binding-revoked")
	w.sees(lang.Wait, "findings_gone", binding, "present", "service-agent-binding-missing")
}

func TestFindingsByDetail(t *testing.T) {
	w := newWorld(t, "stop-channel-missing")
	w.sees(lang.Assert, "no_findings", given{"membership": member, "codes": []string{"revision-mismatch:channel-missing"}}, kinds.Fails,
		"revision-mismatch:channel-missing: ")
	w.sees(lang.Assert, "no_findings", given{"membership": member, "codes": []string{"revision-mismatch:unsupported-revision-type"}},
		kinds.Holds, "none is found")
	w.sees(lang.Assert, "no_findings", given{"membership": member, "codes": []string{"revision-mismatch"}}, kinds.Fails,
		"revision-mismatch:channel-missing: ")
}

// A check that could not be made finds nothing, and is no proof that nothing is there.
func TestWhatCannotBeReadIsNotGone(t *testing.T) {
	w := newWorld(t)
	w.env.Clusters = prereq.NewClusters(w.env.Client, gatewayConfig(t, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(http.StatusForbidden)
		fmt.Fprint(rw, `{"error":{"code":403,"status":"PERMISSION_DENIED","message":"Permission 'gkehub.gateway.get' denied"}}`)
	}, w))
	inside := given{"membership": member, "codes": []string{"revision-stalled"}}
	w.sees(lang.Wait, "findings_gone", inside, "unknown", "could not be read: control_plane of "+member)
	w.sees(lang.Assert, "no_findings", inside, kinds.Fails, "cannot find out")
	// What is judged by Google's APIs alone can be told all the same.
	w.sees(lang.Assert, "no_findings", given{"membership": member, "codes": []string{"workload-pool-missing"}}, kinds.Holds, "none is found")
	if seen, err := w.try(lang.Wait, "revision_ready", ofManaged); err == nil {
		t.Errorf("a revision that may not be read is %+v", seen)
	}
}

// What is for information only is nothing to be gone.
func TestInformationIsNoFinding(t *testing.T) {
	w := newWorld(t, "wrong-injection")
	w.sees(lang.Assert, "no_findings", given{"membership": member, "codes": []string{"wrong-injection"}}, kinds.Fails, "wrong-injection: ")
	leftover := given{"membership": member, "codes": []string{"injector-leftover"}}
	w.sees(lang.Assert, "no_findings", leftover, kinds.Holds, "none is found")
	w.sees(lang.Wait, "findings_gone", leftover, "gone", "none is found")
}

func TestDiagnosed(t *testing.T) {
	w := newWorld(t)
	seen := w.look(lang.Assert, "diagnosed", ofMember)
	if seen.State != kinds.Holds || attribute(seen.Result, "roots") != "[]" || attribute(seen.Result, "blocking") != "[]" {
		t.Errorf("of a world that is well: %+v", seen)
	}
	w.Fault("proxies-failed")
	w.Fault("binding-revoked")
	w.Advance(time.Hour)
	seen = w.look(lang.Assert, "diagnosed", ofMember)
	if got := attribute(seen.Result, "blocking"); got != "[service-agent-binding-missing=restore-service-agent-binding]" {
		t.Errorf("blocking are %s", got)
	}
	if got := attribute(seen.Result, "roots"); !strings.Contains(got, "proxies-not-upgraded=restart-proxies") ||
		!strings.Contains(got, "service-agent-binding-missing=") ||
		strings.Contains(got, "revisions-unhealthy") {
		t.Errorf("roots are %s", got)
	}
}

// What was just corrected is not in the way any more, though the mesh still says so.
func TestDiagnosedKnowsAnEcho(t *testing.T) {
	w := newWorld(t, "binding-revoked", "stop-type")
	blocking := func(corrected any) string {
		t.Helper()
		return attribute(w.look(lang.Assert, "diagnosed", given{"membership": member, "corrected": corrected}).Result, "blocking")
	}
	if got := blocking(nil); !strings.Contains(got, "service-agent-binding-missing=") ||
		!strings.Contains(got, "revision-mismatch:unsupported-revision-type=") {
		t.Errorf("blocking are %s", got)
	}
	_, thing := w.thing("service_agent_binding", given{"project": fleet, "fleet_project": fleet})
	state, err := thing.Check(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := thing.Enforce(t.Context(), state); err != nil {
		t.Fatal(err)
	}
	if got := blocking(nil); !strings.Contains(got, "mesh-condition:MESH_IAM_PERMISSION_DENIED=") {
		t.Errorf("there is no echo: %s", got)
	}
	if got := blocking([]string{"service-agent-binding-missing"}); got != "[revision-mismatch:unsupported-revision-type=fix-revision-type]" {
		t.Errorf("blocking are %s", got)
	}
}

func TestRevisionsListed(t *testing.T) {
	w := newWorld(t)
	seen := w.look(lang.Assert, "revisions_listed", ofMember)
	if attribute(seen.Result, "unsupported") != "[]" || attribute(seen.Result, "supported") != "[asm-managed]" {
		t.Errorf("%+v", seen)
	}
	w.Fault("stop-name")
	w.Fault("stop-namespace")
	seen = w.look(lang.Assert, "revisions_listed", ofMember)
	if got := attribute(seen.Result, "unsupported"); got != "[default/asm-managed= istio-system/asm-custom=]" {
		t.Errorf("unsupported are %s", got)
	}
	if got := attribute(seen.Result, "supported"); got != "[asm-managed]" {
		t.Errorf("supported are %s", got)
	}
}

func TestInjectorPresent(t *testing.T) {
	w := newWorld(t)
	seen := w.look(lang.Assert, "injector_present", ofManaged)
	if seen.State != kinds.Holds || attribute(seen.Result, "leftover") != "" || attribute(seen.Result, "wrong") != "[]" {
		t.Errorf("%+v", seen)
	}
	w.sees(lang.Assert, "injector_present", given{"membership": member, "revision": "asm-managed-rapid"}, kinds.Fails,
		"has no webhook that injects for revision asm-managed-rapid")
	w.sees(lang.Assert, "injector_present", ofMember, kinds.Holds, "istiod-asm-managed of ")
	w.Fault("wrong-injection")
	w.Advance(time.Hour)
	seen = w.look(lang.Assert, "injector_present", ofManaged)
	if seen.State != kinds.Holds || attribute(seen.Result, "leftover") != "istio-sidecar-injector" ||
		attribute(seen.Result, "wrong") != "[shop]" ||
		!strings.Contains(seen.Message, "istio-sidecar-injector") {
		t.Errorf("%+v", seen)
	}
}

func TestProxiesCurrent(t *testing.T) {
	w := newWorld(t)
	w.sees(lang.Wait, "proxies_current", ofMember, "current", "the proxies of ")
	w.Fault("proxies-failed")
	w.Advance(time.Hour)
	w.sees(lang.Wait, "proxies_current", ofMember, "failed", "their proxies could not be upgraded")
	w.sees(lang.Wait, "proxies_current", given{"membership": member, "namespaces": []string{"istio-system"}}, "current", "the proxies of ")
}

func TestLogQuiet(t *testing.T) {
	w := newWorld(t)
	quiet := given{"projects": []string{fleet}, "since": "30m"}
	w.sees(lang.Assert, "log_quiet", quiet, kinds.Holds, "no such line in the last 30m0s")
	w.Fault("connectgateway-disabled")
	w.Advance(20 * time.Minute)
	w.sees(lang.Assert, "log_quiet", quiet, kinds.Fails, "such line(s) in the last 30m0s, the latest at ")
	w.ClearFault("connectgateway-disabled")
	w.Advance(2 * time.Hour)
	w.sees(lang.Assert, "log_quiet", quiet, kinds.Holds, "no such line")
	w.sees(lang.Assert, "log_quiet", given{"projects": []string{fleet}, "since": "24h"}, kinds.Fails, "the latest at ")
}

// Lines carry Google's time: a reader whose clock differs asks for Google's window all the same.
func TestLogQuietByAnotherClock(t *testing.T) {
	w := newWorld(t)
	client := w.Client(simtest.Owner)
	recent := func(ahead time.Duration) int {
		t.Helper()
		lines, err := client.RecentMeshLogs(t.Context(), []string{fleet}, w.Clock.Now().Add(ahead), 30*time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		return len(lines)
	}
	w.Fault("connectgateway-disabled")
	w.Advance(20 * time.Minute)
	if recent(3*time.Hour) == 0 {
		t.Error("by a clock that is ahead, the lines of the last minutes are missed")
	}
	w.ClearFault("connectgateway-disabled")
	w.Advance(2 * time.Hour)
	if n := recent(-3 * time.Hour); n > 0 {
		t.Errorf("by a clock that is behind, %d line(s) of hours ago count", n)
	}
}

func TestDebugConfigz(t *testing.T) {
	w := newWorld(t)
	status, token := http.StatusOK, ""
	s := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		token = strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		rw.WriteHeader(status)
		fmt.Fprint(rw, `[{"kind":"Gateway"}]`)
	}))
	t.Cleanup(s.Close)
	base := s.Client().Transport.(*http.Transport)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{
			RootCAs:    base.TLSClientConfig.RootCAs,
			ServerName: "example.com",
			MinVersion: tls.VersionTLS12,
		}, // httptest's certificate is for that name
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, s.Listener.Addr().String())
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	w.env.DebugTransport = transport
	d := find(t, lang.Assert, "debug_configz")
	look := func() kinds.Observation {
		t.Helper()
		seen, err := d.Observe(t.Context(), w.env, args(t, d, ofManaged))
		if err != nil {
			t.Fatal(err)
		}
		if token == "" || strings.Contains(seen.Message, token) {
			t.Errorf("the token is shown, or none was sent: %s", seen.Message)
		}
		return seen
	}
	if seen := look(); seen.State != kinds.Holds || !strings.Contains(seen.Message, "/debug/configz answers 200 OK with 1 object(s)") {
		t.Errorf("%+v", seen)
	}
	status = http.StatusUnauthorized
	if seen := look(); seen.State != kinds.Fails || !strings.Contains(seen.Message, "401 Unauthorized") {
		t.Errorf("%+v", seen)
	}
}
