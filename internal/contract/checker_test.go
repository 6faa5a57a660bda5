package contract_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/contract"
)

const (
	crm     = "cloudresourcemanager.googleapis.com"
	usage   = "serviceusage.googleapis.com"
	gke     = "container.googleapis.com"
	hub     = "gkehub.googleapis.com"
	logging = "logging.googleapis.com"
	iam     = "iamcredentials.googleapis.com"
)

func newChecker(t *testing.T, options ...contract.Option) *contract.Checker {
	t.Helper()
	c, err := contract.New(options...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// exchange makes an Exchange from "METHOD host/path?query", a request body, a status and a response body.
func exchange(request, requestBody string, status int, responseBody string) contract.Exchange {
	method, url, _ := strings.Cut(request, " ")
	host, rest, _ := strings.Cut(url, "/")
	path, query, _ := strings.Cut(rest, "?")
	return contract.Exchange{
		Method: method, Host: host, Path: "/" + path, RawQuery: query, RequestBody: []byte(requestBody),
		Status: status, ResponseBody: []byte(responseBody),
	}
}

// The answers below are those of facts about the wire that were recorded from the real services.
const (
	policy = `{"version":3,"etag":"BwXSd+CQHPE=","bindings":[{"role":"roles/owner","members":["user:a@example.com"],"condition":{"title":"t","expression":"true"}}],
		"auditConfigs":[{"service":"allServices","auditLogConfigs":[{"logType":"DATA_READ","exemptedMembers":["user:x@example.com"]}]}]}`
	cluster = `{"name":"gke4","location":"europe-west4-a","zone":"europe-west4-a","locations":["europe-west4-a"],"status":"RUNNING",
		"selfLink":"https://container.googleapis.com/v1/projects/P/zones/europe-west4-a/clusters/gke4","autopilot":{},"releaseChannel":{"channel":"REGULAR"},
		"masterAuth":{"clientCertificateConfig":{},"clusterCaCertificate":"LS0tLS1CRUdJTg=="},"workloadIdentityConfig":{"workloadPool":"P.svc.id.goog"},
		"nodePools":[{"name":"default-pool","status":"RUNNING","initialNodeCount":3,"config":{"workloadMetadataConfig":{"mode":"GKE_METADATA"}}}]}`
	feature = `{"name":"projects/P/locations/global/features/servicemesh","createTime":"2026-11-22T10:00:00.123456789Z","resourceState":{"state":"ACTIVE"},"spec":{},
		"membershipSpecs":{"projects/1/locations/us-central1/memberships/M":{"mesh":{"management":"MANAGEMENT_AUTOMATIC"},"origin":{"type":"USER"}}},
		"membershipStates":{"projects/1/locations/us-central1/memberships/M":{
			"servicemesh":{"controlPlaneManagement":{"state":"ACTIVE","implementation":"TRAFFIC_DIRECTOR","details":[{"code":"REVISION_READY","details":"Ready: asm-managed"}]}},
			"state":{"code":"OK","description":"Revision ready for use: asm-managed.","updateTime":"2026-11-22T10:00:00Z"}}},"unreachable":[]}`
	featureOperation = `{"name":"projects/P/locations/global/operations/operation-1","done":true,
		"metadata":{"@type":"type.googleapis.com/google.cloud.gkehub.v1.OperationMetadata","createTime":"2026-11-22T10:00:00Z","verb":"update","apiVersion":"v1","cancelRequested":false},
		"response":{"@type":"type.googleapis.com/google.cloud.gkehub.v1.Feature","name":"projects/P/locations/global/features/servicemesh"}}`
	serviceDisabled = `{"error":{"code":403,"status":"PERMISSION_DENIED","message":"Connect Gateway API has not been used in project 1 before or it is disabled.",
		"errors":[{"message":"m","domain":"usageLimits","reason":"accessNotConfigured","extendedHelp":"https://console.developers.google.com"}],
		"details":[
			{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED","domain":"googleapis.com","metadata":{"service":"connectgateway.googleapis.com","consumer":"projects/1"}},
			{"@type":"type.googleapis.com/google.rpc.LocalizedMessage","locale":"en-US","message":"m"},
			{"@type":"type.googleapis.com/google.rpc.Help","links":[{"description":"d","url":"https://console.developers.google.com/x"}]}]}}`
	notFound = `{"error":{"code":404,"status":"NOT_FOUND","message":"not found"}}`

	entries = "POST " + logging + "/v2/entries:list"
	audit   = `{"entries":[{"insertId":"1","logName":"projects/P/logs/cloudaudit.googleapis.com%2Factivity","severity":"NOTICE","timestamp":"2024-11-19T13:12:20.942393Z",
		"resource":{"type":"project","labels":{"project_id":"P"}},
		"protoPayload":{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","serviceName":"cloudresourcemanager.googleapis.com","methodName":"SetIamPolicy","status":{},
			"authorizationInfo":[{"permission":"resourcemanager.projects.setIamPolicy","permissionType":"ADMIN_WRITE","granted":true,"resourceAttributes":{"name":"projects/P"}}],
			"authenticationInfo":{"principalEmail":"ci@P.iam.gserviceaccount.com"},"requestMetadata":{"callerSuppliedUserAgent":"gcloud,gzip(gfe)","requestAttributes":{},"destinationAttributes":{}},
			"request":{"@type":"type.googleapis.com/google.iam.v1.SetIamPolicyRequest","resource":"P"},
			"serviceData":{"@type":"type.googleapis.com/google.iam.v1.logging.AuditData","policyDelta":{"bindingDeltas":[{"action":"REMOVE","role":"roles/x","member":"user:a@example.com"}]}}}}]}`

	getProject  = "GET " + crm + "/v3/projects/P"
	getPolicy   = "POST " + crm + "/v3/projects/P:getIamPolicy"
	setPolicy   = "POST " + crm + "/v1/projects/P:setIamPolicy"
	getCluster  = "GET " + gke + "/v1/projects/P/locations/L/clusters/C"
	putCluster  = "PUT " + gke + "/v1/projects/P/locations/L/clusters/C"
	getFeature  = "GET " + hub + "/v1/projects/P/locations/global/features/servicemesh"
	patch       = "PATCH " + hub + "/v1/projects/P/locations/global/features/servicemesh?updateMask="
	memberships = "POST " + hub + "/v1/projects/P/locations/L/memberships"
	operation   = "GET " + hub + "/v1/projects/P/locations/global/operations/operation-1"
	listService = "GET " + usage + "/v1/projects/P/services"
)

func TestConforming(t *testing.T) {
	for _, test := range []struct {
		subject string
		contract.Exchange
		method string
	}{
		{"v3 project", exchange(getProject, "", 200,
			`{"name":"projects/1","projectId":"P","state":"ACTIVE","etag":"W/\"002f\"","createTime":"2021-12-06T10:39:13.610Z"}`),
			"cloudresourcemanager.projects.get"},
		{"v1 project with int64", exchange("GET "+crm+"/v1/projects/P", "", 200,
			`{"projectNumber":"12340002","projectId":"P","lifecycleState":"ACTIVE","parent":{"type":"folder","id":"1"}}`),
			"cloudresourcemanager.projects.get"},
		{"getIamPolicy", exchange(getPolicy, `{"options":{"requestedPolicyVersion":3}}`, 200, policy),
			"cloudresourcemanager.projects.getIamPolicy"},
		{"getIamPolicy without a body", exchange(getPolicy, ``, 200, policy), "cloudresourcemanager.projects.getIamPolicy"},
		{"setIamPolicy", exchange(setPolicy, `{"policy":`+policy+`,"updateMask":"bindings,etag,auditConfigs"}`, 200, policy),
			"cloudresourcemanager.projects.setIamPolicy"},
		{"setIamPolicy with a snake case mask", exchange(setPolicy, `{"policy":`+policy+`,"updateMask":"bindings,audit_configs"}`, 200, policy),
			"cloudresourcemanager.projects.setIamPolicy"},
		{"null in a request", exchange(setPolicy, `{"policy":null,"updateMask":null}`, 200, policy),
			"cloudresourcemanager.projects.setIamPolicy"},
		{"whole number with an exponent", exchange(getPolicy, `{"options":{"requestedPolicyVersion":30e-1}}`, 200, policy),
			"cloudresourcemanager.projects.getIamPolicy"},
		{"empty answer", exchange("POST "+crm+"/v1/projects/P:testIamPermissions", `{"permissions":["a.b.c"]}`, 200, `{}`),
			"cloudresourcemanager.projects.testIamPermissions"},
		{"a port", exchange("GET "+crm+":443/v1/projects/P", "", 200, `{}`), "cloudresourcemanager.projects.get"},
		{"system parameters", exchange(getProject+
			"?alt=json&prettyPrint=false&%24.xgafv=2&$alt=json&fields=name&key=k&quotaUser=u&access_token=t", "", 200, `{}`),
			"cloudresourcemanager.projects.get"},

		{"repeated parameter", exchange(listService+":batchGet?names=projects/P/services/a&names=projects/P/services/b", "", 200,
			`{"services":[{"name":"projects/1/services/a","state":"ENABLED","config":{"name":"a","quota":{},"documentation":{"summary":"s"}}}]}`),
			"serviceusage.services.batchGet"},
		{"int32 parameter", exchange(listService+"?pageSize=200&filter=state:ENABLED&pageToken=x", "", 200, `{"nextPageToken":"y"}`),
			"serviceusage.services.list"},
		{"empty body", exchange("POST "+usage+"/v1/projects/P/services/a.googleapis.com:enable", `{}`, 200, `{"name":"operations/acat.p2-1-u"}`),
			"serviceusage.services.enable"},
		{"typed response of an operation",
			exchange("GET "+usage+"/v1/operations/acat.p2-1-u", ``, 200, `{"name":"operations/acat.p2-1-u","done":true,
			"metadata":{"@type":"type.googleapis.com/google.protobuf.Empty","value":{}},
			"response":{"@type":"type.googleapis.com/google.api.serviceusage.v1.EnableServiceResponse","service":{"name":"n","state":"ENABLED"}}}`),
			"serviceusage.operations.get"},
		{"failed operation", exchange("GET "+usage+"/v1/operations/o", ``, 200,
			`{"name":"operations/o","done":true,"error":{"code":9,"message":"m","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"R"}]}}`), "serviceusage.operations.get"},
		{"identity", exchange("POST "+usage+"/v1beta1/projects/P/services/mesh.googleapis.com:generateServiceIdentity", ``, 200,
			`{"name":"operations/finished.DONE_OPERATION","done":true,
			"response":{"@type":"type.googleapis.com/google.api.serviceusage.v1beta1.ServiceIdentity","email":"e","uniqueId":"1"}}`),
			"serviceusage.services.generateServiceIdentity"},

		{"cluster", exchange(getCluster, "", 200, cluster), "container.projects.locations.clusters.get"},
		{"clusters in all locations",
			exchange("GET "+gke+"/v1/projects/P/locations/-/clusters", "", 200, `{"clusters":[`+cluster+`],"missingZones":["z"]}`),
			"container.projects.locations.clusters.list"},
		{"cluster in a zone", exchange("GET "+gke+"/v1/projects/P/zones/Z/clusters/C", "", 200, cluster),
			"container.projects.zones.clusters.get"},
		{"update of a cluster", exchange(putCluster, `{"update":{"desiredWorkloadIdentityConfig":{"workloadPool":"P.svc.id.goog"}}}`, 200,
			`{"name":"operation-1","zone":"Z","operationType":"UPDATE_CLUSTER","status":"DONE","progress":{"metrics":[{"name":"n","intValue":"8"}]}}`), "container.projects.locations.clusters.update"},
		{"cancel", exchange("POST "+gke+"/v1/projects/P/locations/L/operations/O:cancel", `{}`, 200, `{}`),
			"container.projects.locations.operations.cancel"},

		{"feature", exchange(getFeature+"?returnPartialSuccess=true", "", 200, feature), "gkehub.projects.locations.features.get"},
		{"regional host", exchange(strings.Replace(getFeature, hub, "gkehub.asia-south1.rep.googleapis.com", 1), "", 200, feature),
			"gkehub.projects.locations.features.get"},
		{"mtls host", exchange(strings.Replace(getFeature, hub, "gkehub.mtls.googleapis.com", 1), "", 200, feature),
			"gkehub.projects.locations.features.get"},
		{"patch", exchange(patch+"membershipSpecs",
			`{"membershipSpecs":{"projects/P/locations/L/memberships/M":{"mesh":{"management":"MANAGEMENT_AUTOMATIC"}}}}`, 200, featureOperation),
			"gkehub.projects.locations.features.patch"},
		{"patch with null for an output-only field", exchange(patch+"labels", `{"name":null}`, 200, featureOperation),
			"gkehub.projects.locations.features.patch"},
		{"patch with a snake case mask", exchange(patch+"fleet_default_member_config.mesh,labels.anything", `{}`, 200, featureOperation),
			"gkehub.projects.locations.features.patch"},
		{"operation", exchange(operation, "", 200, featureOperation), "gkehub.projects.locations.operations.get"},
		{"operation of another version", exchange(strings.Replace(operation, "/v1/", "/v1beta/", 1), "", 200, featureOperation),
			"gkehub.projects.locations.operations.get"},
		{"operation with Empty", exchange(operation, "", 200,
			`{"name":"o","done":true,"response":{"@type":"type.googleapis.com/google.protobuf.Empty"}}`),
			"gkehub.projects.locations.operations.get"},
		{"required parameter", exchange(memberships+"?membershipId=M", `{"endpoint":{"gkeCluster":{"resourceLink":"//l"}}}`, 200,
			`{"name":"o"}`), "gkehub.projects.locations.memberships.create"},
		{"escaped path", exchange("GET "+hub+"/v1/projects%2FP/locations%2Fglobal/features/servicemesh", "", 200, feature),
			"gkehub.projects.locations.features.get"},
		{"v1beta", exchange(strings.Replace(getFeature, "/v1/", "/v1beta/", 1), "", 200, feature), "gkehub.projects.locations.features.get"},
		{"v2", exchange("PATCH "+hub+"/v2/projects/P/locations/L/memberships/M/features/servicemesh?updateMask=spec&allowMissing=true",
			`{"spec":{"servicemesh":{"management":"MANAGEMENT_AUTOMATIC"},"origin":{"type":"FLEET"}}}`, 200,
			`{"name":"o","metadata":{"@type":"type.googleapis.com/google.cloud.gkehub.v2.OperationMetadata","verb":"update"}}`),
			"gkehub.projects.locations.memberships.features.patch"},

		{"audit entries", exchange(entries, `{"resourceNames":["projects/P"],"filter":"x","orderBy":"timestamp desc","pageSize":500}`, 200,
			audit), "logging.entries.list"},
		{"free payload", exchange(entries, `{}`, 200, `{"entries":[{"jsonPayload":{"a":[1,null,{"b":true}]}}],"nextPageToken":"t"}`),
			"logging.entries.list"},
		{"token", exchange("POST "+iam+"/v1/projects/-/serviceAccounts/sa@p.iam.gserviceaccount.com:generateAccessToken",
			`{"scope":["s"],"lifetime":"3600s","delegates":["projects/-/serviceAccounts/m"]}`, 200,
			`{"accessToken":"t","expireTime":"2026-11-22T10:00:00Z"}`), "iamcredentials.projects.serviceAccounts.generateAccessToken"},

		{"integers of 64 bits without quotes in a request",
			exchange("POST "+gke+"/v1/projects/P/locations/L/clusters",
				`{"cluster":{"initialNodeCount":"3","autoscaling":{"resourceLimits":[{"maximum":5}]}}}`, 200, `{}`),
			"container.projects.locations.clusters.create"},
		{"base64 for URLs in a request", exchange(setPolicy, `{"policy":{"etag":"-_8"}}`, 200, `{}`),
			"cloudresourcemanager.projects.setIamPolicy"},

		{"SERVICE_DISABLED", exchange(getFeature, "", 403, serviceDisabled), "gkehub.projects.locations.features.get"},
		{"error without details", exchange(getFeature, "", 404, notFound), "gkehub.projects.locations.features.get"},
		{"conflict", exchange(setPolicy, `{}`, 409,
			`{"error":{"code":409,"status":"ABORTED","message":"m","errors":[{"message":"m","domain":"global","reason":"aborted"}]}}`),
			"cloudresourcemanager.projects.setIamPolicy"},
		{"precondition failure", exchange("POST "+usage+"/v1/projects/P/services/a:disable", `{"checkIfServiceHasUsage":"CHECK"}`, 400,
			`{"error":{"code":400,"status":"FAILED_PRECONDITION","message":"m",
			"details":[{"@type":"type.googleapis.com/google.rpc.PreconditionFailure","violations":[{"type":"googleapis.com","subject":"?error_code=100001"}]},{"@type":"type.googleapis.com/google.rpc.RequestInfo","requestId":"0x1"}]}}`), "serviceusage.services.disable"},
	} {
		t.Run(test.subject, func(t *testing.T) {
			c := newChecker(t)
			for _, p := range c.Check(test.Exchange) {
				t.Error(p)
			}
			if got := c.Calls(); len(got) != 1 || got[test.method] != 1 {
				t.Errorf("the calls are %v, want one of %s", got, test.method)
			}
		})
	}
}

func TestProblems(t *testing.T) {
	const ok = `{}`
	entry := func(fields string) contract.Exchange {
		return exchange(entries, `{}`, 200, `{"entries":[{`+fields+`}]}`)
	}
	failure := func(status int, body string) contract.Exchange { return exchange(getFeature, "", status, body) }
	for _, test := range []struct {
		subject string
		contract.Exchange
		part contract.Part
		path string
		want string // in the message
	}{
		// The URL.
		{"host", exchange("GET compute.googleapis.com/compute/v1/projects/P", "", 200, ok), contract.URL, "", "no discovery document"},
		{"version", exchange("GET "+hub+"/v9/projects/P", "", 404, notFound), contract.URL, "", `version "v9"`},
		{"version that is not loaded", exchange("GET "+crm+"/v2/folders", "", 404, notFound), contract.URL, "",
			`version "v2", which is none of cloudresourcemanager:v1, cloudresourcemanager:v3`},
		{"path", exchange("GET "+hub+"/v1/projects/P/places/L", "", 404, notFound), contract.URL, "", "no method with the path " +
			"/v1/projects/P/places/L"},
		{"path too long", exchange(getFeature+"/x", "", 404, notFound), contract.URL, "", "no method with the path"},
		{"custom verb", exchange("POST "+crm+"/v1/projects/P:getPolicy", "", 404, notFound), contract.URL, "", "no method"},
		{"HTTP method", exchange(strings.Replace(getPolicy, "POST", "GET", 1), "", 404, notFound), contract.URL, "", "no method GET for the " +
			"path /v3/projects/P:getIamPolicy, only POST"},
		{"HTTP method of several", exchange(strings.Replace(getFeature, "GET", "PUT", 1), "", 404, notFound), contract.URL, "",
			"only DELETE, GET, PATCH"},

		// The query.
		{"unknown parameter", exchange(getProject+"?colour=red", "", 200, ok), contract.Query, "colour", "not a parameter"},
		{"parameter of the path", exchange(getProject+"?name=projects/P", "", 200, ok), contract.Query, "name", "not a parameter"},
		{"parameter of another method", exchange(getFeature+"?updateMask=labels", "", 200, ok), contract.Query, "updateMask", "not a parameter"},
		{"not repeated", exchange(listService+"?pageSize=1&pageSize=2", "", 200, ok), contract.Query, "pageSize", "2 times"},
		{"not a number", exchange(listService+"?pageSize=many", "", 200, ok), contract.Query, "pageSize", "int32"},
		{"not 32 bits", exchange(listService+"?pageSize=4294967296", "", 200, ok), contract.Query, "pageSize", "int32"},
		{"not a boolean", exchange(getFeature+"?returnPartialSuccess=yes", "", 200, ok), contract.Query, "returnPartialSuccess",
			"neither true nor false"},
		{"not an enumeration value", exchange(getFeature+"?alt=xml", "", 200, ok), contract.Query, "alt", "json, media, proto"},
		{"not a field mask", exchange(patch+"a b", `{}`, 200, ok), contract.Query, "updateMask", "google-fieldmask"},
		{"mask of an unknown field", exchange(patch+"membershipSpec", `{}`, 200, ok), contract.Query, "updateMask",
			`"membershipSpec" is not a field of Feature`},
		{"mask of an unknown inner field", exchange(patch+"fleetDefaultMemberConfig.meshes", `{}`, 200, ok), contract.Query, "updateMask",
			`"meshes" is not a field of CommonFleetDefaultMemberConfigSpec`},
		{"required parameter", exchange(memberships, `{}`, 200, ok), contract.Query, "membershipId", "required"},
		{"escape", exchange(getFeature+"?alt=%zz", ``, 200, ok), contract.Query, "", "cannot be decoded"},

		// The request.
		{"body where there is none", exchange(getFeature, `{}`, 200, ok), contract.RequestBody, "", "takes none"},
		{"request is not JSON", exchange(getPolicy, `{`, 200, ok), contract.RequestBody, "", "not JSON"},
		{"request is two values", exchange(getPolicy, `{}{}`, 200, ok), contract.RequestBody, "", "something follows"},
		{"request is not an object", exchange(getPolicy, `[]`, 200, ok), contract.RequestBody, "$", "an array, not an object"},
		{"unknown field", exchange(getPolicy, `{"option":{}}`, 200, ok), contract.RequestBody, "$.option",
			"is not a field of GetIamPolicyRequest"},
		{"unknown field, deeper", exchange(setPolicy, `{"policy":{"bindings":[{},{"roles":["x"]}]}}`, 200, ok), contract.RequestBody,
			"$.policy.bindings[1].roles", "is not a field of Binding"},
		{"snake case", exchange(putCluster, `{"update":{"desired_workload_identity_config":{}}}`, 200, ok), contract.RequestBody,
			"$.update.desired_workload_identity_config", "(the field is desiredWorkloadIdentityConfig)"},
		{"field of a map's values", exchange(patch+"membershipSpecs", `{"membershipSpecs":{"projects/P/m":{"meshes":{}}}}`, 200, ok),
			contract.RequestBody, `$.membershipSpecs["projects/P/m"].meshes`, "is not a field of MembershipFeatureSpec"},
		{"output only", exchange(patch+"labels", `{"name":"n"}`, 200, ok), contract.RequestBody, "$.name", "output only"},
		{"output only, deeper", exchange(memberships+"?membershipId=M", `{"endpoint":{"gkeCluster":{"clusterMissing":true}}}`, 200, ok),
			contract.RequestBody, "$.endpoint.gkeCluster.clusterMissing", "output only"},
		{"type", exchange(getPolicy, `{"options":{"requestedPolicyVersion":true}}`, 200, ok), contract.RequestBody,
			"$.options.requestedPolicyVersion", "is true, not a number"},
		{"format", exchange(getPolicy, `{"options":{"requestedPolicyVersion":3.5}}`, 200, ok), contract.RequestBody,
			"$.options.requestedPolicyVersion", "int32"},
		{"string", exchange(putCluster, `{"update":{"etag":5}}`, 200, ok), contract.RequestBody, "$.update.etag", "is 5, not a string"},
		{"array", exchange(setPolicy, `{"policy":{"bindings":{}}}`, 200, ok), contract.RequestBody, "$.policy.bindings",
			"is an object, not an array"},
		{"base64", exchange(setPolicy, `{"policy":{"etag":"a!"}}`, 200, ok), contract.RequestBody, "$.policy.etag", "byte"},
		{"enumeration", exchange(patch+"membershipSpecs", `{"membershipSpecs":{"M":{"mesh":{"management":"AUTOMATIC"}}}}`, 200, ok),
			contract.RequestBody, "$.membershipSpecs.M.mesh.management", `"AUTOMATIC", which is not one of MANAGEMENT_UNSPECIFIED, `},
		{"duration", exchange("POST "+iam+"/v1/projects/-/serviceAccounts/a:generateAccessToken", `{"lifetime":"1h"}`, 200, ok),
			contract.RequestBody, "$.lifetime", "google-duration"},
		{"duration too long", exchange("POST "+iam+"/v1/projects/-/serviceAccounts/a:generateAccessToken", `{"lifetime":"315576000001s"}`, 200,
			ok), contract.RequestBody, "$.lifetime", "at most"},
		{"mask in a body", exchange(setPolicy, `{"updateMask":"bindings,etags"}`, 200, ok), contract.RequestBody, "$.updateMask",
			`"etags" is not a field of Policy`},

		// The response.
		{"no response", exchange(getFeature, "", 200, ""), contract.ResponseBody, "", "there is nothing"},
		{"response is not JSON", exchange(getFeature, "", 200, "<html>"), contract.ResponseBody, "", "not JSON"},
		{"response is cut", exchange(getFeature, "", 200, `{"name":"`), contract.ResponseBody, "", "not JSON"},
		{"response with an unknown field", exchange(getFeature, "", 200, `{"membershipStates":{"M":{"serviceMesh":{}}}}`), contract.ResponseBody,
			"$.membershipStates.M.serviceMesh", "(the field is servicemesh)"},
		{"field of another version", exchange("GET "+crm+"/v1/projects/P", "", 200, `{"state":"ACTIVE"}`), contract.ResponseBody, "$.state",
			"is not a field of Project"},
		{"null", exchange(getFeature, "", 200, `{"labels":null}`), contract.ResponseBody, "$.labels", "null"},
		{"int64 as number", exchange("GET "+crm+"/v1/projects/P", "", 200, `{"projectNumber":5}`), contract.ResponseBody, "$.projectNumber",
			"is 5, not a string with an integer of 64 bits"},
		{"int64 as text", exchange("GET "+crm+"/v1/projects/P", "", 200, `{"projectNumber":"five"}`), contract.ResponseBody, "$.projectNumber",
			"int64"},
		{"int32 as string", exchange(getPolicy, "", 200, `{"version":"3"}`), contract.ResponseBody, "$.version", `is "3", not a number`},
		{"int32 too large", exchange(getPolicy, "", 200, `{"version":2147483648}`), contract.ResponseBody, "$.version", "int32"},
		{"boolean as string", entry(`"operation":{"first":"true"}`), contract.ResponseBody, "$.entries[0].operation.first", "not a boolean"},
		{"response enumeration", entry(`"severity":"WARN"`), contract.ResponseBody, "$.entries[0].severity", "not one of DEFAULT"},
		{"timestamp", entry(`"timestamp":"2026-11-22 10:00:00"`), contract.ResponseBody, "$.entries[0].timestamp", "google-datetime"},
		{"timestamp with a zone", entry(`"timestamp":"2026-11-22T10:00:00+01:00"`), contract.ResponseBody, "$.entries[0].timestamp", "UTC"},
		{"timestamp with odd decimals", entry(`"timestamp":"2026-11-22T10:00:00.12Z"`), contract.ResponseBody, "$.entries[0].timestamp",
			"0, 3, 6 or 9"},
		{"response duration", entry(`"httpRequest":{"latency":1.5}`), contract.ResponseBody, "$.entries[0].httpRequest.latency",
			"is 1.5, not a string"},
		{"base64 for URLs in a response", exchange(getPolicy, "", 200, `{"etag":"-_8"}`), contract.ResponseBody, "$.etag", "byte"},
		{"labels", entry(`"labels":{"a":1}`), contract.ResponseBody, "$.entries[0].labels.a", "not a string"},
		{"Any without a type", exchange(operation, "", 200, `{"response":{"name":"n"}}`), contract.ResponseBody, "$.response", `no "@type"`},
		{"Any with a bare type", exchange(operation, "", 200, `{"response":{"@type":"google.cloud.gkehub.v1.Feature"}}`), contract.ResponseBody,
			`$.response["@type"]`, "type.googleapis.com/"},
		{"Any of an unknown type", exchange(operation, "", 200, `{"response":{"@type":"type.googleapis.com/google.cloud.gkehub.v1.Featuer"}}`),
			contract.ResponseBody, `$.response["@type"]`, "neither a message of gkehub:v1"},
		{"Any of another version", exchange(patch+"labels", "{}", 200, strings.ReplaceAll(featureOperation, ".v1.", ".v1beta.")),
			contract.ResponseBody, `$.response["@type"]`, "neither a message of gkehub:v1"},
		{"Any of another API", exchange(operation, "", 200, `{"response":{"@type":"type.googleapis.com/google.container.v1.Cluster"}}`),
			contract.ResponseBody, `$.response["@type"]`, "neither a message of gkehub:v1"},
		{"Any with an unknown field",
			exchange(operation, "", 200, `{"response":{"@type":"type.googleapis.com/google.cloud.gkehub.v1.Feature","nam":"n"}}`),
			contract.ResponseBody, `$.response.nam`, "is not a field of Feature"},
		{"Empty with a field", exchange(operation, "", 200, `{"response":{"@type":"type.googleapis.com/google.protobuf.Empty","name":"n"}}`),
			contract.ResponseBody, `$.response.name`, "google.protobuf.Empty"},
		{"audit log", entry(`"protoPayload":{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","service":"s"}`), contract.ResponseBody,
			"$.entries[0].protoPayload", `is not a google.cloud.audit.AuditLog: unknown field "service"`},
		{"audit permission", entry(`"protoPayload":{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","authorizationInfo":[{"permissionType":"WRITE"}]}`), contract.ResponseBody, "$.entries[0].protoPayload.authorizationInfo[0].permissionType", "ADMIN_WRITE"},
		{"audit data", entry(`"protoPayload":{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","serviceData":{"@type":"type.googleapis.com/google.iam.v1.logging.AuditData","policyDelta":{"bindingDelta":[]}}}`), contract.ResponseBody, "$.entries[0].protoPayload", `"bindingDelta"`},

		// Errors.
		{"error without an error", failure(404, `{}`), contract.ResponseBody, "$.error", "missing"},
		{"error that is a string", failure(404, `{"error":"not found"}`), contract.ResponseBody, "$.error", "not an object"},
		{"error of another code", failure(404, `{"error":{"code":403,"status":"NOT_FOUND","message":"m"}}`), contract.ResponseBody,
			"$.error.code", "is 403, and the HTTP status is 404"},
		{"error without a code", failure(404, `{"error":{"status":"NOT_FOUND","message":"m"}}`), contract.ResponseBody, "$.error.code",
			"is null"},
		{"error code as string", failure(404, `{"error":{"code":"404","status":"NOT_FOUND","message":"m"}}`), contract.ResponseBody,
			"$.error.code", "not a number"},
		{"error without a message", failure(404, `{"error":{"code":404,"status":"NOT_FOUND"}}`), contract.ResponseBody, "$.error.message",
			"missing"},
		{"error of another status", failure(404, `{"error":{"code":404,"status":"ABORTED","message":"m"}}`), contract.ResponseBody,
			"$.error.status", "[NOT_FOUND] do"},
		{"error without a status", failure(409, `{"error":{"code":409,"message":"m"}}`), contract.ResponseBody, "$.error.status",
			"[ALREADY_EXISTS ABORTED] do"},
		{"HTTP status", failure(418, `{"error":{"code":418,"status":"NOT_FOUND","message":"m"}}`), contract.ResponseBody, "$.error.code",
			"no HTTP status of a google.rpc.Code"},
		{"error with an unknown field", failure(404, `{"error":{"code":404,"status":"NOT_FOUND","message":"m","reason":"r"}}`),
			contract.ResponseBody, "$.error.reason", "is not a field of Error"},
		{"legacy error with an unknown field",
			failure(404, `{"error":{"code":404,"status":"NOT_FOUND","message":"m","errors":[{"cause":"r"}]}}`), contract.ResponseBody,
			"$.error.errors[0].cause", "is not a field of LegacyError"},
		{"error detail of an unknown type",
			failure(404, `{"error":{"code":404,"status":"NOT_FOUND","message":"m","details":[{"@type":"type.googleapis.com/google.rpc.Info"}]}}`),
			contract.ResponseBody, `$.error.details[0]["@type"]`, "one of the common types"},
		{"error detail with an unknown field",
			failure(404, `{"error":{"code":404,"status":"NOT_FOUND","message":"m","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","service":"s"}]}}`), contract.ResponseBody, `$.error.details[0]`, `unknown field "service"`},
		{"error is not JSON", failure(503, `upstream failed`), contract.ResponseBody, "", "not JSON"},
		{"error of an unknown method", exchange("GET "+hub+"/v1/places", "", 404, `{}`), contract.ResponseBody, "$.error", "missing"},
		{"success of an unknown method", exchange("GET "+hub+"/v1/places", "", 200, `{}`), contract.ResponseBody, "", "there is no such method"},
	} {
		t.Run(test.subject, func(t *testing.T) {
			problems := newChecker(t).Check(test.Exchange)
			if !slices.ContainsFunc(problems, func(p contract.Problem) bool {
				return p.Part == test.part && p.Path == test.path && strings.Contains(p.Message, test.want)
			}) {
				t.Errorf("want a problem in the %s at %q with %q, got:", test.part, test.path, test.want)
				for _, p := range problems {
					t.Log(p)
				}
			}
		})
	}
}

func TestProblemString(t *testing.T) {
	problems := newChecker(t).Check(exchange(getFeature+"?alt=json", "", 200, `{"resourceState":{"state":"BUSY"}}`))
	want := `gkehub.projects.locations.features.get (gkehub:v1): response body $.resourceState.state is "BUSY", which is not one of STATE_UNSPECIFIED, ENABLING, ACTIVE, DISABLING, UPDATING, SERVICE_UPDATING` +
		` [GET https://gkehub.googleapis.com/v1/projects/P/locations/global/features/servicemesh?alt=json 200]`
	if len(problems) != 1 || problems[0].String() != want {
		t.Errorf("got %v\nwant %s", problems, want)
	}
}

// Google's front end answers for a path that no API has with a page. That is the client's mistake only.
func TestPageForUnknownPath(t *testing.T) {
	problems := newChecker(t).Check(exchange("GET "+hub+"/v1/places", "", http.StatusNotFound, "<!DOCTYPE html>"))
	if len(problems) != 1 || problems[0].Part != contract.URL {
		t.Errorf("got %v, want one problem with the URL", problems)
	}
	problems = newChecker(t).Check(exchange(getFeature, "", http.StatusNotFound, "<!DOCTYPE html>"))
	if len(problems) != 1 || problems[0].Part != contract.ResponseBody {
		t.Errorf("got %v, want one problem with the response", problems)
	}
}

func TestSummarize(t *testing.T) {
	c := newChecker(t)
	problems := c.Check(exchange(entries, `{}`, 200, `{"entries":[{"a":1},{"a":1,"b":1},{"a":1}]}`))
	lines := contract.Summarize(problems)
	if len(problems) != 4 || len(lines) != 2 || !strings.Contains(lines[0], "$.entries[0].a ") ||
		!strings.HasSuffix(lines[0], "(and 2 more)") ||
		!strings.Contains(lines[1], "$.entries[1].b ") {
		t.Errorf("%d problems in these lines:\n%s", len(problems), strings.Join(lines, "\n"))
	}
}

func TestInRequest(t *testing.T) {
	for _, p := range newChecker(t).Check(exchange(getFeature+"?colour=red", "{}", 200, `{"a":1}`)) {
		if want := p.Part != contract.ResponseBody; p.InRequest() != want {
			t.Errorf("InRequest is %v of %v", p.InRequest(), p)
		}
	}
}

func TestAllowNewEnums(t *testing.T) {
	c := newChecker(t, contract.AllowNewEnums())
	if problems := c.Check(exchange(getFeature, "", 200, `{"resourceState":{"state":"BUSY"}}`)); len(problems) != 0 {
		t.Errorf("in a response: %v", problems)
	}
	problems := c.Check(exchange(patch+"membershipSpecs", `{"membershipSpecs":{"M":{"mesh":{"management":"FUTURE"}}}}`, 200, `{}`))
	if len(problems) != 1 {
		t.Errorf("in a request, a new value is still a mistake: %v", problems)
	}
}

func TestIgnore(t *testing.T) {
	c := newChecker(t)
	c.Ignore("connectgateway.googleapis.com")
	for host, want := range map[string]int{
		"connectgateway.googleapis.com":             0,
		"us-central1-connectgateway.googleapis.com": 0,
		"CONNECTGATEWAY.googleapis.com:443":         0,
		"myconnectgateway.googleapis.com":           1,
		"oauth2.googleapis.com":                     1,
	} {
		if got := c.Check(exchange("GET "+host+"/v1/x", "", 200, "not even JSON")); len(got) != want {
			t.Errorf("%s: %d problems, want %d: %v", host, len(got), want, got)
		}
	}
}

func TestSeen(t *testing.T) {
	c := newChecker(t)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			c.Check(exchange(getProject, "", 200, `{}`))
			c.Check(exchange("GET "+crm+"/v1/projects/P", "", http.StatusNotFound, notFound))
			c.Check(exchange("GET "+crm+"/v1/nothing", "", http.StatusNotFound, notFound))
		})
	}
	wg.Wait()
	const id = "cloudresourcemanager.projects.get"
	want := map[contract.Call]contract.Seen{
		{Document: "cloudresourcemanager:v3", Method: id}: {OK: 20},
		{Document: "cloudresourcemanager:v1", Method: id}: {Failed: 20},
	}
	if got := c.Seen(); !maps.Equal(got, want) {
		t.Errorf("seen %v, want %v", got, want)
	}
	if got := c.Calls(); !maps.Equal(got, map[string]int{id: 40}) {
		t.Errorf("calls %v", got)
	}
}

func ExampleChecker_Check() {
	c, err := contract.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range c.Check(contract.Exchange{
		Method: "GET", Host: "container.googleapis.com", Path: "/v1/projects/p/locations/-/clusters",
		Status: 200, ResponseBody: []byte(`{"clusters":[{"name":"c","workloadPool":"p.svc.id.goog"}]}`),
	}) {
		fmt.Println(p.Part, p.Path, p.Message)
	}
	// Output: response body $.clusters[0].workloadPool is not a field of Cluster
}
