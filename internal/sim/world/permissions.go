package world

import (
	"regexp"
	"slices"
	"strings"
)

// What callers may do is decided from the project's policy: roles are a table of permission patterns. Two
// simplifications: conditional bindings grant nothing to a caller, and groups are not resolved.

var customRolePattern = regexp.MustCompile(`^(projects|organizations)/[^/]+/roles/[A-Za-z0-9_.]+$`)

// IsCustomRole reports whether a role is a project's or an organization's own.
func IsCustomRole(role string) bool { return customRolePattern.MatchString(role) }

// A roleDef grants the permissions that match one of allow and none of deny. A pattern is a permission, "*", a prefix
// "container.*" or a suffix "*.get".
type roleDef struct {
	allow []string
	deny  []string
}

// impersonation is what the basic roles do not include.
var impersonation = []string{
	"iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.signBlob",
	"iam.serviceAccounts.signJwt", "iam.serviceAccounts.getOpenIdToken",
}

// roleTable are the predefined roles that callers of these APIs hold, cut down to permissions of these APIs.
var roleTable = map[string]roleDef{
	"roles/owner": {allow: []string{"*"}, deny: impersonation},
	"roles/editor": {allow: []string{"*"}, deny: append([]string{
		"*.setIamPolicy", "logging.privateLogEntries.list", "resourcemanager.projects.delete", "resourcemanager.projects.undelete",
	}, impersonation...)},
	"roles/viewer": {allow: []string{"*.get", "*.list", "*.getIamPolicy"},
		deny: []string{"logging.privateLogEntries.list", "gkehub.gateway.get"}},
	"roles/browser": {allow: []string{
		"resourcemanager.projects.get", "resourcemanager.projects.list", "resourcemanager.projects.getIamPolicy",
	}},
	"roles/iam.securityReviewer": {allow: []string{"*.list", "*.getIamPolicy"}},
	"roles/iam.serviceAccountTokenCreator": {allow: append([]string{"iam.serviceAccounts.get", "iam.serviceAccounts.list"},
		impersonation...)},
	"roles/resourcemanager.projectIamAdmin": {allow: []string{"resourcemanager.projects.get", "resourcemanager.projects.getIamPolicy",
		"resourcemanager.projects.setIamPolicy"}},
	"roles/serviceusage.serviceUsageAdmin": {allow: []string{"serviceusage.*"}},
	"roles/serviceusage.serviceUsageViewer": {allow: []string{"serviceusage.services.get", "serviceusage.services.list",
		"serviceusage.operations.get", "serviceusage.operations.list"}},
	"roles/serviceusage.serviceUsageConsumer": {allow: []string{"serviceusage.services.get", "serviceusage.services.list",
		"serviceusage.services.use", "serviceusage.operations.get", "serviceusage.operations.list"}},
	"roles/container.admin": {allow: []string{"container.*", "resourcemanager.projects.get", "resourcemanager.projects.list"}},
	"roles/container.clusterAdmin": {allow: []string{
		"container.clusters.create", "container.clusters.delete", "container.clusters.get", "container.clusters.list",
		"container.clusters.update",
		"container.operations.*", "resourcemanager.projects.get", "resourcemanager.projects.list",
	}},
	"roles/container.developer": {allow: []string{
		"container.clusters.get", "container.clusters.list", "container.pods.*", "resourcemanager.projects.get", "resourcemanager.projects.list",
	}},
	"roles/gkehub.gatewayReader": {allow: []string{"gkehub.gateway.get", "gkehub.gateway.generateCredentials", "gkehub.memberships.get"}},
	"roles/gkehub.gatewayEditor": {allow: []string{"gkehub.gateway.*", "gkehub.memberships.get"}, deny: []string{"gkehub.gateway.stream"}},
	"roles/gkehub.gatewayAdmin":  {allow: []string{"gkehub.gateway.*", "gkehub.memberships.get"}},
	"roles/container.viewer": {allow: []string{
		"container.pods.get", "container.pods.list", "container.clusters.get", "container.clusters.list", "container.operations.get",
		"container.operations.list",
		"resourcemanager.projects.get", "resourcemanager.projects.list",
	}},
	"roles/container.clusterViewer": {allow: []string{
		"container.clusters.get", "container.clusters.list", "resourcemanager.projects.get", "resourcemanager.projects.list",
	}},
	"roles/gkehub.admin": {allow: []string{"gkehub.*", "resourcemanager.projects.get", "resourcemanager.projects.list"},
		deny: []string{"gkehub.gateway.*"}},
	"roles/gkehub.editor": {allow: []string{"gkehub.*", "resourcemanager.projects.get", "resourcemanager.projects.list"},
		deny: []string{"gkehub.gateway.*", "*.setIamPolicy"}},
	"roles/gkehub.viewer": {allow: []string{"gkehub.features.get", "gkehub.features.list", "gkehub.features.getIamPolicy",
		"gkehub.memberships.get", "gkehub.memberships.list", "gkehub.memberships.getIamPolicy", "gkehub.membershipfeatures.get",
		"gkehub.membershipfeatures.list", "gkehub.operations.get", "gkehub.operations.list", "gkehub.locations.get", "gkehub.locations.list",
		"resourcemanager.projects.get", "resourcemanager.projects.list"}},
	"roles/logging.viewer": {allow: []string{"logging.logEntries.list", "logging.logs.list", "logging.buckets.get",
		"logging.buckets.list", "resourcemanager.projects.get"}},
	"roles/logging.privateLogViewer": {allow: []string{"logging.logEntries.list", "logging.privateLogEntries.list", "logging.logs.list",
		"resourcemanager.projects.get"}},
	"roles/logging.admin": {allow: []string{"logging.*", "resourcemanager.projects.get"}},
}

// knownPermissions are the permissions of the simulated APIs on a project:
// testIamPermissions refuses others with these prefixes.
var knownPermissions = buildPermissions(map[string]string{
	"resourcemanager.projects":  "get list getIamPolicy setIamPolicy update delete undelete move create",
	"serviceusage.services":     "get list enable disable use",
	"serviceusage.operations":   "get list cancel delete",
	"serviceusage.quotas":       "get update",
	"container.clusters":        "create delete get list update getCredentials connect impersonate",
	"container.operations":      "get list",
	"container.pods":            "create delete get list update",
	"gkehub.features":           "create delete get list update getIamPolicy setIamPolicy",
	"gkehub.memberships":        "create delete get list update getIamPolicy setIamPolicy generateConnectManifest",
	"gkehub.membershipfeatures": "create delete get list update",
	"gkehub.operations":         "get list cancel delete",
	"gkehub.locations":          "get list",
	"gkehub.fleet":              "create delete get update getFreeTrial",
	"gkehub.gateway":            "get post put patch delete stream generateCredentials",
	"logging.logEntries":        "create list download",
	"logging.privateLogEntries": "list",
	"logging.logs":              "list delete",
	"logging.buckets":           "get list",
	"iam.serviceAccounts": "get list create delete update getIamPolicy setIamPolicy actAs " +
		"getAccessToken getOpenIdToken signBlob signJwt enable disable undelete implicitDelegation",
	"iam.roles": "get list create delete update undelete",
})

func buildPermissions(groups map[string]string) map[string]bool {
	out := map[string]bool{}
	for prefix, verbs := range groups {
		for verb := range strings.FieldsSeq(verbs) {
			out[prefix+"."+verb] = true
		}
	}
	return out
}

var permissionPattern = regexp.MustCompile(`^[a-z][a-zA-Z0-9]*(\.[a-zA-Z][a-zA-Z0-9]*){2,}$`)

// ValidPermission reports whether testIamPermissions takes a permission: of the simulated APIs only those it knows, of
// others whatever looks like one.
func ValidPermission(p string) bool {
	if knownPermissions[p] {
		return true
	}
	service, _, _ := strings.Cut(p, ".")
	switch service {
	case "resourcemanager", "serviceusage", "container", "gkehub", "logging", "iam":
		return false
	}
	return permissionPattern.MatchString(p)
}

func matchPermission(patterns []string, permission string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		switch {
		case p == "*":
			return true
		case strings.HasPrefix(p, "*"):
			return strings.HasSuffix(permission, p[1:])
		case strings.HasSuffix(p, "*"):
			return strings.HasPrefix(permission, p[:len(p)-1])
		default:
			return p == permission
		}
	})
}

// roleGrants reports whether a role has a permission.
func (w *World) roleGrants(role, permission string) bool {
	if def, ok := roleTable[role]; ok {
		return matchPermission(def.allow, permission) && !matchPermission(def.deny, permission)
	}
	return slices.Contains(w.Roles[role], permission)
}

// member is a principal as a policy writes it.
func member(email string) string {
	if strings.HasSuffix(email, ".gserviceaccount.com") {
		return "serviceAccount:" + email
	}
	return "user:" + email
}

// Allowed reports whether a caller has a permission on a project.
func (w *World) Allowed(p *Project, email, permission string) bool {
	me := member(email)
	_, host, _ := strings.Cut(email, "@")
	domain := "domain:" + host
	for _, b := range p.Policy.Bindings {
		if b.Condition != nil {
			continue
		}
		if !slices.Contains(b.Members, me) && !slices.Contains(b.Members, domain) {
			continue
		}
		if w.roleGrants(b.Role, permission) {
			return true
		}
	}
	return false
}

// AccountExists reports whether a service account is there. Accounts of projects outside of this world cannot be known
// and are taken as existing; service agents exist once they were generated.
func (w *World) AccountExists(email string) bool {
	local, host, ok := strings.Cut(email, "@")
	if !ok || local == "" {
		return false
	}
	domain, ok := strings.CutSuffix(host, ".iam.gserviceaccount.com")
	if !ok {
		return w.defaultAccountExists(local, host)
	}
	if p := w.Project(domain); p != nil {
		return slices.Contains(p.ServiceAccounts, email)
	}
	num, ok := strings.CutPrefix(local, "service-")
	p := w.Project(num)
	if !ok || p == nil {
		return true
	}
	known := false
	for _, info := range serviceCatalogue {
		known = known || info.agent == domain
	}
	if !known {
		return true // an agent of an API that is not simulated
	}
	return slices.ContainsFunc(p.ServiceIdentities, func(id ServiceIdentity) bool { return id.Email == email })
}

// defaultAccountExists is about NUMBER-compute@developer and NUMBER@cloudservices, which come with a project.
func (w *World) defaultAccountExists(local, host string) bool {
	switch host {
	case "developer.gserviceaccount.com", "cloudservices.gserviceaccount.com", "appspot.gserviceaccount.com":
		return true
	}
	return strings.HasSuffix(host, ".svc.id.goog") || strings.HasSuffix(local, "]")
}
