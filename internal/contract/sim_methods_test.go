package contract_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/contract"
)

// Every method that the simulator serves conforms to Google's description of it: where it succeeds, and where
// it refuses a caller without credentials, without permission, or with a name of nothing.
func TestSimulatorMethods(t *testing.T) {
	s := simulate(t, newChecker(t))
	resourceManager(s)
	serviceUsage(s)
	containerEngine(s)
	for _, version := range []string{"v1", "v1alpha", "v1beta"} {
		hubFleet(s, version)
	}
	for _, version := range []string{"v2", "v2alpha", "v2beta"} {
		hubMemberships(s, version)
	}
	logs(s)
	credentials(s)
	if t.Failed() {
		return // below is about methods that were not tried
	}

	seen := s.checker.Seen()
	for _, want := range served {
		n := seen[want]
		if n.OK == 0 || n.Failed == 0 {
			t.Errorf("%s of %s was answered with success %d times and with an error %d times; both must be seen", want.Method, want.Document, n.OK,
				n.Failed)
		}
	}
	for _, call := range slices.SortedFunc(maps.Keys(seen),
		func(a, b contract.Call) int { return strings.Compare(a.Document+a.Method, b.Document+b.Method) }) {
		if !slices.Contains(served, call) {
			t.Errorf("%s of %s was called and is not in the list of what is served", call.Method, call.Document)
		}
	}
}

// served are the methods that the simulator has.
var served = slices.Concat(
	methods("cloudresourcemanager:v1", "cloudresourcemanager.projects.", "list get getIamPolicy setIamPolicy testIamPermissions getAncestry"),
	methods("cloudresourcemanager:v3", "cloudresourcemanager.projects.", "list search get getIamPolicy setIamPolicy testIamPermissions"),
	methods("serviceusage:v1", "serviceusage.services.", "list get batchGet enable batchEnable disable"),
	methods("serviceusage:v1", "serviceusage.operations.", "get"),
	methods("serviceusage:v1beta1", "serviceusage.services.", "generateServiceIdentity"),
	methods("serviceusage:v1beta1", "serviceusage.operations.", "get"),
	methods("container:v1", "container.projects.locations.clusters.", "list get update"),
	methods("container:v1", "container.projects.locations.clusters.nodePools.", "list get update"),
	methods("container:v1", "container.projects.locations.operations.", "list get cancel"),
	methods("container:v1", "container.projects.zones.clusters.", "list get update"),
	methods("container:v1", "container.projects.zones.clusters.nodePools.", "list get update"),
	methods("container:v1", "container.projects.zones.operations.", "list get cancel"),
	hubMethods("gkehub:v1"), hubMethods("gkehub:v1alpha"), hubMethods("gkehub:v1beta"),
	hubFeatureMethods("gkehub:v2"), hubFeatureMethods("gkehub:v2alpha"), hubFeatureMethods("gkehub:v2beta"),
	methods("logging:v2", "logging.entries.", "list"),
	methods("iamcredentials:v1", "iamcredentials.projects.serviceAccounts.", "generateAccessToken"),
)

func hubMethods(document string) []contract.Call {
	return slices.Concat(
		methods(document, "gkehub.projects.locations.features.", "list create get patch delete testIamPermissions"),
		methods(document, "gkehub.projects.locations.memberships.", "list create get patch delete testIamPermissions"),
		methods(document, "gkehub.projects.locations.operations.", "list get cancel"),
	)
}

func hubFeatureMethods(document string) []contract.Call {
	return slices.Concat(methods(document, "gkehub.projects.locations.memberships.features.", "list get patch delete"),
		methods(document, "gkehub.projects.locations.operations.", "get"))
}

func methods(document, prefix, names string) []contract.Call {
	var calls []contract.Call
	for name := range strings.FieldsSeq(names) {
		calls = append(calls, contract.Call{Document: document, Method: prefix + name})
	}
	return calls
}

// refused sends a request that would succeed without credentials, as a stranger, and for a project that is
// not there. Each must be refused.
func (s *simulation) refused(request, body string) {
	s.t.Helper()
	if status, text := s.send(request, body, ""); status != http.StatusUnauthorized {
		s.t.Errorf("%s without credentials: answered %d: %s", request, status, text)
	}
	if status, text := s.send(request, body, stranger); status != http.StatusForbidden {
		s.t.Errorf("%s as a stranger: answered %d: %s", request, status, text)
	}
	elsewhere := strings.ReplaceAll(request, fleet, nowhere)
	if elsewhere == request {
		return
	}
	if status, text := s.send(elsewhere, strings.ReplaceAll(body, fleet, nowhere), admin); status != http.StatusForbidden &&
		status != http.StatusNotFound {
		s.t.Errorf("%s in a project that is not there: answered %d: %s", request, status, text)
	}
}

// tested asks which permissions are held, which needs none and so refuses only a caller without credentials.
func (s *simulation) tested(resource string, permissions ...string) {
	s.t.Helper()
	request, body := "POST "+resource+":testIamPermissions", `{"permissions":`+text(permissions)+`}`
	s.send(request, body, "")
	if status, answer := s.send(request, body, stranger); status != http.StatusOK || strings.TrimSpace(string(answer)) != "{}" {
		s.t.Errorf("%s as a stranger: answered %d: %s", request, status, answer)
	}
	if held, _ := s.do(request, body, http.StatusOK)["permissions"].([]any); len(held) != len(permissions) {
		s.t.Errorf("%s: the administrator holds %v", request, held)
	}
}

// both sends a request that is refused, then as the administrator, and returns the answer.
func (s *simulation) both(request, body string) map[string]any {
	s.t.Helper()
	s.refused(request, body)
	return s.do(request, body, http.StatusOK)
}

// policyOf reads a policy, adds a binding to it that is there already, and returns the body of setIamPolicy.
func (s *simulation) policyOf(version string) string {
	s.t.Helper()
	p := s.both("POST "+crm+"/"+version+"/projects/"+fleet+":getIamPolicy", `{"options":{"requestedPolicyVersion":3}}`)
	bindings, _ := p["bindings"].([]any)
	p["bindings"] = append(bindings, map[string]any{
		"role": "roles/viewer", "members": []string{"user:" + version + "@example.com"},
		"condition": map[string]any{"title": "until", "description": "d", "expression": `request.time < timestamp("2030-01-01T00:00:00Z")`},
	})
	p["version"] = 3
	p["auditConfigs"] = []any{
		map[string]any{
			"service":         "allServices",
			"auditLogConfigs": []any{map[string]any{"logType": "DATA_READ", "exemptedMembers": []string{"user:x@example.com"}}},
		},
	}
	return `{"policy":` + text(p) + `,"updateMask":"bindings,etag,auditConfigs"}`
}

func resourceManager(s *simulation) {
	for _, version := range []string{"v1", "v3"} {
		project := crm + "/" + version + "/projects/" + fleet
		s.both("GET "+project, "")
		s.do("GET "+crm+"/"+version+"/projects/100000000001", "", http.StatusOK)
		s.do("GET "+project+"?fields=name&alt=json&prettyPrint=false&%24.xgafv=2", "", http.StatusOK)
		body := s.policyOf(version)
		s.both("POST "+project+":setIamPolicy", body)
		s.do("POST "+project+":setIamPolicy", body, http.StatusConflict) // the etag is stale
		for _, member := range []string{"allUsers", "serviceAccount:", "serviceAccount:none@" + fleet + ".iam.gserviceaccount.com"} {
			s.do("POST "+project+":setIamPolicy",
				`{"policy":{"version":3,"bindings":[{"role":"roles/owner","members":["user:admin@example.com","`+member+`"]}]}}`, http.StatusBadRequest)
		}
		s.do("POST "+project+":getIamPolicy", ``, http.StatusOK) // without the conditions
		s.do("POST "+project+":getIamPolicy", `{"options":{"requestedPolicyVersion":2}}`, http.StatusBadRequest)
		s.tested(project, "resourcemanager.projects.get", "gkehub.features.update")
	}
	s.both("POST "+crm+"/v1/projects/"+fleet+":getAncestry", `{}`)
	for _, list := range []string{"v1/projects", "v1/projects?pageSize=1", "v3/projects:search", "v3/projects:search?pageSize=1"} {
		answer := s.do("GET "+crm+"/"+list, "", http.StatusOK)
		if projects, _ := answer["projects"].([]any); len(projects) == 0 {
			s.t.Errorf("%s is empty", list)
		}
		s.send("GET "+crm+"/"+list, "", "")
	}
	parent := "GET " + crm + "/v3/projects?parent=organizations/1"
	s.send(parent, "", admin)
	s.send(parent, "", "")
}

func serviceUsage(s *simulation) {
	services := usage + "/v1/projects/" + fleet + "/services"
	s.both("GET "+services, "")
	page := s.do("GET "+services+"?filter=state:ENABLED&pageSize=3", "", http.StatusOK)
	token, _ := page["nextPageToken"].(string)
	if token == "" {
		s.t.Error("the list of services has no second page")
	}
	s.do("GET "+services+"?filter=state:ENABLED&pageSize=3&pageToken="+token, "", http.StatusOK)
	s.do("GET "+services+"?filter=state:DISABLED&pageSize=200", "", http.StatusOK)
	s.do("GET "+services+"?filter=name:x", "", http.StatusBadRequest)
	s.both("GET "+services+"/connectgateway.googleapis.com", "")
	s.do("GET "+services+"/unknown.example.com", "", http.StatusForbidden)
	names := "?names=projects/" + fleet + "/services/mesh.googleapis.com&names=projects/" + fleet + "/services/secretmanager.googleapis.com"
	s.both("GET "+services+":batchGet"+names, "")
	s.do("GET "+services+":batchGet", "", http.StatusBadRequest)
	s.do("GET "+services+":batchGet"+names+"&names=projects/"+second+"/services/mesh.googleapis.com", "", http.StatusBadRequest)

	s.both("POST "+services+"/connectgateway.googleapis.com:enable", `{}`) // already enabled
	s.both("POST "+services+"/connectgateway.googleapis.com:disable", `{"checkIfServiceHasUsage":"SKIP"}`)
	s.later("2m")
	for _, body := range []string{`{}`, ``} {
		disabled := s.do("POST "+services+"/connectgateway.googleapis.com:disable", `{"disableDependentServices":true}`, http.StatusOK)
		s.finish("GET "+usage+"/v1/", disabled)
		enabled := s.do("POST "+services+"/connectgateway.googleapis.com:enable", body, http.StatusOK)
		s.finish("GET "+usage+"/v1/", enabled)
		s.finish("GET "+usage+"/v1beta1/", enabled)
		s.do("GET "+usage+"/v1beta1/"+enabled["name"].(string), "", http.StatusOK)
		s.send("GET "+usage+"/v1/"+enabled["name"].(string), "", "")
		s.send("GET "+usage+"/v1beta1/"+enabled["name"].(string), "", "")
	}
	s.do("GET "+usage+"/v1/operations/acat.p2-1-none", "", http.StatusNotFound)
	s.do("POST "+services+"/compute.googleapis.com:disable", `{"checkIfServiceHasUsage":"CHECK"}`, http.StatusBadRequest)
	s.do("POST "+services+"/container.googleapis.com:disable", `{"checkIfServiceHasUsage":"CHECK"}`, http.StatusBadRequest)
	s.do("POST "+services+"/unknown.example.com:enable", `{}`, http.StatusForbidden)
	batch := s.both("POST "+services+":batchEnable", `{"serviceIds":["mesh.googleapis.com","secretmanager.googleapis.com"]}`)
	s.finish("GET "+usage+"/v1/", batch)
	s.do("POST "+services+":batchEnable", `{"serviceIds":["mesh.googleapis.com","secretmanager.googleapis.com"]}`, http.StatusOK)
	s.do("POST "+services+":batchEnable", `{"serviceIds":["unknown.example.com"]}`, http.StatusForbidden)
	for _, name := range []string{"mesh.googleapis.com", "meshconfig.googleapis.com", "compute.googleapis.com"} {
		s.both("POST "+usage+"/v1beta1/projects/"+fleet+"/services/"+name+":generateServiceIdentity", "")
	}
}

func containerEngine(s *simulation) {
	for _, test := range []struct{ in, everywhere, name string }{
		{regional, "locations/-", "cluster-1"},
		{zonal, "locations/-", "cluster-3"},
		{"zones/us-central1-a", "zones/-", "cluster-3"},
	} {
		project := gke + "/v1/projects/" + fleet + "/"
		clusters := project + test.in + "/clusters"
		cluster := clusters + "/" + test.name
		pool := cluster + "/nodePools/default-pool"
		s.both("GET "+project+test.everywhere+"/clusters", "")
		s.both("GET "+clusters, "")
		s.both("GET "+cluster, "")
		s.do("GET "+clusters+"/none", "", http.StatusNotFound)
		s.both("GET "+cluster+"/nodePools", "")
		s.both("GET "+pool, "")
		s.do("GET "+cluster+"/nodePools/none", "", http.StatusNotFound)

		finish := func(op map[string]any) {
			s.t.Helper()
			name, _ := op["name"].(string)
			at := "GET " + project + test.in + "/operations/" + name
			s.both(at, "")
			s.do("GET "+cluster, "", http.StatusOK) // while it is reconciled
			s.later("2m")
			if done := s.do(at, "", http.StatusOK); done["status"] != "DONE" {
				s.t.Errorf("the operation is not done: %v", done)
			}
		}
		update := func(pool string) string {
			return `{"update":{"desiredWorkloadIdentityConfig":{"workloadPool":"` + pool + `"}}}`
		}
		op := s.both("PUT "+cluster, update(""))
		s.do("PUT "+cluster, update(fleet+".svc.id.goog"), http.StatusBadRequest) // busy
		finish(op)
		s.do("GET "+cluster, "", http.StatusOK)
		s.do("PUT "+cluster, update("wrong.svc.id.goog"), http.StatusBadRequest)
		s.do("PUT "+cluster, `{"update":{}}`, http.StatusBadRequest)
		s.do("PUT "+clusters+"/none", update(fleet+".svc.id.goog"), http.StatusNotFound)
		finish(s.do("PUT "+cluster, update(fleet+".svc.id.goog"), http.StatusOK))
		if strings.HasPrefix(test.in, "zones/") {
			finish(s.both("POST "+pool+"/update", `{"workloadMetadataConfig":{"mode":"GKE_METADATA"}}`))
		} else {
			finish(s.both("PUT "+pool, `{"name":"n","workloadMetadataConfig":{"mode":"GCE_METADATA"}}`))
			finish(s.do("PUT "+pool, `{"workloadMetadataConfig":{"mode":"GKE_METADATA"}}`, http.StatusOK))
		}

		op = s.do("PUT "+cluster, update(""), http.StatusOK)
		s.both("POST "+project+test.in+"/operations/"+op["name"].(string)+":cancel", `{}`)
		s.later("2m")
		s.do("GET "+project+test.in+"/operations/"+op["name"].(string), "", http.StatusOK)
		s.both("GET "+project+test.in+"/operations", "")
		s.do("GET "+project+test.everywhere+"/operations", "", http.StatusOK)
		s.do("GET "+project+test.in+"/operations/operation-0", "", http.StatusNotFound)
		finish(s.do("PUT "+cluster, update(fleet+".svc.id.goog"), http.StatusOK))
	}
}

func hubFleet(s *simulation, version string) {
	base := hub + "/" + version + "/"
	features := base + "projects/" + fleet + "/locations/global/features"
	feature := features + "/servicemesh"
	members := base + "projects/" + fleet + "/" + regional + "/memberships"
	everywhere := base + "projects/" + fleet + "/locations/-/memberships"
	operations := base + "projects/" + fleet + "/locations/global/operations"
	finish := func(op map[string]any) { s.t.Helper(); s.finish("GET "+base, op) }

	s.both("GET "+features, "")
	s.both("GET "+feature, "")
	s.do("GET "+feature+"?returnPartialSuccess=true", "", http.StatusOK)
	s.do("GET "+features+"/nothing", "", http.StatusNotFound)
	s.tested(feature, "gkehub.features.get")
	key := "projects/" + fleet + "/" + regional + "/memberships/cluster-1"
	for _, management := range []string{"MANAGEMENT_MANUAL", "MANAGEMENT_NOT_INSTALLED", "MANAGEMENT_AUTOMATIC"} {
		finish(s.both("PATCH "+feature+"?updateMask=membershipSpecs", `{"membershipSpecs":{"`+key+`":{"mesh":{"management":"`+management+`"}}}}`))
		s.do("GET "+feature, "", http.StatusOK)
		s.later("10m")
		s.do("GET "+feature, "", http.StatusOK)
	}
	finish(s.do("PATCH "+feature+"?updateMask=fleet_default_member_config,labels",
		`{"fleetDefaultMemberConfig":{"mesh":{"management":"MANAGEMENT_AUTOMATIC"}},"labels":{"a":"b"}}`, http.StatusOK))
	s.do("PATCH "+features+"/nothing?updateMask=labels", `{}`, http.StatusNotFound)

	s.both("GET "+everywhere, "")
	s.do("GET "+everywhere+"?pageSize=1", "", http.StatusOK)
	s.both("GET "+members, "")
	s.both("GET "+members+"/cluster-1", "")
	s.do("GET "+members+"/none", "", http.StatusNotFound)
	s.tested(members+"/cluster-1", "gkehub.memberships.get")
	link := "//container.googleapis.com/projects/" + fleet + "/" + regional + "/clusters/cluster-1"
	issuer := "https://container.googleapis.com/v1/projects/" + fleet + "/" + regional + "/clusters/cluster-1"
	create := members + "?membershipId=again-" + version
	finish(s.both("POST "+create,
		`{"endpoint":{"gkeCluster":{"resourceLink":"`+link+`"}},"authority":{"issuer":"`+issuer+`"},"externalId":"x"}`))
	s.do("POST "+create, `{"endpoint":{"gkeCluster":{"resourceLink":"`+link+`"}}}`, http.StatusConflict)
	s.do("GET "+members+"/again-"+version, "", http.StatusOK)
	finish(s.both("PATCH "+members+"/again-"+version+"?updateMask=authority", `{"authority":{}}`))
	finish(s.do("PATCH "+members+"/again-"+version+"?updateMask=labels,authority.issuer",
		`{"labels":{"a":"b"},"authority":{"issuer":"`+issuer+`"}}`, http.StatusOK))
	finish(s.both("DELETE "+members+"/again-"+version+"?force=true", ""))
	s.do("DELETE "+members+"/again-"+version, "", http.StatusNotFound)

	op := s.do("PATCH "+feature+"?updateMask=labels", `{"labels":{"a":"c"}}`, http.StatusOK)
	s.both("GET "+base+op["name"].(string), "")
	s.both("POST "+base+op["name"].(string)+":cancel", `{}`)
	s.later("2m")
	s.both("GET "+operations, "")
	s.do("GET "+operations+"/operation-0", "", http.StatusNotFound)

	finish(s.both("DELETE "+feature+"?force=true", ""))
	s.do("GET "+feature, "", http.StatusNotFound)
	s.do("GET "+features, "", http.StatusOK)
	finish(s.both("POST "+features+"?featureId=servicemesh", `{"fleetDefaultMemberConfig":{"mesh":{"management":"MANAGEMENT_AUTOMATIC"}}}`))
	s.do("POST "+features+"?featureId=servicemesh", `{}`, http.StatusConflict)
	s.do("GET "+feature, "", http.StatusOK) // provisioning
	s.later("15m")
	s.do("GET "+feature, "", http.StatusOK)
}

func hubMemberships(s *simulation, version string) {
	base := hub + "/" + version + "/"
	features := base + "projects/" + fleet + "/" + regional + "/memberships/cluster-1/features"
	feature := features + "/servicemesh"
	finish := func(op map[string]any) { s.t.Helper(); s.finish("GET "+base, op) }

	s.both("GET "+features, "")
	finish(s.both("PATCH "+feature+"?updateMask=spec&allowMissing=true",
		`{"spec":{"servicemesh":{"management":"MANAGEMENT_AUTOMATIC"},"origin":{"type":"FLEET"}}}`))
	s.both("GET "+feature, "")
	s.do("GET "+features+"/nothing", "", http.StatusNotFound)
	s.do("PATCH "+strings.Replace(feature, "cluster-1", "none", 1)+"?updateMask=spec&allowMissing=true", `{"spec":{"servicemesh":{}}}`,
		http.StatusNotFound)
	op := s.both("DELETE "+feature, "")
	s.both("GET "+base+op["name"].(string), "")
	finish(op)
	s.do("GET "+feature, "", http.StatusNotFound)
	finish(s.do("PATCH "+feature+"?updateMask=spec&allowMissing=true", `{"spec":{"servicemesh":{"management":"MANAGEMENT_AUTOMATIC"}}}`,
		http.StatusOK))
	s.later("15m")
	s.do("GET "+feature, "", http.StatusOK)
}

func logs(s *simulation) {
	const list = "POST " + logging + "/v2/entries:list"
	body := `{"resourceNames":["projects/` + fleet + `"],"orderBy":"timestamp desc","pageSize":1000}`
	s.refused(list, body)
	answer := s.do(list, body, http.StatusOK)
	if entries, _ := answer["entries"].([]any); len(entries) < 20 {
		s.t.Errorf("there are %d log entries after all these writes", len(entries))
	}
	page := s.do(list, `{"resourceNames":["projects/`+fleet+`"],"filter":"log_id(\"cloudaudit.googleapis.com/activity\")","pageSize":2}`,
		http.StatusOK)
	if token, _ := page["nextPageToken"].(string); token == "" {
		s.t.Error("the log has no second page")
	} else {
		s.do(list, `{"resourceNames":["projects/`+fleet+`"],"filter":"log_id(\"cloudaudit.googleapis.com/activity\")","pageSize":2,"pageToken":"`+
			token+`"}`, http.StatusOK)
	}
	s.do(list, `{"resourceNames":["projects/`+fleet+`"],"filter":"insertId=nothing"}`, http.StatusOK)
	s.do(list, `{"resourceNames":["projects/`+fleet+`"],"filter":"insertId=a:b"}`, http.StatusBadRequest)
	s.do(list, `{"resourceNames":["projects/`+fleet+`"],"pageSize":-1}`, http.StatusBadRequest)
	s.do(list, `{"resourceNames":["projects/`+fleet+`"],"orderBy":"severity"}`, http.StatusBadRequest)
}

func credentials(s *simulation) {
	account := "POST " + iam + "/v1/projects/-/serviceAccounts/ci@" + fleet + ".iam.gserviceaccount.com:generateAccessToken"
	body := `{"scope":["https://www.googleapis.com/auth/cloud-platform"],"lifetime":"600s"}`
	s.refused(account, body)
	s.do(account, body, http.StatusForbidden) // an owner may not either
	policy := s.do("POST "+crm+"/v3/projects/"+fleet+":getIamPolicy", `{"options":{"requestedPolicyVersion":3}}`, http.StatusOK)
	bindings, _ := policy["bindings"].([]any)
	policy["bindings"] = append(bindings,
		map[string]any{"role": "roles/iam.serviceAccountTokenCreator", "members": []string{"user:admin@example.com"}})
	s.do("POST "+crm+"/v3/projects/"+fleet+":setIamPolicy", `{"policy":`+text(policy)+`}`, http.StatusOK)
	s.do(account, body, http.StatusOK)
	s.do(strings.Replace(account, "ci@", "none@", 1), body, http.StatusForbidden)
	s.do(account, `{"scope":["https://www.googleapis.com/auth/cloud-platform"],"lifetime":"86400s"}`, http.StatusBadRequest)
}

// A request that is wrong is refused with a proper error, and the checker sees what is wrong with it.
func TestSimulatorRefusesWhatTheContractRefuses(t *testing.T) {
	s := simulate(t, newChecker(t))
	project := crm + "/v3/projects/" + fleet
	feature := hub + "/v1/projects/" + fleet + "/locations/global/features/servicemesh"
	feature2 := hub + "/v2/projects/" + fleet + "/" + regional + "/memberships/cluster-1/features/servicemesh"
	members := hub + "/v1/projects/" + fleet + "/" + regional + "/memberships"
	cluster1 := "projects/" + fleet + "/" + regional + "/memberships/cluster-1"
	for _, test := range []struct {
		request, body string
		status        int
	}{
		{"GET " + project + "?colour=red", "", http.StatusBadRequest},
		{"GET " + feature + "?updateMask=labels", "", http.StatusBadRequest},
		{"GET " + feature + "?returnPartialSuccess=perhaps", "", http.StatusBadRequest},
		{"GET " + usage + "/v1/projects/" + fleet + "/services?pageSize=many", "", http.StatusBadRequest},
		{"GET " + hub + "/v1/projects/" + fleet + "/locations/-/memberships?pageSize=many", "", http.StatusBadRequest},
		{"POST " + project + ":getIamPolicy", `{"option":{}}`, http.StatusBadRequest},
		{"POST " + project + ":getIamPolicy", `{"options":{"requestedPolicyVersion":"three"}}`, http.StatusBadRequest},
		{"POST " + project + ":getIamPolicy", `[]`, http.StatusBadRequest},
		{"POST " + project + ":getIamPolicy", `{`, http.StatusBadRequest},
		{"POST " + project + ":setIamPolicy", `{"policy":{"bindings":[{"roles":"roles/viewer"}]}}`, http.StatusBadRequest},
		{"POST " + project + ":setIamPolicy", `{"policy":{"bindings":{}}}`, http.StatusBadRequest},
		{"POST " + project + ":setIamPolicy", `{"policy":{},"updateMask":"bindings,etags"}`, http.StatusBadRequest},
		{"PATCH " + feature + "?updateMask=membershipSpec", `{}`, http.StatusBadRequest},
		{"PATCH " + feature + "?updateMask=membershipSpecs", `{"membershipSpecs":{"M":{"meshes":{}}}}`, http.StatusBadRequest},
		{"PATCH " + feature + "?updateMask=membershipSpecs",
			`{"membershipSpecs":{"projects/` + fleet + `/` + regional + `/memberships/cluster-1":{"mesh":{"management":"AUTOMATIC"}}}}`,
			http.StatusBadRequest},
		{"POST " + hub + "/v1/projects/" + fleet + "/" + regional + "/memberships", `{}`, http.StatusBadRequest},
		{"PUT " + gke + "/v1/projects/" + fleet + "/" + regional + "/clusters/cluster-1", `{"update":{"desiredWorkloadIdentityConfigs":{}}}`,
			http.StatusBadRequest},
		{"POST " + usage + "/v1/projects/" + fleet + "/services/mesh.googleapis.com:disable", `{"checkIfServiceHasUsage":"MAYBE"}`,
			http.StatusBadRequest},
		{"POST " + logging + "/v2/entries:list", `{"resourceNames":["projects/` + fleet + `"],"filters":"x"}`, http.StatusBadRequest},
		{"POST " + logging + "/v2/entries:list", `{"resourceNames":"projects/` + fleet + `"}`, http.StatusBadRequest},
		{"POST " + project + ":setIamPolicy",
			`{"policy":{"auditConfigs":[{"service":"allServices","auditLogConfigs":[{"logType":"ALL"}]}]},"updateMask":"auditConfigs"}`,
			http.StatusBadRequest},
		{"POST " + crm + "/v1/projects/" + fleet + ":getAncestry", `{"colour":"red"}`, http.StatusBadRequest},
		{"PATCH " + feature + "?updateMask=membershipSpecs", `{"membershipSpecs":{"` + cluster1 + `":{"origin":{"type":"ROBOT"}}}}`,
			http.StatusBadRequest},
		{"PATCH " + feature + "?updateMask=membershipSpecs", `{"membershipSpecs":{"` + cluster1 + `":{"mesh":{"controlPlane":"ON"}}}}`,
			http.StatusBadRequest},
		{"PATCH " + feature + "?updateMask=membershipSpecs", `{"membershipSpecs":{"` + cluster1 + `":{"mesh":{"configApi":"ISTIO"}}}}`,
			http.StatusBadRequest},
		{"PATCH " + feature + "?updateMask=spec", `{"spec":{"mesh":{"modernizationCompatibility":"ON"}}}`, http.StatusBadRequest},
		{"PATCH " + feature + "?updateMask=spec", `{"spec":{"mesh":{"modernizationStrategy":"NEVER"}}}`, http.StatusBadRequest},
		{"PATCH " + feature2 + "?updateMask=spec&allowMissing=true", `{"spec":{"origin":{"type":"ROBOT"}}}`, http.StatusBadRequest},
		{"PATCH " + feature2 + "?updateMask=spec&allowMissing=true", `{"spec":{"servicemesh":{"management":"ON"}}}`, http.StatusBadRequest},
		{"PATCH " + feature2 + "?updateMask=spec&allowMissing=true", `{"spec":{"servicemesh":{"defaultChannel":"FAST"}}}`, http.StatusBadRequest},
		{"PATCH " + members + "/cluster-1?updateMask=labels", `{"membershipType":"HEAVY"}`, http.StatusBadRequest},
		{"PUT " + gke + "/v1/projects/" + fleet + "/" + regional + "/clusters/cluster-1",
			`{"update":{"desiredFleet":{"membershipType":"HEAVY"}}}`, http.StatusBadRequest},
		{"PUT " + gke + "/v1/projects/" + fleet + "/" + regional + "/clusters/cluster-1/nodePools/default-pool",
			`{"workloadMetadataConfig":{"mode":"X"}}`, http.StatusBadRequest},
		{"GET " + project + "?alt=xml", "", http.StatusBadRequest},
		{"GET " + project + "?%24.xgafv=3", "", http.StatusBadRequest},
		{"GET " + project + "?alt=json;colour=red", "", http.StatusBadRequest},
		{"GET " + project + "?alt=json&alt=json", "", http.StatusBadRequest},
		{"GET " + usage + "/v1/projects/" + fleet + "/services?pageSize=2147483648", "", http.StatusBadRequest},
		{"GET " + usage + "/v1/projects/" + fleet + "/services?pageSize=1&pageSize=2", "", http.StatusBadRequest},
		{"GET " + members + "?pageSize=-2147483649", "", http.StatusBadRequest},
		{"DELETE " + feature + "?force=true&force=false", "", http.StatusBadRequest},
		{"GET " + project, `{"colour":"red"}`, http.StatusBadRequest},
		{"GET " + project, `{}`, http.StatusBadRequest},
		{"DELETE " + feature, `{"force":true}`, http.StatusBadRequest},
		{"POST " + usage + "/v1beta1/projects/" + fleet + "/services/mesh.googleapis.com:generateServiceIdentity", `{"parent":"x"}`,
			http.StatusBadRequest},
		{"GET " + crm + "/v1/nothing", "", http.StatusNotFound},
		{"GET " + project + ":getIamPolicy", "", http.StatusNotFound},
		{"DELETE " + hub + "/v1/projects/" + fleet + "/locations/global/operations", "", http.StatusNotFound},
	} {
		t.Run(test.request+" "+test.body, func(t *testing.T) {
			if status, answer := s.send(test.request, test.body, admin, deliberate+": yes"); status != test.status {
				t.Errorf("answered %d, want %d: %s", status, test.status, answer)
			}
		})
	}
}

// An API that is disabled says so in the same words everywhere, and so does the check of the quota project.
func TestSimulatorGates(t *testing.T) {
	for service, request := range map[string]string{
		crm:     "GET " + crm + "/v3/projects/" + fleet,
		usage:   "GET " + usage + "/v1/projects/" + fleet + "/services/mesh.googleapis.com",
		gke:     "GET " + gke + "/v1/projects/" + fleet + "/locations/-/clusters",
		hub:     "GET " + hub + "/v1/projects/" + fleet + "/locations/global/features/servicemesh",
		logging: "POST " + logging + "/v2/entries:list",
		iam:     "POST " + iam + "/v1/projects/-/serviceAccounts/ci@" + fleet + ".iam.gserviceaccount.com:generateAccessToken",
	} {
		t.Run(service, func(t *testing.T) {
			s := simulate(t, newChecker(t))
			body := map[string]string{logging: `{"resourceNames":["projects/` + fleet + `"]}`, iam: `{"scope":["s"]}`}[service]
			refused := func(want string, header ...string) {
				t.Helper()
				status, answer := s.send(request, body, admin, header...)
				if status != http.StatusForbidden || !strings.Contains(string(answer), want) {
					t.Errorf("answered %d, want 403 with %s: %s", status, want, answer)
				}
			}
			if status, answer := s.send(request, body, stranger, "X-Goog-User-Project: "+second); status != http.StatusForbidden ||
				!strings.Contains(string(answer), "USER_PROJECT_DENIED") {
				t.Errorf("with another's quota project: answered %d: %s", status, answer)
			}
			s.do("POST "+usage+"/v1/projects/"+fleet+"/services/"+service+":disable",
				`{"disableDependentServices":true,"checkIfServiceHasUsage":"SKIP"}`, http.StatusOK)
			s.later("2m")
			refused("SERVICE_DISABLED")
			refused("SERVICE_DISABLED", "X-Goog-User-Project: "+fleet)
			s.send(request, body, admin, "X-Goog-User-Project: "+second)
			s.send(request, body, admin, "X-Goog-User-Project: "+nowhere)
		})
	}
}

// Cloud Logging's quota is always on.
func TestSimulatorQuota(t *testing.T) {
	s := simulate(t, newChecker(t))
	for range 100 {
		status, _ := s.send("POST "+logging+"/v2/entries:list", `{"resourceNames":["projects/`+fleet+`"]}`, admin)
		if status == http.StatusTooManyRequests {
			return
		}
	}
	t.Error("100 reads in a minute are not too many")
}
