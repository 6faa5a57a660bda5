package sim_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

func TestProjects(t *testing.T) {
	c := start(t, sim.Options{Projects: 3})
	for _, ref := range []string{p2, n2} {
		c.api("GET", crm, "/v1/projects/"+ref, "").ok().
			is(n2, "projectNumber").is(p2, "projectId").is("ACTIVE", "lifecycleState").is("organization", "parent", "type")
		c.api("GET", crm, "/v3/projects/"+ref, "").ok().
			is("projects/"+n2, "name").is(p2, "projectId").is("ACTIVE", "state").is("organizations/123456789012", "parent")
	}
	c.api("POST", crm, "/v1/projects/"+p2+":getAncestry", "{}").ok().is(p2, "ancestor", 0, "resourceId", "id").is("organization", "ancestor",
		1, "resourceId", "type")
	// Unknown and forbidden are the same.
	c.api("GET", crm, "/v3/projects/nowhere-at-all", "").refused(403, "PERMISSION_DENIED", "The caller does not have permission")
	c.as("stranger@example.com").api("GET", crm, "/v1/projects/"+p1, "").refused(403, "PERMISSION_DENIED", `"reason":"forbidden"`)

	if got := c.api("GET", crm, "/v1/projects?pageSize=2", "").ok(); len(got.at("projects").([]any)) != 2 || got.str("nextPageToken") == "" {
		t.Errorf("first page is %s", got.raw)
	}
	c.api("GET", crm, "/v3/projects:search?query=projectId:mesh-sim-2", "").ok().is(p2, "projects", 0, "projectId").is(nil, "projects", 1)
	c.api("GET", crm, "/v3/projects?parent=organizations/123456789012", "").ok().is(p1, "projects", 0, "projectId")
	c.as("stranger@example.com").api("GET", crm, "/v1/projects", "").ok().is(nil, "projects")
}

func TestReadModifyWrite(t *testing.T) {
	c := start(t, sim.Options{})
	first := c.policy(p1)
	etag := first.str("etag")
	if len(etag) != 12 || !strings.HasPrefix(etag, "Bw") {
		t.Errorf("etag is %q", etag)
	}
	bindings := append(first.at("bindings").([]any),
		map[string]any{"role": "roles/browser", "members": []string{"user:Zoe@Example.com", "user:abe@example.com", "user:abe@example.com"}},
		map[string]any{"role": "roles/browser", "members": []string{"user:mia@example.com"}},
		map[string]any{"role": "roles/logging.viewer", "members": []string{}},
	)
	written := c.setBindings(p1, etag, bindings).ok()
	if written.str("etag") == etag {
		t.Error("the etag did not change")
	}
	got := map[string][]string{}
	for _, b := range written.at("bindings").([]any) {
		m := b.(map[string]any)
		for _, x := range m["members"].([]any) {
			got[m["role"].(string)] = append(got[m["role"].(string)], x.(string))
		}
	}
	if diff := cmp.Diff([]string{"user:abe@example.com", "user:mia@example.com", "user:zoe@example.com"}, got["roles/browser"]); diff != "" {
		t.Errorf("members are not joined, sorted and lower-cased: %s", diff)
	}
	if diff := cmp.Diff(written.body, c.policy(p1).body); diff != "" {
		t.Errorf("what was read is not what was written: %s", diff)
	}

	c.setBindings(p1, etag, bindings).refused(409, "ABORTED", "There were concurrent policy changes",
		`did not match the current policy's ETag '`, `"reason":"aborted"`)

	// gcloud sends the etag in the other base64 alphabet.
	urlSafe := strings.NewReplacer("+", "-", "/", "_").Replace(written.str("etag"))
	c.setBindings(p1, urlSafe, bindings).ok()
	c.setBindings(p1, "not base64!", bindings).refused(400, "INVALID_ARGUMENT")
	c.setBindings(p1, "", bindings).ok() // blind
}

func TestUpdateMask(t *testing.T) {
	c := start(t, sim.Options{})
	bindings, _ := json.Marshal(c.policy(p1).at("bindings"))
	set := func(body string) answer { return c.api("POST", crm, "/v1/projects/"+p1+":setIamPolicy", body) }
	audit := `"auditConfigs":[{"service":"allServices","auditLogConfigs":[{"logType":"ADMIN_READ"}]}]`

	set(`{"policy":{"bindings":`+string(bindings)+`,`+audit+`}}`).ok().is(nil, "auditConfigs") // default mask: bindings, etag
	set(`{"policy":{`+audit+`},"updateMask":"auditConfigs"}`).ok().is("allServices", "auditConfigs", 0, "service")
	got := set(`{"policy":{"bindings":`+string(bindings)+`},"updateMask":"bindings,etag"}`).ok().is("allServices", "auditConfigs", 0,
		"service")
	if len(got.at("bindings").([]any)) == 0 {
		t.Error("bindings are gone")
	}
	set(`{"policy":{},"updateMask":"nonsense"}`).refused(400, "INVALID_ARGUMENT")
}

func TestPolicyVersions(t *testing.T) {
	c := start(t, sim.Options{})
	bindings := append(c.policy(p1).at("bindings").([]any), map[string]any{
		"role": "roles/browser", "members": []string{"user:abe@example.com"},
		"condition": map[string]any{"title": "soon", "expression": "true"},
	})
	etag := c.policy(p1).str("etag")
	raw, _ := json.Marshal(bindings)
	c.api("POST", crm, "/v1/projects/"+p1+":setIamPolicy", `{"policy":{"version":1,"bindings":`+string(raw)+`}}`).refused(400,
		"INVALID_ARGUMENT", "conditional")
	etag = c.setBindings(p1, etag, bindings).ok().is(3, "version").str("etag")

	flat := c.api("POST", crm, "/v1/projects/"+p1+":getIamPolicy", "").ok().is(1, "version")
	if !strings.Contains(string(flat.raw), "roles/browser_withcond_") || strings.Contains(string(flat.raw), "condition") {
		t.Errorf("version 1 of a conditional policy is %s", flat.raw)
	}
	c.api("POST", crm, "/v1/projects/"+p1+":setIamPolicy", `{"policy":{"version":1,"etag":"`+etag+`","bindings":[]}}`).
		refused(400, "INVALID_ARGUMENT", "Specified policy version (1) cannot be less than the existing policy version (3)")
	c.api("POST", crm, "/v1/projects/"+p1+":getIamPolicy", `{"options":{"requestedPolicyVersion":2}}`).refused(400, "INVALID_ARGUMENT")

	c.sim("PUT", "faults/policy-version-strict", "").ok()
	c.api("POST", crm, "/v1/projects/"+p1+":getIamPolicy", "").refused(400, "INVALID_ARGUMENT", "Requested policy version")
}

func TestMembers(t *testing.T) {
	c := start(t, sim.Options{})
	have := c.policy(p1).at("bindings").([]any)
	add := func(member string) answer {
		return c.setBindings(p1, "", append(have[:len(have):len(have)], map[string]any{"role": "roles/browser", "members": []string{member}}))
	}
	for _, ok := range []string{
		"user:new@example.com", "group:g@example.com", "domain:example.com", "serviceAccount:ci@mesh-sim-1.iam.gserviceaccount.com",
		"serviceAccount:elsewhere@other-project-1.iam.gserviceaccount.com", "serviceAccount:mesh-sim-1.svc.id.goog[ns/ksa]",
		"serviceAccount:" + n1 + "-compute@developer.gserviceaccount.com", "principal://iam.googleapis.com/x",
	} {
		add(ok).ok()
	}
	for bad, text := range map[string]string{
		"allUsers":              "allUsers",
		"allAuthenticatedUsers": "allAuthenticatedUsers",
		"somebody":              "<type>:<value>",
		"alien:x":               "Unknown member type",
		"user:nobody":           "not an email address",
		"serviceAccount:":       "Invalid service account ().",
		"user:ci@mesh-sim-1.iam.gserviceaccount.com":                 "serviceAccount:ci@",
		"serviceAccount:no@mesh-sim-1.iam.gserviceaccount.com":       "Service account no@mesh-sim-1.iam.gserviceaccount.com does not exist.",
		"deleted:serviceAccount:" + agent + "?uid=123":               "does not exist",
		"serviceAccount:service-" + n1 + "@gcp-sa-mesh.nowhere.test": "does not exist",
	} {
		add(bad).refused(400, "INVALID_ARGUMENT")
		if a := add(bad); !strings.Contains(a.str("error", "message"), text) {
			t.Errorf("%s: %s", bad, a.str("error", "message"))
		}
	}
	c.setBindings(p1, "", []any{map[string]any{"role": "owner", "members": []string{"user:a@example.com"}}}).refused(400, "INVALID_ARGUMENT")
	c.setBindings(p1, "", []any{map[string]any{"role": "projects/" + p1 + "/roles/none",
		"members": []string{"user:a@example.com"}}}).refused(400, "INVALID_ARGUMENT")
}

// TestDeletedMember checks that a deleted member is accepted back unchanged.
func TestDeletedMember(t *testing.T) {
	c := start(t, sim.Options{Faults: []string{"binding-deleted-agent"}})
	got := c.policy(p1)
	if !strings.Contains(string(got.raw), "deleted:serviceAccount:"+agent+"?uid=") {
		t.Fatalf("policy is %s", got.raw)
	}
	c.grant(p1, agentRole, "serviceAccount:"+agent)
	after := c.policy(p1)
	if !strings.Contains(string(after.raw), "deleted:serviceAccount:"+agent) ||
		!strings.Contains(string(after.raw), `"serviceAccount:`+agent) {
		t.Errorf("policy is %s", after.raw)
	}
}

func TestPermissionsAreEnforced(t *testing.T) {
	c := start(t, sim.Options{Projects: 2})
	viewer, ci, stranger := c.as("viewer@example.com"), c.as("ci@mesh-sim-1.iam.gserviceaccount.com"), c.as("stranger@example.com")
	etag := viewer.policy(p1).str("etag")
	viewer.setBindings(p1, etag, []any{}).refused(403, "PERMISSION_DENIED",
		"Permission 'resourcemanager.projects.setIamPolicy' denied on resource", "IAM_PERMISSION_DENIED")
	stranger.api("POST", crm, "/v1/projects/"+p1+":getIamPolicy", "").refused(403, "PERMISSION_DENIED", "The caller does not have permission")
	ci.grant(p2, "roles/browser", "user:stranger@example.com")
	stranger.policy(p2)
	stranger.api("POST", usage, "/v1/projects/"+p2+"/services/run.googleapis.com:enable", "{}").refused(403, "PERMISSION_DENIED",
		"AUTH_PERMISSION_DENIED")

	// A custom role, and a conditional binding, which grants nothing.
	world := c.sim("GET", "world", "").ok().body
	world["roles"] = map[string]any{"projects/" + p1 + "/roles/planner": []string{"resourcemanager.projects.get"}}
	raw, _ := json.Marshal(world)
	c.sim("PUT", "world", string(raw)).ok()
	c.grant(p1, "projects/"+p1+"/roles/planner", "user:stranger@example.com")
	stranger.api("GET", crm, "/v3/projects/"+p1, "").ok()
	stranger.api("POST", crm, "/v3/projects/"+p1+":getIamPolicy", "").refused(403, "PERMISSION_DENIED")
}

func TestTestIamPermissions(t *testing.T) {
	c := start(t, sim.Options{})
	ask := func(c *client, perms ...string) answer {
		body, _ := json.Marshal(map[string]any{"permissions": perms})
		return c.api("POST", crm, "/v3/projects/"+p1+":testIamPermissions", string(body))
	}
	ask(c.as("viewer@example.com"), "container.clusters.update", "container.clusters.get").ok().is("[container.clusters.get]", "permissions")
	if a := ask(c.as("stranger@example.com"), "gkehub.features.get").ok(); strings.TrimSpace(string(a.raw)) != "{}" {
		t.Errorf("nothing held is %s", a.raw)
	}
	ask(c, "gkehub.features.frobnicate").refused(400, "INVALID_ARGUMENT", "not valid")
	ask(c, "iam.serviceAccounts.getAccessToken").ok().is(nil, "permissions") // not even an owner
	c.api("POST", hub, featurePath+":testIamPermissions", `{"permissions":["gkehub.features.update"]}`).ok().is("[gkehub.features.update]",
		"permissions")
}

func TestAccessTokens(t *testing.T) {
	c := start(t, sim.Options{})
	const path = "/v1/projects/-/serviceAccounts/ci@mesh-sim-1.iam.gserviceaccount.com:generateAccessToken"
	body := `{"scope":["https://www.googleapis.com/auth/cloud-platform"],"lifetime":"600s"}`
	c.api("POST", iamCreds, path, body).refused(403, "PERMISSION_DENIED", "iam.serviceAccounts.getAccessToken")
	c.grant(p1, "roles/iam.serviceAccountTokenCreator", "user:admin@example.com")
	token := c.api("POST", iamCreds, path, body).ok().str("accessToken")
	c.api("POST", iamCreds, path, `{"scope":["x"],"lifetime":"99999s"}`).refused(400, "INVALID_ARGUMENT")

	// What the token does is the account's doing, on the caller's behalf.
	minted := c.as("").with("Authorization", "Bearer "+token)
	minted.grant(p1, "roles/browser", "user:abe@example.com")
	entry := c.entries(p1,
		`protoPayload.methodName="SetIamPolicy" AND protoPayload.authenticationInfo.principalEmail="ci@mesh-sim-1.iam.gserviceaccount.com"`)
	if len(entry) != 1 || !strings.Contains(toJSON(entry), "admin@example.com") {
		t.Errorf("audit entry is %v", entry)
	}

	// A key file's assertion, unsigned: {"iss":"ci@mesh-sim-1..."}.
	jwt := "e30.eyJpc3MiOiJjaUBtZXNoLXNpbS0xLmlhbS5nc2VydmljZWFjY291bnQuY29tIn0.c2ln"
	c.api("POST", "oauth2.googleapis.com", "/token", "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="+jwt).ok().
		is("sim-token.ci@mesh-sim-1.iam.gserviceaccount.com", "access_token").is("Bearer", "token_type")
	c.api("POST", "oauth2.googleapis.com", "/token",
		"grant_type=refresh_token&refresh_token=sim-token.viewer@example.com").ok().is("sim-token.viewer@example.com", "access_token")
	c.api("POST", "oauth2.googleapis.com", "/token", "grant_type=refresh_token&refresh_token=other").is("invalid_grant", "error")
}

func toJSON(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}
