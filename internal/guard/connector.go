package guard

import (
	"encoding/json"
	"strings"
)

// Config Connector manages Google Cloud by Kubernetes objects, with the semantics of the google provider that it is built
// on: its objects are translated into the resources of that, and judged by the same rows.

const connectorGroup = ".cnrm.cloud.google.com"

// connected are the kinds that are translated, and the types that they become.
var connected = map[string]struct {
	kind string
	of   func(spec, object value) map[string]any
}{
	"IAMPolicy":               {"google_project_iam_policy", connectPolicy},
	"IAMPartialPolicy":        {"google_project_iam_member", connectPartial},
	"IAMPolicyMember":         {"google_project_iam_member", connectMember},
	"Service":                 {"google_project_service", connectService},
	"Project":                 {"google_project", connectProject},
	"ContainerCluster":        {"google_container_cluster", connectCluster},
	"ContainerNodePool":       {"google_container_node_pool", connectNodePool},
	"GKEHubMembership":        {"google_gke_hub_membership", connectMembership},
	"GKEHubFeature":           {"google_gke_hub_feature", connectFeature},
	"GKEHubFeatureMembership": {"google_gke_hub_feature_membership", connectFeatureMembership},
}

// connect translates a change of an object of Config Connector.
func connect(c *change) {
	v := c.after
	if v.raw == nil {
		v = c.before
	}
	group, _, _ := strings.Cut(v.get("apiVersion").text(), "/")
	to, known := connected[v.get("kind").text()]
	if !known || !strings.HasSuffix(group, connectorGroup) {
		return
	}
	c.kind, c.source = to.kind, "https://cloud.google.com/config-connector/docs/reference/overview"
	switch {
	case len(c.actions) == 1 && c.actions[0] == "delete":
		c.instead = "Keep the object, or annotate it with cnrm.cloud.google.com/deletion-policy: abandon (a Service: " +
			"cnrm.cloud.google.com/disable-on-destroy: \"false\") and apply that before it is removed."
	case strings.HasPrefix(v.get("kind").text(), "IAM"):
		c.instead = "List the mesh service agent there, or grant its role with IAMPolicyMember, which owns one member alone, and remove the " +
			"object that owns all of them."
	default:
		c.instead = "Keep what the object had before."
	}
	for _, side := range []*value{&c.before, &c.after} {
		if side.raw == nil {
			continue
		}
		attributes := to.of(side.get("spec"), *side)
		if attributes == nil { // it is about something else than a project
			c.kind = ""
			return
		}
		notes := side.at("metadata", "annotations").labels()
		if c.actions[0] == "delete" && notes["cnrm.cloud.google.com/deletion-policy"] == "abandon" {
			c.actions = []string{"forget"}
		}
		*side = value{raw: attributes}
	}
}

// referent is the name of what a reference points to.
func referent(ref value) string {
	if external := ref.get("external").text(); external != "" {
		return lastPart(external)
	}
	return ref.get("name").text()
}

// homeProject is the project of an object: what it refers to, its annotation, or its namespace.
func homeProject(spec, object value) string {
	if p := referent(spec.get("projectRef")); p != "" {
		return p
	}
	if p := object.at("metadata", "annotations").labels()["cnrm.cloud.google.com/project-id"]; p != "" {
		return p
	}
	return object.at("metadata", "namespace").text()
}

func resourceID(spec, object value) string {
	if id := spec.get("resourceID").text(); id != "" {
		return id
	}
	return object.at("metadata", "name").text()
}

// policyOf is the project, folder or organization that a policy is on; nil for anything else.
func policyOf(spec value) map[string]any {
	ref := spec.get("resourceRef")
	name := referent(ref)
	switch ref.get("kind").text() {
	case "Project":
		return map[string]any{"project": name}
	case "Folder":
		return map[string]any{"folder": "folders/" + name}
	case "Organization":
		return map[string]any{"org_id": name}
	}
	return nil
}

func connectPolicy(spec, _ value) map[string]any {
	on := policyOf(spec)
	if on != nil {
		raw, _ := json.Marshal(map[string]any{"bindings": spec.get("bindings").raw})
		on["policy_data"] = string(raw)
	}
	return on
}

// connectPartial finds the mesh service agent among the members that a partial policy adds; it owns nobody else.
func connectPartial(spec, _ value) map[string]any {
	on := policyOf(spec)
	if on == nil {
		return nil
	}
	for _, b := range spec.get("bindings").items() {
		for _, m := range b.get("members").items() {
			if who := m.get("member").text(); agentOf(who) != "" {
				on["role"], on["member"], on["condition"] = b.get("role").raw, who, asList(b.get("condition").raw)
			}
		}
	}
	return on
}

func connectMember(spec, _ value) map[string]any {
	on := policyOf(spec)
	if on != nil {
		on["role"], on["member"], on["condition"] = spec.get("role").raw, spec.get("member").raw, asList(spec.get("condition").raw)
	}
	return on
}

func asList(v any) any {
	if v == nil {
		return nil
	}
	return []any{v}
}

// connectService: deleting the object disables the API, unless an annotation says otherwise.
func connectService(spec, object value) map[string]any {
	notes := object.at("metadata", "annotations").labels()
	return map[string]any{
		"project": homeProject(spec, object), "service": resourceID(spec, object),
		"disable_on_destroy":         notes["cnrm.cloud.google.com/disable-on-destroy"] != "false",
		"disable_dependent_services": notes["cnrm.cloud.google.com/disable-dependent-services"] == "true",
	}
}

func connectProject(spec, object value) map[string]any {
	return map[string]any{"project_id": resourceID(spec, object), "billing_account": referent(spec.get("billingAccountRef"))}
}

func connectCluster(spec, object value) map[string]any {
	at := spec.get("workloadIdentityConfig")
	pool := at.get("workloadPool").raw
	if pool == nil {
		pool = at.get("identityNamespace").raw
	}
	a := map[string]any{
		"project": homeProject(spec, object), "name": resourceID(spec, object), "location": spec.get("location").raw,
		"node_config": asList(connectNodes(spec.get("nodeConfig"))),
	}
	if at.raw != nil {
		a["workload_identity_config"] = []any{map[string]any{"workload_pool": pool}}
	}
	return a
}

func connectNodes(config value) any {
	m := config.get("workloadMetadataConfig")
	if m.raw == nil {
		return nil
	}
	return map[string]any{"workload_metadata_config": []any{map[string]any{
		"mode": m.get("mode").raw, "node_metadata": m.get("nodeMetadata").raw,
	}}}
}

func connectNodePool(spec, object value) map[string]any {
	return map[string]any{
		"project": homeProject(spec, object), "cluster": referent(spec.get("clusterRef")), "name": resourceID(spec, object),
		"node_config": asList(connectNodes(spec.get("nodeConfig"))),
	}
}

func connectMembership(spec, object value) map[string]any {
	a := map[string]any{
		"project": homeProject(spec, object), "location": spec.get("location").raw, "membership_id": resourceID(spec, object),
	}
	if issuer := spec.get("authority").get("issuer").raw; issuer != nil {
		a["authority"] = []any{map[string]any{"issuer": issuer}}
	}
	return a
}

func connectFeature(spec, object value) map[string]any {
	return map[string]any{"project": homeProject(spec, object), "name": resourceID(spec, object)}
}

func connectFeatureMembership(spec, object value) map[string]any {
	a := map[string]any{
		"project": homeProject(spec, object), "feature": referent(spec.get("featureRef")), "membership": referent(spec.get("membershipRef")),
		"membership_location": spec.get("membershipLocation").raw,
	}
	if m := spec.get("mesh"); m.raw != nil {
		a["mesh"] = []any{map[string]any{"management": m.get("management").raw, "control_plane": m.get("controlPlane").raw}}
	}
	return a
}
