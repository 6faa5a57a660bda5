package explain_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/explain"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/meshtest"
)

// explained are messages as Google's page and the facts print them, in English and in
// Google's Chinese page, and what they are: CODE or CODE/DETAIL, root causes first.
var explained = []struct {
	text      string
	want      string
	variables map[string]string
	next      string // part of the next command
}{
	// Revision(s) reporting unhealthy.
	{"Revision(s) reporting unhealthy", "revisions-unhealthy", nil, "get-iam-policy PROJECT"},
	{"Revision(s) reporting unhealthy: asm-managed.", "revisions-unhealthy", map[string]string{"revision": "asm-managed"}, ""},
	{"修订版本报告运行状况不佳错误", "revisions-unhealthy", nil, ""},
	{"代管式 Anthos Service Mesh 没有具有 Anthos Service Mesh Service Agent Identity and Access Management (IAM) 角色绑定的必要的 Google 管理的服务账号",
		"service-agent-binding-missing", nil, "add-iam-policy-binding"},
	{"如果列表中未列出任何角色,则表示所有代管式服务账号角色都已撤消。", "service-agent-binding-missing", nil, ""},
	{"MESH_IAM_PERMISSION_DENIED", "mesh-condition/MESH_IAM_PERMISSION_DENIED", nil, "add-iam-policy-binding"},
	{"googleapi: Error 400: Service account service-123456789012@gcp-sa-servicemesh.iam.gserviceaccount.com does not exist., badRequest",
		"service-agent-missing",
		map[string]string{"agent": "service-123456789012@gcp-sa-servicemesh.iam.gserviceaccount.com"}, "services identity create"},
	{`"members": ["deleted:serviceAccount:service-1234@gcp-sa-servicemesh.iam.gserviceaccount.com?uid=1049"]`, "service-agent-deleted", nil,
		""},
	// Pod injected with istiod.istio-system.
	{"Pod 注入 istiod.istio-system", "wrong-injection", nil, "mutatingwebhookconfigurations"},
	{"例如在 pod 中注入 istio.istio-system 时", "wrong-injection", nil, ""},
	{"如果您没有替换 istio-injection: enabled 标签,则可能会发生这种情况。", "wrong-injection", nil, ""},
	{"discoveryAddress: istiod.istio-system.svc:15012", "wrong-injection", nil, ""},
	// The installer's HTTP 400.
	{"HealthCheckContainerError, message: Cloud Run error: Container failed to start. Failed to start and then listen on the port defined " +
		"by the PORT environment variable. Logs for this revision might contain more information.",
		"installer-health-check-failed", nil, "gcloud container clusters update CLUSTER"},
	{"安装工具可能会生成如下 HTTP 400 错误:", "installer-health-check-failed", nil, ""},
	{"如果您未在 Kubernetes 集群上启用 Workload Identity,就可能发生此错误", "installer-health-check-failed", nil, ""},
	{"asmcli: [ERROR]: Workload identity is not enabled on projects/p-123456/locations/us-central1/clusters/gke-1", "workload-pool-missing",
		map[string]string{"project": "p-123456", "cluster": "gke-1", "location": "us-central1"}, "clusters update gke-1 --location=us-central1 " +
			"--project=p-123456 --workload-pool=p-123456.svc.id.goog"},
	// Managed data plane status.
	{"代管式数据平面正常运行。", "nothing-wrong", nil, ""},
	{"如果未配置命名空间或修订版本来使用代管式数据平面,则代管式数据平面将处于此状态。", "data-plane-state/DISABLED", nil, ""},
	{"代管式数据平面需要有效的代管式 Anthos Service Mesh 控制平面。", "data-plane-state/FAILED_PRECONDITION", nil, "controlplanerevisions"},
	{"代管式数据平面正在预配。如果此状态持续超过 10 分钟,则可能发生了错误", "data-plane-state/PROVISIONING", nil, ""},
	{"由于内部错误条件,代管式数据平面被阻止运行。", "data-plane-state/STALLED", nil, ""},
	{"代管式数据平面需要人工干预,才能使服务恢复到正常状态。", "data-plane-state/NEEDS_ATTENTION", nil, "dataplane-upgrade=failed"},
	{"代管式数据平面状态为 NEEDS_ATTENTION 状态且代码为 UPGRADE_FAILURES", "data-plane-state/NEEDS_ATTENTION", nil, "dataplane-upgrade=failed"},
	{"dataPlaneManagement: details: - code: MANAGED_CONTROL_PLANE_REQUIRED state: PROVISIONING", "data-plane-state/PROVISIONING", nil, ""},
	{"the data plane is in state STALLED with code INTERNAL_ERROR", "data-plane-state/STALLED", nil, ""},
	{"UPGRADE_FAILURES", "data-plane-state/NEEDS_ATTENTION", nil, ""},
	{"NEEDS_ATTENTION", "data-plane-state/NEEDS_ATTENTION", nil, ""},
	{"MANAGED_CONTROL_PLANE_REQUIRED", "data-plane-state/FAILED_PRECONDITION", nil, ""},
	// Failed proxies.
	{"kubectl get pods --all-namespaces -l dataplane-upgrade=failed", "proxies-not-upgraded", nil, "kubectl get pods"},
	{"Warning  DataPlaneUpgradeFailure  2m  mdp-controller  EvictionError: Cannot evict pod as it would violate the pod's disruption budget.",
		"proxies-not-upgraded", nil, ""},
	{"One or more PodDistruptionBudgets are preventing upgrade.", "proxies-not-upgraded", nil, ""},
	// No identity provider.
	{"asmcli: [ERROR]: Cluster has memberships.hub.gke.io CRD but no identity provider specified. Please ensure that an identity provider " +
		"is available for the registered cluster.",
		"membership-identity-missing", nil, "memberships register MEMBERSHIP"},
	{"Cluster has memberships.hub.gke.io CRD but no identity provider specified. Please ensure that the registered cluster has fleet " +
		"workload identity enabled: https://cloud.google.com/anthos/multicluster-management/fleets/workload-identity",
		"membership-identity-missing", nil, ""},
	{"集群成员资格错误(未指定身份提供商)", "membership-identity-missing", nil, ""},
	{"如果您在注册集群之前未启用 GKE Workload Identity,则可能会发生此错误。", "membership-identity-missing", nil, ""},
	// The managed control plane.
	{"The provisioning process has completed successfully", "nothing-wrong", nil, ""},
	{"Revision ready for use: asm-managed.", "nothing-wrong", nil, ""},
	{"Revision(s) ready for use: asm-managed-rapid.", "nothing-wrong", nil, ""},
	{"REVISION_READY", "nothing-wrong", nil, ""},
	{"Revision being rolled out: asm-managed.", "control-plane-state/PROVISIONING", nil, ""},
	{"REVISION_PROVISIONING", "control-plane-state/PROVISIONING", nil, ""},
	{"REVISION_FAILED_PRECONDITION: Required in-cluster components are not ready. This will be retried within 15 minutes.",
		"control-plane-state/FAILED_PRECONDITION", nil, ""},
	{"One or more node pools have workload identity federation disabled.", "node-pool-without-gke-metadata", nil, "node-pools list"},
	{"the control plane is DEGRADED", "control-plane-state/DEGRADED", nil, ""},
	{"controlPlaneManagement: state: DEPROVISIONING", "control-plane-state/DEPROVISIONING", nil, ""},
	{"implementation: ISTIOD", "istiod-implementation-deprecated/ISTIOD", nil, ""},
	{"MODERNIZATION_AWAITING_MANUAL_WORKLOAD_RESTART", "mesh-condition/MODERNIZATION_AWAITING_MANUAL_WORKLOAD_RESTART", nil, ""},
	{"QUOTA_EXCEEDED_BACKEND_SERVICES", "mesh-condition/QUOTA_EXCEEDED_BACKEND_SERVICES", nil, ""},
	{"MULTICLUSTER_SECRET_WARNING", "mesh-condition/MULTICLUSTER_SECRET_WARNING", nil, ""},
	// Managed mesh cannot connect to GKE.
	{"Connect Gateway API has not been used in project 123456789012 before or it is disabled. Enable it by visiting " +
		"https://console.developers.google.com/apis/api/connectgateway.googleapis.com/overview?project=123456789012 then retry. If you enabled " +
		"this API recently, wait a few minutes for the action to propagate to our systems and retry.",
		"connect-gateway-disabled", map[string]string{"project": "123456789012", "service": "connectgateway.googleapis.com"},
		"gcloud services enable connectgateway.googleapis.com --project=123456789012"},
	{"Connect Gateway API has not been used in project [*PROJECT_NUMBER*] before or it is disabled.", "connect-gateway-disabled", nil,
		"--project=PROJECT"},
	{`resource.type="istio_control_plane" severity=ERROR jsonPayload.message=~"Connect Gateway API has not been used in project"`,
		"log-connect-gateway-disabled", nil, ""},
	{`Error creating: Internal error occurred: failed calling webhook "rev.namespace.sidecar-injector.istio.io": failed to call webhook: an error on the server ("unknown") has prevented the request from succeeding.`,
		"log-webhook-failed", map[string]string{"webhook": "rev.namespace.sidecar-injector.istio.io"}, "services list"},
	{`jsonPayload.message=~"Internal error occurred: failed calling webhook"`, "log-webhook-failed", nil, ""},
	{"代管式 Anthos Service Mesh 无法连接到 GKE 集群", "connect-gateway-disabled", nil, "connectgateway.googleapis.com"},
	{"GKE Hub API has not been used in project p-123456 before or it is disabled. Enable it by visiting " +
		"https://console.developers.google.com/apis/api/gkehub.googleapis.com/overview?project=p-123456 then retry.",
		"api-disabled", map[string]string{"project": "p-123456", "service": "gkehub.googleapis.com"}, "gcloud services enable " +
			"gkehub.googleapis.com --project=p-123456"},
	{"Connect Gateway API has not been used in project 764086051850 before or it is disabled.", "cannot-read", nil, ""},
	// The fleet, and what cannot be read.
	{`feature "projects/p-123456/locations/global/features/servicemesh" not found`, "mesh-feature-disabled",
		map[string]string{"project": "p-123456"}, "mesh enable --project=p-123456"},
	{"Resource 'projects/p-123456/locations/global/features/servicemesh' was not found", "mesh-feature-disabled", nil, ""},
	{`Error: cannot read the fleet: 403 PERMISSION_DENIED: Permission 'gkehub.features.get' denied on resource "//gkehub.googleapis.com/projects/p-123456/locations/global/features/servicemesh" (or it may not exist).`,
		"cannot-read", map[string]string{"permission": "gkehub.features.get", "project": "p-123456"}, "diagnose --fleet-project=p-123456"},
	{`controlplanerevisions.mesh.cloud.google.com is forbidden: User "u@example.com" cannot list resource "controlplanerevisions" in API ` +
		`group "mesh.cloud.google.com" in the namespace "istio-system"`, "cannot-read", nil, ""},
	{"Warning: Drift: the mesh service agent lost its role (projects/p-123456)", "service-agent-binding-missing",
		map[string]string{"project": "p-123456"}, "add-iam-policy-binding p-123456"},
}

// noises are what surrounds a message when somebody pastes it, and what it goes through before.
var noises = []struct {
	name  string
	apply func(string) string
}{
	{"alone", func(s string) string { return s }},
	{"timestamp and prefix", func(s string) string {
		return "2026-11-22T13:40:29.123456789Z\tdeploy-7 [worker-1]: " + s + " (attempt 3 of 5)"
	}},
	{"lines before and after", func(s string) string { return chatter + "\n" + s + "\n" + chatter }},
	{"JSON", func(s string) string {
		quoted, _ := json.Marshal(s)
		return `{"insertId":"-2rli97e1cxkk","jsonPayload":{"message":` + string(quoted) + `},"severity":"ERROR"}`
	}},
	{"JSON in JSON", func(s string) string {
		inner, _ := json.Marshal(map[string]string{"message": s})
		outer, _ := json.Marshal(map[string]string{"textPayload": string(inner)})
		return string(outer)
	}},
	{"JSON in ASCII", asciiJSON},
	{"Terraform's frame", func(s string) string { return "╷\n│ Error: it failed\n│ \n│ " + wrap(s, "\n│ ") + "\n╵" }},
	{"a mail's marks", func(s string) string { return "> " + wrap(s, "\r\n> ") }},
	{"indented lines", func(s string) string { return "    message: " + wrap(s, "\n      ") }},
	{"timestamps on each line", func(s string) string { return "2026-11-22 13:40:29,001 " + wrap(s, "\n2026-11-22 13:40:29,001 ") }},
	{"klog", func(s string) string {
		return "E1122 13:40:29.000000    1234 controller.go:12] " + wrap(s, "\nE1122 13:40:29.000001    1234 controller.go:12] ")
	}},
	{"colours", func(s string) string {
		return "\x1b[1;31m" + strings.ReplaceAll(s, " ", "\x1b[0m \x1b[31m") + "\x1b[0m"
	}},
	{"escaped colours", func(s string) string { return `\u001b[31m` + s + `\x1b[0m\033[0m` }},
	{"HTML", func(s string) string {
		return "<pre>" + strings.NewReplacer("&", "&amp;", `"`, "&quot;", "<", "&lt;", ">", "&gt;").Replace(s) + "</pre>"
	}},
	{"wide punctuation and no-break blanks", func(s string) string { return strings.NewReplacer(" ", "\u00a0", `"`, "\u201d").Replace(s) }},
}

// alarming are words in a noise beside which nothing is said to be well.
var alarming = regexp.MustCompile(`ERROR|Error:`)

const chatter = `Fetching/writing GCP credentials to kubeconfig file...
client-go throttled request took 1.03s, see "flow control" at https://example.com/docs/a-b_c.html (code 42)
ok: 12 pods are ACTIVE, ERROR budget 99.9%, state=ok, GET /healthz 200 OK "OK"`

// wrap breaks a line at blanks, and between Han characters, which need none.
func wrap(s, with string) string {
	var b strings.Builder
	column := 0
	for _, r := range s {
		column++
		switch {
		case r == ' ' && column > 38:
			b.WriteString(with)
			column = 0
			continue
		case unicode.Is(unicode.Han, r) && column > 20:
			b.WriteString(with)
			column = 0
		}
		b.WriteRune(r)
	}
	return b.String()
}

func asciiJSON(s string) string {
	quoted, _ := json.Marshal(s)
	var b strings.Builder
	for _, r := range string(quoted) {
		if r < utf8.RuneSelf {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return `{"message": ` + b.String() + `}`
}

func names(all []explain.Explanation) string {
	var s []string
	for _, x := range all {
		name := string(x.Code)
		if x.Detail != "" {
			name += "/" + x.Detail
		}
		s = append(s, name)
	}
	return strings.Join(s, " ")
}

func TestExplain(t *testing.T) {
	for _, c := range explained {
		for _, n := range noises {
			if upper := strings.ToUpper(c.text); c.text == upper && n.name != "alone" && !strings.Contains(c.text, "_") {
				continue
			}
			t.Run(n.name+"/"+shortName(c.text), func(t *testing.T) {
				got := explain.Explain(n.apply(c.text))
				if c.want == "nothing-wrong" && alarming.MatchString(n.apply(c.text)) {
					if names(got) != "" {
						t.Fatalf("%q is given an all-clear beside an error: %q", n.apply(c.text), names(got))
					}
					return
				}
				if names(got) != c.want {
					t.Fatalf("%q is %q, want %q", n.apply(c.text), names(got), c.want)
				}
				for name, want := range c.variables {
					if got[0].Variables[name] != want {
						t.Errorf("%s is %q, want %q (of %v)", name, got[0].Variables[name], want, got[0].Variables)
					}
				}
				if !strings.Contains(got[0].NextCommand, c.next) {
					t.Errorf("the next command is %q, want one with %q", got[0].NextCommand, c.next)
				}
				complete(t, got)
			})
		}
	}
}

func shortName(s string) string {
	if runes := []rune(s); len(runes) > 30 {
		return string(runes[:30])
	}
	return s
}

// complete tells whether explanations say all that they must.
func complete(t *testing.T, all []explain.Explanation) {
	t.Helper()
	for _, x := range all {
		if x.Title == "" || x.Means == "" || x.Cause == "" || x.Evidence == "" || x.Remedy == "" || x.NextCommand == "" || x.Source == "" ||
			x.Severity == "" {
			t.Errorf("incomplete: %+v", x)
		}
		if strings.Contains(x.NextCommand, "{}") || strings.ContainsAny(x.NextCommand, "\n;`$") {
			t.Errorf("a command that no shell should see: %q", x.NextCommand)
		}
	}
}

func TestExplainFindsStopsInNoise(t *testing.T) {
	for _, c := range meshtest.StopMessages {
		for language, message := range map[string]string{"English": c.English, "Chinese": c.Chinese} {
			for _, n := range noises {
				t.Run(string(c.Code)+"/"+language+"/"+n.name, func(t *testing.T) {
					got := explain.Explain(n.apply(message))
					if want := "revision-stalled/" + string(c.Code); names(got) != want {
						t.Fatalf("%q is %q, want %q", n.apply(message), names(got), want)
					}
					for name, want := range c.Variables {
						name = strings.ToLower(name)
						switch name {
						case "cluster_name":
							name = "cluster"
						case "other_channel":
							name = "expected_channel"
						}
						if got[0].Variables[name] != want {
							t.Errorf("%s is %q, want %q", name, got[0].Variables[name], want)
						}
					}
					complete(t, got)
				})
			}
		}
	}
}

// A page that holds every message at once, as Google's page does: none hides another.
func TestExplainKnowsAPageOfMessages(t *testing.T) {
	var page []string
	var want []string
	for _, c := range explained {
		page = append(page, c.text)
		want = append(want, strings.Fields(c.want)...)
	}
	for _, c := range meshtest.StopMessages {
		page = append(page, c.Chinese)
		want = append(want, "revision-stalled/"+string(c.Code))
	}
	got := strings.Fields(names(explain.Explain(strings.Join(page, "\n\n"))))
	for _, name := range want {
		switch name {
		case "nothing-wrong", "connect-gateway-disabled": // said only where nothing else is; and here the log is in the text
		default:
			if !slices.Contains(got, name) {
				t.Errorf("%s is not recognised among all", name)
			}
		}
	}
	if sorted := slices.Sorted(slices.Values(got)); len(slices.Compact(sorted)) != len(got) {
		t.Errorf("something is said twice: %v", got)
	}
}

// What gcloud and kubectl print, whole.
func TestExplainReadsOutputs(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"healthy, YAML", "membershipStates:\n  projects/123/locations/global/memberships/m:\n    servicemesh:\n      conditions:\n      - " +
			"code: VPCSC_GA_SUPPORTED\n        severity: INFO\n      controlPlaneManagement:\n        details:\n        - code: REVISION_READY\n  " +
			"        details: 'Ready: asm-managed'\n        implementation: TRAFFIC_DIRECTOR\n        state: ACTIVE\n      dataPlaneManagement:\n " +
			"       details:\n        - code: OK\n          details: Service is running.\n        state: ACTIVE\n    state:\n      code: OK\n     " +
			" description: 'Revision ready for use: asm-managed.'\nresourceState:\n  state: ACTIVE\n",
			"nothing-wrong mesh-condition/VPCSC_GA_SUPPORTED"},
		{"failed precondition, JSON",
			`{"servicemesh":{"controlPlaneManagement":{"state":"FAILED_PRECONDITION","details":[{"code":"REVISION_FAILED_PRECONDITION","details":"Required in-cluster components are not ready. This will be retried within 15 minutes."}],"implementation":"TRAFFIC_DIRECTOR"},"conditions":[{"code":"NODEPOOL_WORKLOAD_IDENTITY_FEDERATION_REQUIRED","severity":"ERROR","details":"One or more node pools have workload identity federation disabled."}]}}`,
			"node-pool-without-gke-metadata mesh-condition/NODEPOOL_WORKLOAD_IDENTITY_FEDERATION_REQUIRED control-plane-state/FAILED_PRECONDITION"},
		{"provisioning", "controlPlaneManagement:\n  details:\n  - code: REVISION_PROVISIONING\n    details: 'Provisioning: asm-managed'\n  " +
			"state: PROVISIONING\ndataPlaneManagement:\n  details:\n  - code: MANAGED_CONTROL_PLANE_REQUIRED\n  state: PROVISIONING\nstate:\n  " +
			"description: 'Revision being rolled out: asm-managed.'\n",
			"control-plane-state/PROVISIONING data-plane-state/PROVISIONING"},
		{"the binding is gone", "conditions:\n- code: MESH_IAM_PERMISSION_DENIED\n  details: denied\n  severity: " +
			"ERROR\ncontrolPlaneManagement:\n  state: STALLED\nstate:\n  code: ERROR\n  description: 'Revision(s) reporting unhealthy: " +
			"asm-managed.'",
			"mesh-condition/MESH_IAM_PERMISSION_DENIED control-plane-state/STALLED revisions-unhealthy"},
		{"a stalled revision", "Status:\n  Conditions:\n    Last Transition Time:  2021-08-05T18:56:32Z\n    Message:               Workload " +
			"identity is not enabled\n    Reason:                PreconditionFailed\n    Status:                True\n    Type:                  " +
			"Stalled\n",
			"revision-stalled/workload-identity-disabled"},
		{"a revision stalled for something new", "ControlPlaneRevision asm-managed Stalled=True PreconditionFailed: The moon is in the way",
			"revision-stalled/unknown"},
		{"a healthy revision", "Message:  The provisioning process has completed successfully\n Reason:  Provisioned\n Status:  True\n Type:  " +
			"Reconciled\n Message:  Provisioning has not stalled\n Reason: NotStalled", "nothing-wrong"},
		{"a finding of ours", `{"findings":[{"code":"workload-pool-missing","severity":"error"}]}`, "workload-pool-missing"},
		{"the name of a finding", "service-agent-binding-missing", "service-agent-binding-missing"},
		{"the name of a stop code", "channel-missing", "revision-stalled/channel-missing"},
		{"a state and its code", "STALLED / INTERNAL_ERROR", "data-plane-state/STALLED"},
		{"a state in small letters", "needs_attention", "data-plane-state/NEEDS_ATTENTION"},
		{"a condition in small letters", "cni_pod_unschedulable", "mesh-condition/CNI_POD_UNSCHEDULABLE"},
		{"running well", "ACTIVE OK", "nothing-wrong"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := explain.Explain(c.text)
			if names(got) != c.want {
				t.Errorf("got %q, want %q", names(got), c.want)
			}
			complete(t, got)
		})
	}
}

func TestExplainSaysNothingOfOthersTexts(t *testing.T) {
	for _, text := range []string{
		"", "   \n", "ok", "hello", chatter, "OK", "error", "null",
		"The quick brown fox jumps over the lazy dog, STATE of the art; state: open.",
		`{"error":{"code":400,"status":"FAILED_PRECONDITION","message":"Cluster is running incompatible operation"}}`,
		"rpc error: code = Internal desc = INTERNAL_ERROR; received from peer",
		`failed calling webhook "validate.nginx.ingress.kubernetes.io": failed to call webhook: Post "https://x.svc:443": EOF`,
		"YouTube Data API v3 has not been used in project 123456789012 before or it is disabled. Enable it by visiting " +
			"https://console.developers.google.com/apis/api/youtube.googleapis.com/overview?project=123456789012 then retry.",
		"status: DISABLED, state: enabled, code: E-MAIL-ADDRESS", "今天天气很好,我们去公园散步。", "PROVISIONED 5 machines; DEGRADED array md0", "disabled",
		"active",
		`pods is forbidden: User "u@example.com" cannot list resource "pods" in API group "" in the namespace "default"`,
		"istio-system is a namespace", "GKE_CLUSTER=x MESH_ID=proj-1 UPGRADE=1",
	} {
		if got := explain.Explain(text); len(got) > 0 {
			t.Errorf("%q is taken for %s (%q)", text, names(got), got[0].Evidence)
		}
	}
}

// Words thrown together, as logs have them, say nothing.
func TestExplainRandomText(t *testing.T) {
	words := strings.Fields("error ERROR warning failed state status code OK ACTIVE DISABLED STALLED cluster mesh project revision pod " +
		"webhook istio " +
		"workload identity is not enabled API denied 2026-11-22T13:40:29Z the of to in asm-managed managed data plane control GET /v1 503 null " +
		"{} : , \" ' \\n 集群 错误 状态 服务")
	random := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		// Six at most: in a longer row of these very words, messages do come up.
		text := make([]string, 1+random.IntN(6))
		for i := range text {
			switch random.IntN(3) {
			case 0:
				text[i] = words[random.IntN(len(words))]
			default:
				letters := make([]byte, 1+random.IntN(10))
				for j := range letters {
					letters[j] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789-."[random.IntN(65)]
				}
				text[i] = string(letters)
			}
		}
		joined := strings.Join(text, " ")
		// A state of a plane that is named, or that stands alone, is one.
		alone := !slices.ContainsFunc(text, func(word string) bool {
			return !slices.Contains([]string{"STALLED", "DISABLED", "ACTIVE", "OK", "state", "code", ":", ",", `"`, `'`}, word)
		})
		if got := explain.Explain(joined); len(got) > 0 && !alone && !slices.Contains(text, "plane") {
			t.Errorf("%q is taken for %s (%q)", joined, names(got), got[0].Evidence)
		}
	}
}

// A command goes into a shell: what a text names is in it only when it is a word.
func TestExplainDoesNotPassOnCommands(t *testing.T) {
	got := explain.Explain("ValidatingWebhookConfiguration $(reboot) contains a webhook with URL of https://a/$(id) but expected " +
		"https://b/;id")
	if len(got) != 1 || strings.Contains(got[0].NextCommand, "reboot") || !strings.Contains(got[0].NextCommand, "NAME") {
		t.Errorf("got %+v", got)
	}
}

// A log that repeats one line is one explanation, and what else it says is found.
func TestExplainLongLog(t *testing.T) {
	log := strings.Repeat("ERROR failed calling webhook \"other.example.com\": timeout; state: RUNNING\n", 2000) + "Workload identity is " +
		"not enabled\n"
	if got := names(explain.Explain(log)); got != "revision-stalled/workload-identity-disabled" {
		t.Errorf("got %q", got)
	}
}

func FuzzExplain(f *testing.F) {
	for _, c := range explained {
		f.Add(c.text)
		f.Add(noises[4].apply(c.text))
	}
	for _, c := range meshtest.StopMessages {
		f.Add(c.English)
		f.Add(c.Chinese)
	}
	f.Add("\x1b[\\\\u4e2d\\x1b[31m\\")
	f.Fuzz(func(t *testing.T, text string) {
		got := explain.Explain(text)
		complete(t, got)
		for _, x := range got {
			if catalogue.Describe(x.Code).Means == "" {
				t.Errorf("%q is %q, which is not in the catalogue", text, x.Code)
			}
			if !utf8.ValidString(x.Evidence) || len(x.Evidence) > 500 {
				t.Errorf("evidence %q", x.Evidence)
			}
		}
		if names(got) != names(explain.Explain(text)) {
			t.Error("the same text is explained in two ways")
		}
	})
}

// BenchmarkExplain reads logs of a megabyte: one of unrelated lines, one full of
// what almost is a message, one of escapes.
func BenchmarkExplain(b *testing.B) {
	for name, line := range map[string]string{
		"unrelated": "2026-11-22T13:40:29Z INFO request served path=/a/b/c status=200 duration=12ms\n",
		"near matches": "failed calling webhook MutatingWebhookConfiguration x contains a webhook with URL of https://y/ and project has not " +
			"been used in project state: controlPlaneManagement\n",
		"escapes": `\\u4ee3\\u7ba1\\u5f0f\n\"\x1b[31m&quot;` + "│ ",
	} {
		log := strings.Repeat(line, 1<<20/len(line))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(log)))
			for b.Loop() {
				explain.Explain(log)
			}
		})
	}
}

func TestNextCommand(t *testing.T) {
	const member = "projects/prod-fleet/locations/europe-west1/memberships/orders"
	for want, f := range map[string]catalogue.Finding{
		"gcloud services enable connectgateway.googleapis.com --project=prod-fleet": {Code: catalogue.ServiceDisabled,
			Detail: mesh.GatewayService, Subject: "projects/prod-fleet"},
		"kubectl get pods --all-namespaces -l dataplane-upgrade=failed": {Code: catalogue.ProxiesFailed, Subject: member},
		"gcloud container fleet memberships list --project=prod-fleet":  {Code: catalogue.ClusterMissing, Subject: member},
		"": {Code: catalogue.ControlPlaneState + "x", Subject: member},
		"terraform-provider-asm diagnose --membership=" + member: {Code: catalogue.Unreadable, Subject: member + "x", Meant: member},
	} {
		if got := explain.NextCommand(f); got != want {
			t.Errorf("%s: %q, want %q", f.Code, got, want)
		}
	}
	// Its own words lead no one in a circle from explain to diagnose and back.
	if got := explain.NextCommand(catalogue.Finding{Code: catalogue.BindingTugOfWar, Subject: "projects/prod-fleet"}); !strings.Contains(got,
		"logging read") || !strings.Contains(got, "--project=prod-fleet") {
		t.Errorf("a tug-of-war: %q", got)
	}
}
