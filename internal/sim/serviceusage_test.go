package sim_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

const gateway = "connectgateway.googleapis.com"

func services(project string) string { return "/v1/projects/" + project + "/services" }

func TestReadServices(t *testing.T) {
	c := start(t, sim.Options{})
	c.api("GET", usage, services(p1)+"/"+gateway, "").ok().
		is("projects/"+n1+"/services/"+gateway, "name").is("ENABLED", "state").is("projects/"+n1, "parent").is("Connect Gateway API", "config",
		"title")
	c.api("GET", usage, services(p1)+"/run.googleapis.com", "").ok().is("DISABLED", "state")
	c.api("GET", usage, services(p1)+"/foo.googleapis.com", "").
		refused(403, "PERMISSION_DENIED", "Not found or permission denied for service(s): foo.googleapis.com.",
			"SERVICE_CONFIG_NOT_FOUND_OR_PERMISSION_DENIED")

	names := "?names=projects/" + p1 + "/services/run.googleapis.com&names=projects/" + n1 + "/services/" + gateway
	c.api("GET", usage, services(p1)+":batchGet"+names, "").ok().
		is("projects/"+n1+"/services/run.googleapis.com", "services", 0, "name").is("projects/"+n1+"/services/"+gateway, "services", 1, "name")
	c.api("GET", usage, services(p1)+":batchGet", "").refused(400, "INVALID_ARGUMENT", "SU_MISSING_NAMES")
	c.api("GET", usage, services(p1)+":batchGet?names=projects/other/services/x.googleapis.com", "").refused(400, "INVALID_ARGUMENT")
	c.api("GET", usage, services(p1)+":batchGet?"+strings.Repeat("names=projects/"+p1+"/services/"+gateway+"&", 31), "").refused(400,
		"INVALID_ARGUMENT")

	for filter, want := range map[string]string{"state:ENABLED": "ENABLED", "state:DISABLED": "DISABLED"} {
		token, total := "", 0
		for {
			a := c.api("GET", usage, services(p1)+"?pageSize=7&filter="+filter+"&pageToken="+url.QueryEscape(token), "").ok()
			for i := range a.at("services").([]any) {
				a.is(want, "services", i, "state")
				total++
			}
			if token = a.str("nextPageToken"); token == "" {
				break
			}
		}
		if total < 10 {
			t.Errorf("%s: %d services", filter, total)
		}
	}
	c.api("GET", usage, services(p1)+"?filter=title:x", "").refused(400, "INVALID_ARGUMENT")
}

func TestSwitchServices(t *testing.T) {
	c := start(t, sim.Options{})
	c.api("POST", usage, services(p1)+"/"+gateway+":enable", "{}").ok().
		is("operations/noop.DONE_OPERATION", "name").is(true, "done").is("ENABLED", "response", "service", "state")
	c.api("GET", usage, "/v1/operations/noop.DONE_OPERATION", "").refused(400, "INVALID_ARGUMENT")

	off := c.api("POST", usage, services(p1)+"/"+gateway+":disable", `{"checkIfServiceHasUsage":"CHECK"}`).ok().is(nil, "done")
	if len(off.body) != 1 || !strings.HasPrefix(off.str("name"), "operations/acat.p17-"+n1+"-") {
		t.Errorf("a started operation is %s", off.raw)
	}
	c.api("GET", usage, services(p1)+"/"+gateway, "").ok().is("ENABLED", "state") // not yet
	c.settled(off).is("type.googleapis.com/google.protobuf.Empty", "metadata", "@type").is("DISABLED", "response", "service", "state")
	c.api("GET", usage, services(p1)+"/"+gateway, "").ok().is("DISABLED", "state")
	c.api("POST", usage, services(p1)+"/"+gateway+":disable", "{}").ok().is("operations/noop.DONE_OPERATION", "name")

	batch := c.api("POST", usage, services(p1)+":batchEnable", `{"serviceIds":["run.googleapis.com","`+gateway+`"]}`).ok()
	c.settled(batch).is("ENABLED", "response", "services", 1, "state").is("services/run.googleapis.com/projectSettings/"+n1, "metadata",
		"resourceNames", 0)
	c.api("POST", usage, services(p1)+":batchEnable", `{"serviceIds":["run.googleapis.com","foo.googleapis.com"]}`).refused(403,
		"PERMISSION_DENIED", "foo.googleapis.com")
	c.api("POST", usage, services(p1)+":batchEnable", `{"serviceIds":[]}`).refused(400, "INVALID_ARGUMENT")

	c.api("POST", usage, services(p1)+"/compute.googleapis.com:disable", "{}").refused(400, "FAILED_PRECONDITION",
		"The service compute.googleapis.com is depended on by the following active service(s): container.googleapis.com;",
		"COMMON_SU_SERVICE_HAS_DEPENDENT_SERVICES", "error_code=100001")
	c.api("POST", usage, services(p1)+"/container.googleapis.com:disable", `{"checkIfServiceHasUsage":"CHECK"}`).refused(400,
		"FAILED_PRECONDITION", "HAVE_RESOURCES")
	c.settled(c.api("POST", usage, services(p1)+"/compute.googleapis.com:disable",
		`{"disableDependentServices":true,"checkIfServiceHasUsage":"SKIP"}`).ok())
	c.api("GET", usage, services(p1)+"/container.googleapis.com", "").ok().is("DISABLED", "state")
	c.settled(c.api("POST", usage, services(p1)+"/container.googleapis.com:enable", "{}").ok()) // and what it needs
	c.api("GET", usage, services(p1)+"/compute.googleapis.com", "").ok().is("ENABLED", "state")
	c.as("viewer@example.com").api("POST", usage, services(p1)+"/run.googleapis.com:disable", "{}").refused(403, "PERMISSION_DENIED")
	c.api("GET", usage, "/v1/operations/acat.p2-nothing", "").refused(404, "NOT_FOUND")
}

func TestServiceIdentity(t *testing.T) {
	c := start(t, sim.Options{})
	identity := func(service string) answer {
		return c.api("POST", usage, "/v1beta1/projects/"+p1+"/services/"+service+":generateServiceIdentity", "")
	}
	identity("mesh.googleapis.com").ok().is(true, "done").is(agent, "response", "email")
	identity("meshconfig.googleapis.com").ok().is("service-"+n1+"@gcp-sa-meshconfig.iam.gserviceaccount.com", "response", "email")
	identity("run.googleapis.com").ok().is(nil, "response", "email")
	identity("foo.googleapis.com").refused(403, "PERMISSION_DENIED")
}

// TestGate checks that a disabled API answers so, in front of everything, and whose project it is that is meant.
func TestGate(t *testing.T) {
	c := start(t, sim.Options{Projects: 2, Clusters: 2})
	for host, path := range map[string]string{
		hub:       "/v1/projects/" + p2 + "/locations/-/memberships",
		container: "/v1/projects/" + p2 + "/locations/-/clusters",
		crm:       "/v3/projects/" + p2,
		usage:     services(p2) + "/" + gateway,
	} {
		c.api("GET", host, path, "").ok()
		c.settled(c.api("POST", usage, services(p2)+"/"+host+":disable", `{"disableDependentServices":true}`).ok())
		refusal := c.api("GET", host, path, "").refused(403, "PERMISSION_DENIED", "has not been used in project "+n2+" before or it is disabled.",
			`"reason":"SERVICE_DISABLED"`, `"consumer":"projects/`+n2+`"`, "LocalizedMessage", "Google developers console API activation")
		if legacy := refusal.str("error", "errors", 0, "reason"); host != hub && legacy != "accessNotConfigured" {
			t.Errorf("%s: legacy reason is %q", host, legacy)
		} else if host == hub && legacy != "" {
			t.Errorf("the hub has no legacy errors, but %q", legacy)
		}
		// With another quota project the API is on; it is named as the caller named it.
		c.with("X-Goog-User-Project", p1).api("GET", host, path, "").ok()
		c.with("X-Goog-User-Project", p2).api("GET", host, path, "").refused(403, "PERMISSION_DENIED", `"consumer":"projects/`+p2+`"`)
		c.settled(c.api("POST", usage, services(p2)+"/"+host+":enable", "{}").ok())
	}
	c.with("X-Goog-User-Project", "nowhere-at-all").api("GET", crm, "/v3/projects/"+p1, "").refused(403, "PERMISSION_DENIED",
		"USER_PROJECT_DENIED", "Caller does not have required permission to use project nowhere-at-all")
	c.as("viewer@example.com").with("X-Goog-User-Project", p1).api("GET", crm, "/v3/projects/"+p1, "").refused(403, "PERMISSION_DENIED",
		"USER_PROJECT_DENIED")
	c.api("GET", container, "/v1/projects/nowhere-at-all/locations/-/clusters", "").refused(403, "PERMISSION_DENIED", "CONSUMER_INVALID",
		"Permission denied on resource project nowhere-at-all.")
}

func TestPropagation(t *testing.T) {
	c := start(t, sim.Options{Faults: []string{"slow-propagation"}})
	c.api("POST", usage, services(p1)+"/"+hub+":disable", "{}").ok()
	c.advance(2 * time.Minute)
	c.api("GET", hub, featurePath, "").refused(403, "PERMISSION_DENIED")
	op := c.api("POST", usage, services(p1)+"/"+hub+":enable", "{}").ok()
	c.advance(time.Second)
	c.api("GET", usage, "/v1/"+op.str("name"), "").ok().is(true, "done")
	c.api("GET", usage, services(p1)+"/"+hub, "").ok().is("DISABLED", "state")
	c.api("GET", hub, featurePath, "").refused(403, "PERMISSION_DENIED", "SERVICE_DISABLED") // done, and still off
	c.advance(30 * time.Second)
	c.api("GET", usage, services(p1)+"/"+hub, "").ok().is("ENABLED", "state")
	c.api("GET", hub, featurePath, "").ok()

	before := c.policy(p1).str("etag")
	c.grant(p1, "roles/browser", "user:abe@example.com")
	if got := c.policy(p1).str("etag"); got != before {
		t.Error("the new policy was seen at once")
	}
	c.advance(time.Minute)
	if got := c.policy(p1).str("etag"); got == before {
		t.Error("the new policy was never seen")
	}
}
