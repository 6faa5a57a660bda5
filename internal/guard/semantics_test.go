package guard_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/guard"
)

const (
	agent    = `"serviceAccount:service-100000000001@gcp-sa-servicemesh.iam.gserviceaccount.com"`
	stranger = `"serviceAccount:service-200000000002@gcp-sa-servicemesh.iam.gserviceaccount.com"`
	role     = `"role":"roles/anthosservicemesh.serviceAgent"`
)

// entry is an entry of resource_changes. The parts of change are JSON; "" is left out.
func entry(address, actions, before, after, unknown string) string {
	kind := address[:strings.IndexByte(address, '.')]
	var b strings.Builder
	fmt.Fprintf(&b, `{"address":%q,"mode":"managed","type":%q,"name":"x","provider_name":"registry.terraform.io/hashicorp/google","change":{"actions":["%s"]`,
		address, kind, strings.ReplaceAll(actions, "+", `","`))
	for name, part := range map[string]string{"before": before, "after": after, "after_unknown": unknown} {
		if part != "" {
			fmt.Fprintf(&b, `,%q:%s`, name, part)
		}
	}
	return b.String() + "}}"
}

func planOf(head string, entries ...string) []byte {
	return []byte(`{"format_version":"1.2","terraform_version":"1.16.0","planned_values":{},` + head + `"resource_changes":[` +
		strings.Join(entries, ",") + `]}`)
}

func policy(members ...string) string {
	raw, _ := json.Marshal(fmt.Sprintf(`{"bindings":[{%s,"members":[%s]}]}`, role, strings.Join(members, ",")))
	return `{"project":"p-one","policy_data":` + string(raw) + `}`
}

func member(project, who string) string {
	return fmt.Sprintf(`{"project":%q,%s,"member":%s}`, project, role, who)
}

func binding(project string, who ...string) string {
	return fmt.Sprintf(`{"project":%q,%s,"members":[%s]}`, project, role, strings.Join(who, ","))
}

// What providers do, beyond what the recorded plans show.
func TestSemantics(t *testing.T) {
	t.Parallel()
	const cluster = `{"project":"p-one","location":"us-central1","name":"c","fleet":[{"project":"100000000001","membership_id":"c"}],
		"workload_identity_config":[{"workload_pool":"p-one.svc.id.goog"}],"node_pool":[{"name":"a","node_config":[{"workload_metadata_config":[{"mode":"%s"}]}]}]}`
	const membershipOf = `{"project":"p-fleet","feature":"servicemesh","membership":"c","membership_location":"%s","mesh":[{"management":"MANAGEMENT_AUTOMATIC"}]}`
	newProject := entry("google_project.new", "create", "null", `{"project_id":"p-one"}`, `{"number":true}`)
	for name, tc := range map[string]struct {
		want guard.Verdict
		plan []byte
	}{
		// A grant is one entry of a set: which resource wrote it makes no difference to what a delete removes.
		"member destroyed, another owner rests": {guard.Breaks, planOf("",
			entry("google_project_iam_member.a", "delete", member("p-one", agent), "null", ""),
			entry("google_project_iam_member.b", "no-op", member("p-one", agent), member("p-one", agent), ""))},
		"member destroyed, binding written anew": {guard.Unknown, planOf("",
			entry("google_project_iam_member.a", "delete", member("p-one", agent), "null", ""),
			entry("google_project_iam_binding.b", "update", binding("p-one", agent), binding("p-one", agent, `"user:x@example.com"`), ""))},
		"member destroyed, asm binding created": {guard.Unknown, planOf("",
			entry("google_project_iam_member.a", "delete", member("p-one", agent), "null", ""),
			entry("asm_service_agent_binding.b", "create", "null", member("p-one", agent), ""))},
		"member forgotten, asm binding created": {guard.Harmless, planOf("",
			entry("google_project_iam_member.a", "forget", member("p-one", agent), "null", ""),
			entry("asm_service_agent_binding.b", "create", "null", member("p-one", agent), ""))},
		"the other project's grant does not help": {guard.Breaks, planOf("",
			entry("google_project_iam_member.a", "delete", member("p-one", agent), "null", ""),
			entry("google_project_iam_member.b", "create", "null", member("p-two", agent), ""))},
		"a number and an id may be one project": {guard.Unknown, planOf("",
			entry("google_project_iam_member.a", "delete", member("projects/123", agent), "null", ""),
			entry("google_project_iam_member.b", "create", "null", member("p-one", agent), ""))},
		"another fleet's agent": {guard.Harmless, planOf("",
			entry("google_project_iam_member.a", "delete", member("p-one", stranger), "null", ""))},
		"binding replaced, the new one is conditional": {guard.Breaks, planOf("",
			entry("google_project_iam_binding.a", "delete+create", binding("p-one", agent),
				`{"project":"p-one",`+role+`,"members":[`+agent+`],"condition":[{"title":"t","expression":"e"}]}`, ""))},
		"policy replaced although it lists the agent": {guard.Breaks, planOf("",
			entry("google_project_iam_policy.a", "delete+create", policy(agent), policy(agent), ""))},
		"policy forgotten and created without the agent": {guard.Breaks, planOf("",
			entry("google_project_iam_policy.a", "forget+create", policy(agent), policy(), ""))},
		"policy of a new project": {guard.Harmless, planOf("", newProject,
			entry("google_project_iam_policy.a", "create", "null", policy(`"user:x@example.com"`), ""))},
		"policy that is no JSON": {guard.Unknown, planOf("",
			entry("google_project_iam_policy.a", "update", policy(agent), `{"project":"p-one","policy_data":"{"}`, ""))},
		"binding whose role is not known": {guard.Unknown, planOf("",
			entry("google_project_iam_binding.a", "create", "null", `{"project":"p-one","members":["user:x@example.com"]}`, `{"role":true}`))},
		"folder member destroyed": {guard.Breaks, planOf("",
			entry("google_folder_iam_member.a", "delete", `{"folder":"folders/1",`+role+`,"member":`+agent+`}`, "null", ""))},
		"removal of an unknown member": {guard.Unknown, planOf("",
			entry("google_project_iam_member_remove.a", "create", "null", `{"project":"p-one",`+role+`}`, `{"member":true}`))},

		"service under a new address": {guard.Unknown, planOf("",
			entry("google_project_service.a", "delete", `{"project":"p-one","service":"mesh.googleapis.com","disable_on_destroy":true}`, "null", ""),
			entry("google_project_service.b", "create", "null", `{"project":"p-one","service":"mesh.googleapis.com"}`, ""))},
		"foundation with its dependents": {guard.Unknown, planOf("", entry("google_project_service.a", "delete",
			`{"project":"p-one","service":"iam.googleapis.com","disable_on_destroy":true,"disable_dependent_services":true}`, "null", ""))},
		"a product with its dependents": {guard.Harmless, planOf("", entry("google_project_service.a", "delete",
			`{"project":"p-one","service":"bigquery.googleapis.com","disable_on_destroy":true,"disable_dependent_services":true}`, "null", ""))},
		"project without billing": {guard.Breaks, planOf("",
			entry("google_project.a", "update", `{"project_id":"p-one","billing_account":"0"}`, `{"project_id":"p-one","billing_account":""}`, ""))},
		"project abandoned by an older provider": {guard.Harmless, planOf("",
			entry("google_project.a", "delete", `{"project_id":"p-one","skip_delete":true}`, "null", ""))},

		"cluster that is in no fleet": {guard.Harmless, planOf("",
			entry("google_container_cluster.a", "delete", `{"project":"p-one","location":"l","name":"c","fleet":[]}`, "null", ""))},
		"cluster of a provider without the attribute fleet": {guard.Breaks, planOf("",
			entry("google_container_cluster.a", "delete", `{"project":"p-one","location":"l","name":"c"}`, "null", ""))},
		"cluster of another fleet": {guard.Harmless, planOf("",
			entry("google_container_cluster.a", "delete", `{"project":"p-one","name":"c","fleet":[{"project":"200000000002"}]}`, "null", ""))},
		"node pool of a cluster in no fleet": {guard.Harmless, planOf("",
			entry("google_container_cluster.a", "no-op", `{"project":"p-one","name":"c","fleet":[],"workload_identity_config":[{"workload_pool":"p-one.svc.id.goog"}]}`,
				`{"project":"p-one","name":"c","fleet":[]}`, ""),
			entry("google_container_node_pool.a", "create", "null",
				`{"project":"p-one","cluster":"c","name":"n","node_config":[{"workload_metadata_config":[{"mode":"GCE_METADATA"}]}]}`, ""))},
		"membership of the same id elsewhere": {guard.Breaks, planOf("",
			entry("google_gke_hub_membership.a", "delete", `{"project":"p-fleet","membership_id":"c","location":"us-central1"}`, "null", ""),
			entry("google_gke_hub_membership.b", "create", "null", `{"project":"p-fleet","membership_id":"c","location":"global"}`, ""))},
		"membership under a new address": {guard.Unknown, planOf("",
			entry("google_gke_hub_membership.a", "delete", `{"project":"p-fleet","membership_id":"c"}`, "null", ""),
			entry("google_gke_hub_membership.b", "create", "null", `{"project":"p-fleet","membership_id":"c","location":"global"}`, ""))},
		"billing taken away": {guard.Breaks, planOf("",
			entry("google_billing_project_info.a", "delete", `{"project":"p-one","billing_account":"0"}`, "null", ""))},
		"inline node pool": {guard.Breaks, planOf("", entry("google_container_cluster.a", "update",
			fmt.Sprintf(cluster, "GKE_METADATA"), fmt.Sprintf(cluster, "GCE_METADATA"), ""))},
		"inline node pool that had it before": {guard.Harmless, planOf("", entry("google_container_cluster.a", "update",
			fmt.Sprintf(cluster, "GCE_METADATA"), fmt.Sprintf(cluster, "GCE_METADATA"), ""))},
		"node pool of a new cluster": {guard.Harmless, planOf("",
			entry("google_container_cluster.a", "create", "null", `{"project":"p-one","location":"l","name":"c"}`, ""),
			entry("google_container_node_pool.a", "create", "null",
				`{"project":"p-one","cluster":"c","name":"n","node_config":[{"workload_metadata_config":[{"mode":"GCE_METADATA"}]}]}`, ""))},
		"node pool whose mode is not known": {guard.Unknown, planOf("", entry("google_container_node_pool.a", "create", "null",
			`{"project":"p-one","cluster":"c","name":"n","node_config":[{"workload_metadata_config":[{}]}]}`,
			`{"node_config":[{"workload_metadata_config":[{"mode":true}]}]}`))},
		"node pool that leaves the mode to GKE": {guard.Harmless, planOf("", entry("google_container_node_pool.a", "create", "null",
			`{"project":"p-one","cluster":"c","name":"n","node_config":[{"machine_type":"e2-medium"}]}`,
			`{"node_config":[{"workload_metadata_config":true}]}`))},

		"spec of the same id elsewhere": {guard.Breaks, planOf("",
			entry("google_gke_hub_feature_membership.a", "delete", fmt.Sprintf(membershipOf, "us-central1"), "null", ""),
			entry("google_gke_hub_feature_membership.b", "create", "null", fmt.Sprintf(membershipOf, "europe-west1"), ""))},
		"spec handed over to asm_mesh_management": {guard.Unknown, planOf("",
			entry("google_gke_hub_feature_membership.a", "delete", fmt.Sprintf(membershipOf, "us-central1"), "null", ""),
			entry("asm_mesh_management.b", "create", "null",
				`{"membership":"projects/p-fleet/locations/us-central1/memberships/c","management":"MANAGEMENT_AUTOMATIC"}`, ""))},

		"namespace: another label is not known": {guard.Harmless, planOf("", entry("kubernetes_namespace.a", "update",
			`{"metadata":[{"name":"n","labels":{"istio.io/rev":"asm-managed"}}]}`, `{"metadata":[{"name":"n","labels":{"istio.io/rev":"asm-managed"}}]}`,
			`{"metadata":[{"labels":{"team":true}}]}`))},
		"namespace: its labels are not known": {guard.Unknown, planOf("", entry("kubernetes_namespace.a", "update",
			`{"metadata":[{"name":"n","labels":{"istio.io/rev":"asm-managed"}}]}`, `{"metadata":[{"name":"n"}]}`, `{"metadata":[{"labels":true}]}`))},
		"namespace istio-system": {guard.Breaks, planOf("",
			entry("kubernetes_namespace.a", "delete", `{"metadata":[{"name":"istio-system"}]}`, "null", ""))},
		"namespace of an application": {guard.Harmless, planOf("",
			entry("kubernetes_namespace.a", "delete", `{"metadata":[{"name":"n","labels":{"istio.io/rev":"asm-managed"}}]}`, "null", ""))},
		"kubectl_manifest: definition": {guard.Breaks, planOf("", entry("kubectl_manifest.a", "delete",
			`{"yaml_body":"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: virtualservices.networking.istio.io}\n"}`, "null", ""))},
		"kubectl_manifest: applied only": {guard.Harmless, planOf("", entry("kubectl_manifest.a", "delete",
			`{"apply_only":true,"yaml_body":"apiVersion: mesh.cloud.google.com/v1beta1\nkind: ControlPlaneRevision\nmetadata: {name: asm-managed}\n"}`, "null", ""))},
		"helm: a second control plane": {guard.Unknown, planOf("", entry("helm_release.a", "create", "null",
			`{"name":"istiod","chart":"istiod","repository":"https://istio-release.storage.googleapis.com/charts","namespace":"istio-system"}`, ""))},

		"organization policy refuses GKE": {guard.Breaks, planOf("", entry("google_org_policy_policy.a", "create", "null",
			`{"name":"projects/p-one/policies/gcp.restrictServiceUsage","parent":"projects/p-one","spec":[{"rules":[{"values":[{"denied_values":["container.googleapis.com"]}]}]}]}`, ""))},
		"organization policy allows the mesh": {guard.Harmless, planOf("", entry("google_org_policy_policy.a", "create", "null",
			`{"name":"projects/p-one/policies/compute.requireOsLogin","parent":"projects/p-one","spec":[{"rules":[{"enforce":"TRUE"}]}]}`, ""))},
		"deny policy against the agent": {guard.Breaks, planOf("", entry("google_iam_deny_policy.a", "create", "null",
			`{"parent":"cloudresourcemanager.googleapis.com%2Fprojects%2Fp-one","rules":[{"deny_rule":[{"denied_permissions":["container.googleapis.com/clusters.get"],
			"denied_principals":["principal://iam.googleapis.com/projects/-/serviceAccounts/service-100000000001@gcp-sa-servicemesh.iam.gserviceaccount.com"]}]}]}`, ""))},
		"perimeter around the mesh": {guard.Unknown, planOf("", entry("google_access_context_manager_service_perimeter.a", "create", "null",
			`{"name":"n","status":[{"resources":["projects/1"],"restricted_services":["mesh.googleapis.com"]}]}`, ""))},
		"perimeter around storage": {guard.Harmless, planOf("", entry("google_access_context_manager_service_perimeter.a", "create", "null",
			`{"name":"n","status":[{"resources":["projects/1"],"restricted_services":["storage.googleapis.com"]}]}`, ""))},

		// The shape of a plan.
		"an action of a later version": {guard.Unknown, planOf("",
			entry("google_project_iam_member.a", "abolish", member("p-one", agent), "null", ""))},
		"a delete without what was there": {guard.Unknown, planOf("",
			entry("google_project_iam_member.a", "delete", "null", "null", ""))},
		"a failed plan without resources of the mesh": {guard.Unknown, planOf(`"errored":true,`)},
		"a deferred delete": {guard.Unknown, planOf(`"complete":false,"deferred_changes":[{"reason":"provider_config_unknown","resource_change":` +
			entry("google_project_iam_member.a", "delete", member("p-one", agent), "null", "") + `}],`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := judge(t, name, tc.plan, fleet, guard.Fleet{Project: "p-fleet", Number: "100000000001"})
			if r.Verdict != tc.want {
				t.Errorf("%s, want %s: %+v", r.Verdict, tc.want, r.Findings)
			}
			for _, f := range r.Findings {
				if f.Address == "" || f.Reason == "" || f.Instead == "" || f.Source == "" || f.Subject == "" {
					t.Errorf("a part is missing: %+v", f)
				}
			}
		})
	}
}

// A fleet that is given by its number alone, or by its id alone, is the same fleet.
func TestFleetsByIdAndNumber(t *testing.T) {
	t.Parallel()
	for _, project := range []string{"p-fleet", "100000000001"} {
		plan := planOf("", entry("google_gke_hub_feature.a", "delete", `{"project":"`+project+`","name":"servicemesh"}`, "null", ""))
		for given, want := range map[string]guard.Verdict{
			"p-fleet": guard.Breaks, "100000000001": guard.Breaks, "p-fleet=100000000001": guard.Breaks, "p-other=300000000003": guard.Harmless,
		} {
			f, err := guard.ParseFleet(given)
			if err != nil {
				t.Fatal(err)
			}
			if r := judge(t, given, plan, f); r.Verdict != want {
				t.Errorf("feature of %s, --fleet-project %s: %s, want %s", project, given, r.Verdict, want)
			}
		}
	}
}

// Sensitive values decide, and are nowhere in the result.
func TestSensitiveValuesAreNotPrinted(t *testing.T) {
	t.Parallel()
	const change = `{"actions":["%s"],"before":%s,"after":%s,"after_unknown":{},"before_sensitive":%s,"after_sensitive":%s}`
	one := func(kind, actions, before, after, marks string) []byte {
		return planOf("", fmt.Sprintf(`{"address":"%s.x","mode":"managed","type":"%s","change":`+change+`}`, kind, kind, actions, before, after, marks, marks))
	}
	for name, plan := range map[string][]byte{
		"set as a whole": one("google_project_iam_binding", "update", `{"project":"s3cret",`+role+`,"members":[`+agent+`]}`,
			`{"project":"s3cret",`+role+`,"members":["user:s3cret@example.com"]}`, `{"project":true,"members":true}`),
		"policy":    one("google_project_iam_policy", "update", policy(agent), policy(`"user:s3cret@example.com"`), `{"policy_data":true}`),
		"all":       one("google_container_cluster", "delete", `{"project":"s3cret","name":"s3cret","location":"s3cret"}`, "null", "true"),
		"document":  one("kubectl_manifest", "delete", `{"yaml_body":"{apiVersion: mesh.cloud.google.com/v1beta1, kind: ControlPlaneRevision, metadata: {name: s3cret}}"}`, "null", `{"yaml_body":true}`),
		"namespace": one("kubernetes_namespace", "update", `{"metadata":[{"name":"s3cret","labels":{"istio.io/rev":"s3cret"}}]}`, `{"metadata":[{"name":"s3cret","labels":{}}]}`, `{"metadata":true}`),
		"service":   one("google_project_service", "delete", `{"project":"s3cret","service":"mesh.googleapis.com","disable_on_destroy":true}`, "null", `{"project":true}`),
	} {
		r := judge(t, name, plan, fleet)
		raw, err := json.Marshal(r)
		if err != nil || r.Verdict != guard.Breaks {
			t.Errorf("%s: %s, %v", name, r.Verdict, err)
		}
		if strings.Contains(string(raw), "s3cret") || name == "policy" && strings.Contains(string(raw), "100000000001@") {
			t.Errorf("%s: a sensitive value is printed: %s", name, raw)
		}
	}
}
