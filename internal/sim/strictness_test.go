package sim_test

import (
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// What Google refuses for its form alone is refused before anything is done, and leaves no audit entry.
func TestRefusedForms(t *testing.T) {
	c := start(t, sim.Options{})
	const (
		project  = "/v3/projects/" + p1
		services = "/v1/projects/" + p1 + "/services"
		members  = "/v1/projects/" + p1 + "/locations/us-central1/memberships"
		identity = "/v1beta1/projects/" + p1 + "/services/mesh.googleapis.com:generateServiceIdentity"
		patch    = featurePath + "?updateMask=spec,membershipSpecs,fleetDefaultMemberConfig"
		member   = "projects/" + p1 + "/locations/us-central1/memberships/cluster-1"
	)
	spec := func(s string) string { return `{"membershipSpecs":{"` + member + `":` + s + `}}` }
	for _, test := range []struct{ method, host, path, body, say string }{
		{"POST", crm, project + ":setIamPolicy",
			`{"policy":{"auditConfigs":[{"service":"allServices","auditLogConfigs":[{"logType":"DATA_READ"},` +
				`{"logType":"ALL"}]}]},"updateMask":"auditConfigs"}`,
			"policy.audit_configs[0].audit_log_configs[1].log_type"},
		{"POST", crm, "/v1/projects/" + p1 + ":setIamPolicy", `{"policy":{"auditConfigs":[{"auditLogConfigs":[{"logType":"ALL"}]}]}}`,
			"log_type"},
		{"POST", crm, "/v1/projects/" + p1 + ":getAncestry", `{"colour":"red"}`, "colour"},
		{"PATCH", hub, patch, spec(`{"origin":{"type":"ROBOT"}}`), "resource.membership_specs[0].value.origin.type"},
		{"PATCH", hub, patch, spec(`{"mesh":{"management":"AUTOMATIC"}}`), "mesh.management"},
		{"PATCH", hub, patch, spec(`{"mesh":{"controlPlane":"MANAGEMENT_AUTOMATIC"}}`), "mesh.control_plane"},
		{"PATCH", hub, patch, spec(`{"mesh":{"configApi":"ISTIO"}}`), "mesh.config_api"},
		{"PATCH", hub, patch, `{"fleetDefaultMemberConfig":{"mesh":{"management":"AUTOMATIC"}}}`, "fleet_default_member_config.mesh.management"},
		{"PATCH", hub, patch, `{"spec":{"mesh":{"modernizationCompatibility":"ON"}}}`, "spec.mesh.modernization_compatibility"},
		{"PATCH", hub, patch, `{"spec":{"mesh":{"modernizationStrategy":"NEVER"}}}`, "spec.mesh.modernization_strategy"},
		{"PATCH", hub, patch, `{"resourceState":{"state":"ON"}}`, "resource_state.state"},
		{"POST", hub, "/v1/projects/" + p1 + "/locations/global/features?featureId=servicemesh", spec(`{"origin":{"type":"ROBOT"}}`),
			"origin.type"},
		{"PATCH", hub, v2path + "?updateMask=spec&allowMissing=true", `{"spec":{"origin":{"type":"ROBOT"}}}`,
			"membership_feature.spec.origin.type"},
		{"PATCH", hub, v2path + "?updateMask=spec&allowMissing=true", `{"spec":{"servicemesh":{"management":"ON"}}}`,
			"spec.servicemesh.management"},
		{"PATCH", hub, v2path + "?updateMask=spec&allowMissing=true", `{"spec":{"servicemesh":{"defaultChannel":"FAST"}}}`, "default_channel"},
		{"PATCH", hub, v2path + "?updateMask=spec&allowMissing=true", `{"lifecycleState":{"state":"ON"}}`, "lifecycle_state.state"},
		{"PATCH", hub, members + "/cluster-1?updateMask=labels", `{"state":{"code":"ON"}}`, "resource.state.code"},
		{"PATCH", hub, members + "/cluster-1?updateMask=labels", `{"clusterTier":"GOLD"}`, "resource.cluster_tier"},
		{"PATCH", hub, members + "/cluster-1?updateMask=labels", `{"membershipType":"HEAVY"}`, "resource.membership_type"},
		{"POST", hub, members + "?membershipId=x", `{"infrastructureType":"MOON"}`, "resource.infrastructure_type"},
		{"PUT", container, clusterPath(p1, "us-central1", "cluster-1"), `{"update":{"desiredFleet":{"project":"` + p1 +
			`","membershipType":"HEAVY"}}}`, "update.desired_fleet.membership_type"},

		{"GET", crm, project + "?alt=xml", "", "alt"},
		{"GET", crm, project + "?$alt=xml", "", "$alt"},
		{"GET", crm, project + "?alt=", "", "alt"},
		{"GET", crm, project + "?$.xgafv=3", "", "$.xgafv"},
		{"GET", crm, project + "?$prettyPrint=perhaps", "", "pretty_print"},
		{"GET", crm, project + "?alt=json&alt=json", "", "not repeating"},
		{"GET", usage, services + "?pageSize=2147483648", "", "page_size"},
		{"GET", usage, services + "?pageSize=-2147483649", "", "page_size"},
		{"GET", usage, services + "?page_size=2147483648", "", "page_size"},
		{"GET", usage, services + "?pageSize=", "", "page_size"},
		{"GET", usage, services + "?pageSize=1&pageSize=2", "", "not repeating"},
		{"GET", usage, services + "?pageSize=1&page_size=1", "", "not repeating"},
		{"GET", hub, members + "?pageSize=99999999999", "", "page_size"},
		{"GET", hub, featurePath + "?returnPartialSuccess=true&returnPartialSuccess=true", "", "not repeating"},
		{"DELETE", hub, featurePath + "?force=true&force=false", "", "not repeating"},

		{"GET", crm, project + "?alt=json;colour=red", "", "query string"},
		{"GET", crm, project, `{"colour":"red"}`, `Unknown name \"colour\"`},
		{"GET", crm, project, `{}`, "no request body"},
		{"GET", crm, project, `[1]`, "Invalid JSON payload"},
		{"DELETE", hub, featurePath + "?force=true", `{"force":true}`, `Unknown name \"force\"`},
		{"POST", usage, identity, `{"parent":"x"}`, `Unknown name \"parent\"`},

		{"GET", crm, project + "?fields=colour", "", "Invalid field selection colour"},
		{"GET", crm, project + "?$fields=colour", "", "Invalid field selection colour"},
		{"GET", crm, project + "?fields=name(", "", "Invalid field selection name("},
		{"DELETE", hub, featurePath + "?force=true&fields=colour", "", "Invalid field selection colour"},
	} {
		t.Run(test.method+" "+test.host+test.path+" "+test.body, func(t *testing.T) {
			d := *c
			d.t = t
			d.api(test.method, test.host, test.path, test.body).refused(400, "INVALID_ARGUMENT", test.say)
		})
	}
	if got := c.entries(p1, ""); len(got) != 0 {
		t.Errorf("the audit log has %s", toJSON(got))
	}
}

// The other side of the same: what is allowed goes on to be taken.
func TestTakenForms(t *testing.T) {
	c := start(t, sim.Options{})
	member := "projects/" + p1 + "/locations/us-central1/memberships/cluster-1"
	for _, origin := range []string{"TYPE_UNSPECIFIED", "FLEET", "FLEET_OUT_OF_SYNC", "USER"} {
		c.api("PATCH", hub, featurePath+"?updateMask=membershipSpecs",
			`{"membershipSpecs":{"`+member+`":{"mesh":{"management":"MANAGEMENT_AUTOMATIC"},"origin":{"type":"`+origin+`"}}}}`).ok()
		c.advance(time.Minute)
	}
	c.api("PATCH", hub, featurePath+"?updateMask=spec",
		`{"spec":{"mesh":{"modernizationCompatibility":"VALIDATION_ENABLED","modernizationStrategy":"DEFERRED"}}}`).ok()
	c.api("PATCH", hub, v2path+"?updateMask=spec", "").ok()
	for _, kind := range []string{"LOG_TYPE_UNSPECIFIED", "ADMIN_READ", "DATA_WRITE", "DATA_READ"} {
		c.api("POST", crm, "/v3/projects/"+p1+":setIamPolicy",
			`{"policy":{"auditConfigs":[{"service":"allServices","auditLogConfigs":[{"logType":"`+kind+`"}]}]},"updateMask":"auditConfigs"}`).ok()
	}
	c.api("GET", crm, "/v3/projects/"+p1+"?alt=json&$.xgafv=2&prettyPrint=False&quotaUser=x", "").ok()
	c.api("GET", usage, "/v1/projects/"+p1+"/services?pageSize=2147483647", "").ok()
	c.api("GET", usage,
		"/v1/projects/"+p1+"/services:batchGet?names=projects/"+p1+"/services/mesh.googleapis.com&names=projects/"+p1+"/services/"+gateway,
		"").ok()
	c.api("GET", crm, "/v3/projects/"+p1, " \n").ok() // no body
	c.api("PUT", container, clusterPath(p1, "us-central1", "cluster-1"),
		`{"update":{"desiredFleet":{"project":"`+p1+`","membershipType":"LIGHTWEIGHT"}}}`).refused(501, "UNIMPLEMENTED")
	c.api("GET", crm, "/v3/projects/"+p1+"?$alt=json%3Benum-encoding%3Dint", "").refused(501, "UNIMPLEMENTED")
}

func TestFieldsOfAnswers(t *testing.T) {
	c := start(t, sim.Options{Clusters: 2})
	for _, test := range []struct{ method, host, path, body, want string }{
		{"GET", crm, "/v3/projects/" + p1 + "?fields=name,state", "", `{"name":"projects/` + n1 + `","state":"ACTIVE"}`},
		{"GET", crm, "/v3/projects/" + p1 + "?$fields=project_id", "", `{"projectId":"` + p1 + `"}`},
		{"GET", crm, "/v1/projects?fields=projects/projectId", "", `{"projects":[{"projectId":"` + p1 + `"}]}`},
		{"POST", crm, "/v1/projects/" + p1 + ":getIamPolicy?fields=version", "", `{"version":1}`},
		{"GET", usage, "/v1/projects/" + p1 + "/services:batchGet?names=projects/" + p1 + "/services/" + gateway +
			"&fields=services(name,state)", "",
			`{"services":[{"name":"projects/` + n1 + `/services/` + gateway + `","state":"ENABLED"}]}`},
		{"GET", usage, "/v1/projects/" + p1 + "/services?pageSize=1&fields=services/config/usage,nextPageToken", "",
			`{"services":[{"config":{"usage":{"requirements":["serviceusage.googleapis.com/tos/cloud"]}}}],"nextPageToken":"page-1"}`},
		{"GET", container, "/v1/projects/" + p1 +
			"/locations/-/clusters?fields=clusters(name,location,status,autopilot,workloadIdentityConfig," +
			"fleet/membership,nodePools(name,config/workloadMetadataConfig)),missingZones", "",
			`{"clusters":[` + wantedCluster(1) + `,` + wantedCluster(2) + `]}`},
		{"GET", hub, featurePath + "?fields=membershipStates/*/servicemesh/controlPlaneManagement/state", "",
			`{"membershipStates":{"` + member1 + `":{"servicemesh":{"controlPlaneManagement":{"state":"ACTIVE"}}},"` + member2 +
				`":{"servicemesh":{"controlPlaneManagement":{"state":"ACTIVE"}}}}}`},
		{"GET", hub, v2path + "?fields=lifecycleState", "", `{"lifecycleState":{"state":"ACTIVE"}}`},
		{"POST", logs, "/v2/entries:list?fields=nextPageToken", `{"resourceNames":["projects/` + p1 + `"]}`, `{}`},
		{"POST", usage, "/v1/projects/" + p1 + "/services/" + gateway + ":enable?fields=done,response/service/state", `{}`,
			`{"done":true,"response":{"service":{"state":"ENABLED"}}}`},
	} {
		got := c.api(test.method, test.host, test.path+sep(test.path)+"prettyPrint=false", test.body).ok()
		if strings.TrimSpace(string(got.raw)) != test.want {
			t.Errorf("%s: got %s, want %s", got.what, got.raw, test.want)
		}
	}
	c.api("GET", crm, "/v3/projects/"+p1+"?fields=", "").ok().is(p1, "projectId")
	// An error is whole.
	c.as("stranger@example.com").api("GET", crm, "/v3/projects/"+p1+"?fields=name", "").refused(403, "PERMISSION_DENIED", `"code":403`)
}

func wantedCluster(n int) string {
	name := "cluster-" + string(rune('0'+n))
	return `{"name":"` + name + `","location":"us-central1","status":"RUNNING","autopilot":{},"workloadIdentityConfig":{"workloadPool":"` +
		pool1 + `"},` +
		`"fleet":{"membership":"//gkehub.googleapis.com/projects/` + p1 + `/locations/us-central1/memberships/` + name + `"},` +
		`"nodePools":[{"name":"default-pool","config":{"workloadMetadataConfig":{"mode":"GKE_METADATA"}}}]}`
}

func sep(path string) string {
	if strings.Contains(path, "?") {
		return "&"
	}
	return "?"
}

// An audit entry has the request's message as proto JSON has it: an update that clears the pool sets an empty message.
func TestLogOfAClearedPool(t *testing.T) {
	c := start(t, sim.Options{})
	const updates = `protoPayload.methodName="google.container.v1.ClusterManager.UpdateCluster" operation.first=true`
	path := clusterPath(p1, "us-central1", "cluster-1")
	last := func() string {
		got := c.entries(p1, updates)
		if len(got) == 0 {
			return "nothing"
		}
		return toJSON(dig(got[len(got)-1], "protoPayload", "request", "update"))
	}
	for body, want := range map[string]string{
		`{"update":{"desiredWorkloadIdentityConfig":{"workloadPool":""}}}`: `{"desiredWorkloadIdentityConfig":{}}`,
		`{"update":{"desired_workload_identity_config":{}}}`:               `{"desiredWorkloadIdentityConfig":{}}`,
		`{"update":{"desiredWorkloadIdentityConfig":{"workload_pool":"` + pool1 + `"}}}`: `{"desiredWorkloadIdentityConfig":{"workloadPool":"` +
			pool1 + `"}}`,
	} {
		c.api("PUT", container, path, body).ok()
		if got := last(); got != want {
			t.Errorf("%s is logged as %s, want %s", body, got, want)
		}
		c.advance(time.Minute)
	}
	c.api("PUT", container, path, `{"update":{"desiredMasterVersion":"latest"}}`).refused(501, "UNIMPLEMENTED")
	failed := c.entries(p1, `protoPayload.methodName="google.container.v1.ClusterManager.UpdateCluster" severity=ERROR`)
	if len(failed) != 1 || dig(failed[0], "protoPayload", "request", "update", "desiredMasterVersion") != "latest" {
		t.Errorf("the refused update is logged as %s", toJSON(failed))
	}
	c.sim("PUT", "faults/workload-pool-missing", "").ok()
	if got, want := last(), `{"desiredWorkloadIdentityConfig":{}}`; got != want {
		t.Errorf("the fault is logged as %s, want %s", got, want)
	}
}
