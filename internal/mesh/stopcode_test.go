package mesh_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

const (
	oldURL = "https://old.example.run.app/inject/ISTIO_META_CLOUDRUN_ADDR/old.example.run.app"
	newURL = "https://new.example.run.app:443/inject/ISTIO_META_CLOUDRUN_ADDR/new.example.run.app:443"
)

var stopCases = []struct {
	code      mesh.StopCode
	reason    string
	english   string
	chinese   string
	variables map[string]string
	fixable   bool
	inferred  bool // the English wording
}{
	{
		mesh.StopNotGKE, mesh.ReasonPreconditionFailed,
		"Only GKE memberships are supported but gke-1 is not a GKE cluster.",
		"仅支持 GKE 成员资格,但 gke-1 不是 GKE 集群。",
		map[string]string{"CLUSTER_NAME": "gke-1"}, false, false,
	},
	{
		mesh.StopName, mesh.ReasonPreconditionFailed,
		"Unsupported ControlPlaneRevision name: asm-mine", "不受支持的 ControlPlaneRevision 名称:asm-mine",
		map[string]string{"NAME": "asm-mine"}, true, false,
	},
	{
		mesh.StopNamespace, mesh.ReasonPreconditionFailed,
		"Unsupported ControlPlaneRevision namespace: default", "不受支持的 ControlPlaneRevision 命名空间:default",
		map[string]string{"NAMESPACE": "default"}, true, false,
	},
	{
		mesh.StopChannel, mesh.ReasonPreconditionFailed,
		"Unsupported channel rapid for ControlPlaneRevision with nameasm-managed. Expected regular", // as the page prints it
		"名为 asm-managed 的 ControlPlaneRevision 的渠道 rapid 不受支持。预期的 regular",
		map[string]string{"CHANNEL": "rapid", "NAME": "asm-managed", "OTHER_CHANNEL": "regular"}, true, false,
	},
	{
		mesh.StopChannelMissing, mesh.ReasonPreconditionFailed,
		"Channel must not be omitted or blank", "渠道值不能省略,也不能留空", nil, true, false,
	},
	{
		mesh.StopType, mesh.ReasonPreconditionFailed,
		"Unsupported control plane revision type: in_cluster", "不受支持的控制平面修订版本类型:in_cluster",
		map[string]string{"TYPE": "in_cluster"}, true, false,
	},
	{
		mesh.StopKubernetesVersion, mesh.ReasonPreconditionFailed,
		"Unsupported Kubernetes version: v1.14.10-gke.36", "不支持的 Kubernetes 版本:v1.14.10-gke.36",
		map[string]string{"VERSION": "v1.14.10-gke.36"}, false, false,
	},
	{
		mesh.StopWorkloadIdentity, mesh.ReasonPreconditionFailed,
		"Workload identity is not enabled", "未启用 Workload Identity", nil, true, false,
	},
	{
		mesh.StopWorkloadPool, mesh.ReasonPreconditionFailed,
		"Unsupported workload pool: other.hub.id.goog", "不受支持的工作负载池:other.hub.id.goog",
		map[string]string{"POOL": "other.hub.id.goog"}, true, false,
	},
	{
		mesh.StopProject, mesh.ReasonPreconditionFailed,
		"Cluster project and environ project do not match", "集群项目和 environ 项目不匹配", nil, false, true,
	},
	{
		mesh.StopClusterUpdate, mesh.ReasonProvisioningFailed,
		"An error occurred updating cluster resources", "更新集群资源时出错", nil, false, false,
	},
	{
		mesh.StopMutatingURL, mesh.ReasonProvisioningFailed,
		`MutatingWebhookConfiguration "istiod-asm-managed" contains a webhook with URL of ` + oldURL + ` but expected ` + newURL,
		`MutatingWebhookConfiguration "istiod-asm-managed"包含网址为 ` + oldURL + ` 的网络钩子,但预期的网址是 ` + newURL,
		map[string]string{"NAME": "istiod-asm-managed", "EXISTING_URL": oldURL, "EXPECTED_URL": newURL}, true, false,
	},
	{
		mesh.StopValidatingURL, mesh.ReasonProvisioningFailed,
		`ValidatingWebhookConfiguration istiod-istio-system-mcp contains a webhook with URL of ` + oldURL + ` but expected ` + newURL,
		`ValidatingWebhookConfiguration istiod-istio-system-mcp 包含网址为 ` + oldURL + ` 的网络钩子,但预期的网址是 ` + newURL,
		map[string]string{"NAME": "istiod-istio-system-mcp", "EXISTING_URL": oldURL, "EXPECTED_URL": newURL}, true, false,
	},
}

// distortions are spellings that mean the same. Those that change the case of a
// variable's value are told by keepsCase.
var distortions = []struct {
	name      string
	keepsCase bool
	apply     func(string) string
}{
	{"as printed", true, func(s string) string { return s }},
	{"upper case", false, strings.ToUpper},
	{"lower case", false, strings.ToLower},
	{"doubled blanks and line breaks", true, func(s string) string { return "\n  " + strings.ReplaceAll(s, " ", " \n\t ") + " \n" }},
	{"no-break and ideographic blanks", true, func(s string) string { return "\u00a0" + strings.ReplaceAll(s, " ", "\u3000") + "\u200b" }},
	{"no blanks", true, func(s string) string { return strings.ReplaceAll(s, " ", "") }},
	{"full-width punctuation", true, func(s string) string {
		return strings.NewReplacer(": ", "\uff1a", ", ", "\uff0c", "\"", "\u201d").Replace(s)
	}},
	{"a full stop", true, func(s string) string { return strings.TrimRight(s, ".。") + " ." }},
}

func TestParseStop(t *testing.T) {
	if len(stopCases) != 13 {
		t.Fatalf("the seed has 13 stop codes, this table %d", len(stopCases))
	}
	for _, c := range stopCases {
		for language, message := range map[string]string{"English": c.english, "Chinese": c.chinese} {
			for _, d := range distortions {
				t.Run(string(c.code)+"/"+language+"/"+d.name, func(t *testing.T) {
					given := d.apply(message)
					got := mesh.ParseStop(c.reason, given)
					if got.Code != c.code {
						t.Fatalf("%q is %s", given, got.Code)
					}
					if got.Message != given {
						t.Errorf("the message %q is not kept whole: %q", given, got.Message)
					}
					same := maps.EqualFunc(got.Variables, c.variables, func(a, b string) bool {
						return a == b || !d.keepsCase && strings.EqualFold(a, b)
					})
					if !same {
						t.Errorf("%q gives %v, want %v", given, got.Variables, c.variables)
					}
					if got.Reason != c.reason || got.Explanation == "" || got.Remedy == "" {
						t.Errorf("reason %q, explanation %q, remedy %q", got.Reason, got.Explanation, got.Remedy)
					}
					if (got.MechanicalFix != "") != c.fixable {
						t.Errorf("mechanical fix %q", got.MechanicalFix)
					}
					if want := language == "Chinese" || !c.inferred; got.Established != want {
						t.Errorf("established is %t", got.Established)
					}
				})
			}
		}
	}
}

func TestParseStopFillsInTheReason(t *testing.T) {
	if got := mesh.ParseStop("", "Workload identity is not enabled"); got.Reason != mesh.ReasonPreconditionFailed {
		t.Errorf("reason %q", got.Reason)
	}
	if got := mesh.ParseStop(" Other ", "Workload identity is not enabled"); got.Reason != "Other" {
		t.Errorf("a reported reason is replaced by %q", got.Reason)
	}
}

func TestParseStopUnknown(t *testing.T) {
	for _, message := range []string{
		"",
		"  The moon is in the way.\n",
		"Workload identity is not enabled, and the moon is in the way",
		"Unsupported ControlPlaneRevision name", // cut off before the colon
		"Unsupported Kubernetes version: v1.14 or so",
	} {
		got := mesh.ParseStop("PreconditionFailed", message)
		if got.Code != mesh.StopUnknown || got.Message != message || got.Established || got.MechanicalFix != "" || got.Explanation == "" {
			t.Errorf("%q gives %+v", message, got)
		}
	}
}

func FuzzParseStop(f *testing.F) {
	for _, c := range stopCases {
		f.Add(c.reason, c.english)
		f.Add(c.reason, c.chinese)
	}
	f.Fuzz(func(t *testing.T, reason, message string) {
		got := mesh.ParseStop(reason, message)
		if got.Message != message || got.Variables == nil || got.Code == "" || got.Explanation == "" {
			t.Errorf("%q gives %+v", message, got)
		}
		spaced := mesh.ParseStop(reason, " \t"+strings.ReplaceAll(message, " ", "  ")+"\n")
		if spaced.Code != got.Code || !maps.Equal(spaced.Variables, got.Variables) {
			t.Errorf("%q is %s %v, with more blanks %s %v", message, got.Code, got.Variables, spaced.Code, spaced.Variables)
		}
	})
}
