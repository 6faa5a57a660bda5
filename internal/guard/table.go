package guard

import (
	"maps"
	"slices"
	"strings"
)

// row is what is known about a type of resource.
type row struct {
	judge  func(j *judge, c *change, s step)
	reads  paths  // the attributes that judge reads
	source string // where the provider documents what the type does
	// witness is set where a resource that does not change still says something about those that do.
	witness bool
}

const (
	google     = "https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/"
	kubernetes = "https://registry.terraform.io/providers/hashicorp/kubernetes/latest/docs/resources/"
	asm        = "https://registry.terraform.io/providers/managed-mesh/asm/latest/docs/resources/"
	kubectl    = "https://registry.terraform.io/providers/gavinbunney/kubectl/latest/docs/resources/"
	helmDocs   = "https://registry.terraform.io/providers/hashicorp/helm/latest/docs/resources/release"
	// Google's page on the control plane revisions and labels that a manifest can have.
	manifestDocs = "https://cloud.google.com/service-mesh/docs/provision-control-plane"
	kustomize    = "https://registry.terraform.io/providers/kbst/kustomization/latest/docs/resources/"
)

// attributes makes paths of names, such as "project node_config.mode".
func attributes(names string) paths {
	all := paths{"deletion_policy": nil}
	for _, n := range strings.Fields(names) {
		at := all
		parts := strings.Split(n, ".")
		for _, part := range parts[:len(parts)-1] {
			if at[part] == nil {
				at[part] = paths{}
			}
			at = at[part]
		}
		at[parts[len(parts)-1]] = nil
	}
	return all
}

// rows has a row for each type that can take something from the mesh. A type that is not here takes nothing.
var rows = allRows()

func allRows() map[string]row {
	all := map[string]row{}
	for _, part := range []map[string]row{iamRows(), googleRows(), lockoutRows(), kubernetesRows(), ownRows()} {
		maps.Copy(all, part)
	}
	return all
}

func iamRows() map[string]row {
	all := map[string]row{
		"google_project_iam_member_remove": {
			iamMemberRemove, attributes("project role member"), google + "google_project_iam_member_remove", false,
		},
	}
	for _, of := range []string{"project", "folder", "organization"} {
		source := google + "google_" + of + "_iam"
		all["google_"+of+"_iam_policy"] = row{iamPolicy, attributes("project folder org_id policy_data"), source, true}
		all["google_"+of+"_iam_binding"] = row{
			iamBinding, attributes("project folder org_id role members condition"), source, true,
		}
		all["google_"+of+"_iam_member"] = row{iamMember, attributes("project folder org_id role member condition"), source, true}
	}
	return all
}

func googleRows() map[string]row {
	return map[string]row{
		"google_project": {
			projectOf, attributes("project_id number skip_delete billing_account"), google + "google_project", true,
		},
		"google_billing_project_info": {billing, attributes("project billing_account"), google + "billing_project_info", false},
		"google_project_service": {
			projectService, attributes("project service disable_on_destroy disable_dependent_services"), google + "google_project_service", false,
		},
		"google_container_cluster": {
			containerCluster, attributes("project location name deletion_protection resource_labels fleet workload_identity_config " +
				"node_config.workload_metadata_config node_pool.name " +
				"node_pool.node_config.workload_metadata_config"), google + "container_cluster", true,
		},
		"google_container_node_pool": {
			nodePool, attributes("project cluster name node_config.workload_metadata_config"), google + "container_node_pool", false,
		},
		"google_gke_hub_membership": {
			hubMembership, attributes("project location membership_id authority.issuer endpoint"), google + "gke_hub_membership", true,
		},
		"google_gke_hub_feature": {
			hubFeature, attributes("project name fleet_default_member_config"), google + "gke_hub_feature", false,
		},
		"google_gke_hub_feature_membership": {
			hubFeatureMembership, attributes("project feature membership membership_location mesh"), google + "gke_hub_feature_membership", false,
		},
	}
}

func lockoutRows() map[string]row {
	all := map[string]row{
		"google_org_policy_policy": {orgPolicy, attributes("name parent spec"), google + "org_policy_policy", false},
		"google_iam_deny_policy":   {denyPolicy, attributes("parent rules"), google + "iam_deny_policy", false},
		"google_access_context_manager_service_perimeter": {
			perimeter, attributes("name status"), google + "access_context_manager_service_perimeter", false,
		},
		"google_access_context_manager_service_perimeter_resource": {
			perimeterResource, attributes("resource perimeter_name"), google + "access_context_manager_service_perimeter_resource", false,
		},
		"google_compute_firewall": {
			firewall, attributes("name direction allow deny destination_ranges disabled"), google + "compute_firewall", false,
		},
	}
	for _, of := range []string{"google_project_organization_policy", "google_folder_organization_policy", "google_organization_policy"} {
		all[of] = row{listPolicy, attributes("project folder org_id constraint list_policy"), google + of, false}
	}
	return all
}

func kubernetesRows() map[string]row {
	all := map[string]row{
		"manifest":               {plainObject, nil, manifestDocs, false},
		"kubernetes_labels":      {typedLabels, attributes("api_version kind metadata labels"), kubernetes + "labels", false},
		"kubernetes_annotations": {typedLabels, attributes("api_version kind metadata annotations"), kubernetes + "annotations", false},
		"kubernetes_manifest":    {manifest, attributes("manifest object"), kubernetes + "manifest", false},
		"helm_release":           {helm, attributes("name namespace chart repository"), helmDocs, false},
		"kubectl_manifest":       {document("yaml_body"), attributes("yaml_body apply_only"), kubectl + "kubectl_manifest", false},
		"kustomization_resource": {document("manifest"), attributes("manifest"), kustomize + "resource", false},
	}
	for _, suffix := range []string{"", "_v1"} {
		all["kubernetes_namespace"+suffix] = row{
			typedNamespace, attributes("metadata.name metadata.labels metadata.annotations"), kubernetes + "namespace" + suffix, false,
		}
		all["kubernetes_mutating_webhook_configuration"+suffix] = row{
			typedWebhook, attributes("metadata.name metadata.labels webhook.name webhook.client_config.url " +
				"webhook.client_config.service"), kubernetes + "mutating_webhook_configuration" + suffix, false,
		}
	}
	return all
}

func ownRows() map[string]row {
	return map[string]row{
		"asm_service_agent_binding": {
			ownBinding, attributes("project role member granted fleet_project fleet_project_number"), asm + "service_agent_binding", true,
		},
		"asm_project_services": {ownServices, attributes("project services"), asm + "project_services", false},
		"asm_mesh_management":  {ownManagement, attributes("membership management"), asm + "mesh_management", false},
		"asm_namespace_injection": {
			ownInjection, attributes("membership namespace revision istio_injection"), asm + "namespace_injection", false,
		},
		"asm_managed_data_plane": {
			ownDataPlane, attributes("membership namespace revision managed"), asm + "managed_data_plane", false,
		},
		"asm_workload_pool":       {ownPool, attributes("cluster workload_pool"), asm + "workload_pool", true},
		"asm_membership_identity": {ownIdentity, attributes("membership issuer"), asm + "membership_identity", false},
	}
}

// Types are the types of resources that are judged, sorted.
func Types() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(rows)), func(kind string) bool { return kind == "manifest" })
}
