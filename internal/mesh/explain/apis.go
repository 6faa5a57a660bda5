package explain

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// apiRefused is how Google refuses an API that is not enabled. gcloud and
// Terraform repeat it; logs bring it in jsonPayload.message.
var (
	apiRefused    = regexp.MustCompile(`^[Hh]as not been used in project ?(\S*)(?: before or it is disabled)?`)
	apiTitle      = regexp.MustCompile(`(?:^|[^A-Za-z() ])? ?((?:[A-Z][A-Za-z]*|\([A-Z]+\))(?: (?:[A-Z][A-Za-z]*|\([A-Z]+\)))*) ?$`)
	apiInURL      = regexp.MustCompile(`/apis/api/([a-z0-9.]+)/|service"?: ?"?([a-z0-9.]+\.googleapis\.com)`)
	apiNotEnabled = regexp.MustCompile(`^API \[?([a-z0-9.]+\.googleapis\.com)\]? (?:is )?not enabled on project \[?([a-z0-9:.-]+)`)
)

// apiTitles are the titles of the mesh's own APIs, for a refusal that does not repeat the API's name.
var apiTitles = map[string]string{
	"Connect Gateway API": mesh.GatewayService, "GKE Hub API": "gkehub.googleapis.com", "GKE Hub": "gkehub.googleapis.com",
	"Mesh Configuration API": "meshconfig.googleapis.com", "Anthos Service Mesh API": "mesh.googleapis.com",
	"Cloud Service Mesh API": "mesh.googleapis.com", "Service Mesh API": "mesh.googleapis.com", "Mesh API": "mesh.googleapis.com",
	"Anthos Service Mesh Certificate Authority API": "meshca.googleapis.com", "Traffic Director API": "trafficdirector.googleapis.com",
	"Network Services API": "networkservices.googleapis.com", "Network Security API": "networksecurity.googleapis.com",
	"Kubernetes Engine API": "container.googleapis.com", "Cloud Resource Manager API": "cloudresourcemanager.googleapis.com",
	"Anthos API": "anthos.googleapis.com", "GKE Connect API": "gkeconnect.googleapis.com",
}

// general are APIs that the mesh needs and much else does, too: their refusal is explained where the text is about a mesh.
var general = regexp.MustCompile(`^(?:certificatemanager|cloudresourcemanager|cloudtrace|compute|container|dns|iam|iamcredentials|logging|` +
	`monitoring|networkmanagement|opsconfigmonitoring|privateca|servicemanagement|serviceusage|stackdriver|sts|telemetry)\.`)

// disabledAPI recognises the refusal of an API. That of Connect Gateway in the
// control plane's log is the last section of Google's page.
func (e *explainer) disabledAPI() {
	e.Hits("hasnotbeenusedinproject", func(at, end int) bool {
		text := e.Window(at, 0, end, 200)
		m := apiRefused.FindStringSubmatch(text)
		if m == nil {
			return true
		}
		title := ""
		if t := apiTitle.FindStringSubmatch(e.Window(at, 80, at, 0)); t != nil {
			title = t[1]
		}
		service := ""
		if u := apiInURL.FindStringSubmatch(e.Window(at, 0, end, 900)); u != nil {
			service = cmp.Or(u[1], u[2])
		}
		if service == "" {
			service = apiTitles[strings.TrimPrefix(title, "API ")]
		}
		e.refused(service, m[1], strings.TrimSpace(title+" "+m[0]), at)
		return true
	})
	e.Hits("notenabledonproject", func(at, _ int) bool {
		text := e.Window(at, 120, at, 200)
		if i := strings.LastIndex(text, "API "); i >= 0 {
			if m := apiNotEnabled.FindStringSubmatch(text[i:]); m != nil {
				e.refused(m[1], m[2], m[0], at)
			}
		}
		return true
	})
}

// gcloudsProject is Google's own project, which answers for user credentials
// without a quota project; no user can enable an API there.
const gcloudsProject = "764086051850"

func (e *explainer) refused(service, project, evidence string, at int) {
	project = strings.Trim(project, "[]*()<>\".,")
	gcloud := project == gcloudsProject
	e.spot = at
	if mesh.ServiceReason(service) == "" || general.MatchString(service) && !e.ofMesh() && !gcloud {
		return // not an API of the mesh
	}
	code := catalogue.ServiceDisabled
	switch {
	case service == mesh.GatewayService && strings.Contains(e.Squeezed, "istio_control_plane"):
		code = catalogue.LogGatewayDisabled
	case service == mesh.GatewayService:
		code = catalogue.ConnectGatewayDisabled
	}
	if gcloud {
		x := e.add(catalogue.Unreadable, "", evidence, at, true)
		x.Title, x.Cause = "The credentials have no quota project", "Google answers for user credentials without a quota project with a "+
			"project of its own, where you cannot enable an API."
		x.Remedy = "Set a quota project: gcloud auth application-default set-quota-project PROJECT; in the provider, user_project_override and " +
			"billing_project."
		return
	}
	x := e.add(code, "", evidence, at, true)
	x.set("service", service)
	x.set("project", project)
	if code != catalogue.ServiceDisabled {
		x.Roots = []catalogue.Code{catalogue.ServiceDisabled}
	} else if reason := mesh.ServiceReason(service); reason != "" {
		x.Means += " It is for: " + reason + "."
	}
}

// The forms in which Google Cloud and Kubernetes refuse a permission.
var (
	permissionDenied = regexp.MustCompile(`(?i)permission "?([a-z]+\.[a-zA-Z.]+)"? (?:is )?denied|` +
		`required "?([a-z]+\.[a-zA-Z.]+)"? permission|lacks permission "?([a-z]+\.[a-zA-Z.]+)`)
	meshPermission = regexp.MustCompile(`^(?:gkehub|meshconfig|mesh|trafficdirector|anthosservicemesh)\.`)
	groupForbidden = regexp.MustCompile(`(?i)\b[a-z]+\.(?:mesh\.cloud\.google\.com|hub\.gke\.io)(?: "[^"]*")? is forbidden: User "?(?P<user>[^" ]+)"? cannot`)
	agentForbidden = regexp.MustCompile(`(?i)User "?service-(?P<fleet_number>[0-9]+)@gcp-sa-servicemesh\.iam\.gserviceaccount\.com"? cannot`)
)

// refusedPermission recognises that the caller, or the mesh's agent, may not do something that is about the mesh. A
// permission of another product, or the refusal of another kind of object in a cluster, is none of ours.
func (e *explainer) refusedPermission() {
	e.Hits("permission", func(at, end int) bool {
		window := e.Window(at, 40, end, 160)
		for _, m := range permissionDenied.FindAllStringSubmatch(window, -1) {
			for _, permission := range m[1:] {
				if meshPermission.MatchString(permission) {
					e.lacks(m[0], at).set("permission", permission)
				}
			}
		}
		return true
	})
	e.Hits("isforbidden:user", func(at, end int) bool {
		if m := groupForbidden.FindStringSubmatch(e.Window(at, 120, end, 120)); m != nil {
			e.lacks(m[0], at).set("user", m[1])
		}
		return true
	})
	e.Hits("gcp-sa-servicemesh.iam.gserviceaccount.com", func(at, end int) bool {
		if m := agentForbidden.FindStringSubmatch(e.Window(at, 60, end, 20)); m != nil {
			e.add(catalogue.BindingMissing, "", m[0], at, false).set("fleet_number", m[1])
		}
		return true
	})
	e.Hits("cannotimpersonateresource", func(at, end int) bool {
		if strings.Contains(e.Window(at, 100, end, 0), "connect-agent-sa") {
			e.lacks(e.Window(at, 60, end, 60), at)
		}
		return true
	})
}

// lacks explains that the caller lacks a permission.
func (e *explainer) lacks(evidence string, at int) *Explanation {
	x := e.add(catalogue.Unreadable, "", evidence, at, true)
	if x.Variables != nil {
		x.Title = "The caller lacks a permission"
		x.Cause = "The account that asked lacks a permission. Google gives the same answer for something that does not exist."
		x.Remedy = "Grant the account the permission that the message names, and check the name of what was asked for."
	}
	return x
}
