package world

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// serviceInfo describes an API of the catalogue.
type serviceInfo struct {
	title string
	// agent is the domain part of its service agent before ".iam.gserviceaccount.com"; "" if it has none here.
	agent string
	// needs are the services it depends on: they cannot be disabled while it is on.
	needs []string
}

// serviceCatalogue are the APIs that Service Usage knows. Titles of container, gkehub, serviceusage and connectgateway
// are recorded. An API that is neither here nor in the project's world document gets the "not found or permission
// denied" refusal.
var serviceCatalogue = map[string]serviceInfo{
	"anthos.googleapis.com":                 {title: "Anthos API"},
	"anthosconfigmanagement.googleapis.com": {title: "Anthos Config Management API"},
	"artifactregistry.googleapis.com":       {title: "Artifact Registry API"},
	"autoscaling.googleapis.com":            {title: "Cloud Autoscaling API"},
	"bigquery.googleapis.com":               {title: "BigQuery API"},
	"binaryauthorization.googleapis.com":    {title: "Binary Authorization API"},
	"certificatemanager.googleapis.com":     {title: "Certificate Manager API"},
	"cloudbilling.googleapis.com":           {title: "Cloud Billing API"},
	"cloudbuild.googleapis.com":             {title: "Cloud Build API"},
	"cloudkms.googleapis.com":               {title: "Cloud Key Management Service (KMS) API"},
	"cloudresourcemanager.googleapis.com":   {title: "Cloud Resource Manager API"},
	"cloudtrace.googleapis.com":             {title: "Cloud Trace API"},
	"compute.googleapis.com":                {title: "Compute Engine API", agent: "compute-system"},
	"connectgateway.googleapis.com":         {title: "Connect Gateway API"},
	"container.googleapis.com": {title: "Kubernetes Engine API", agent: "container-engine-robot",
		needs: []string{"compute.googleapis.com"}},
	"dns.googleapis.com":                 {title: "Cloud DNS API"},
	"gkeconnect.googleapis.com":          {title: "GKE Connect API"},
	"gkehub.googleapis.com":              {title: "GKE Hub API", agent: "gcp-sa-gkehub"},
	"iam.googleapis.com":                 {title: "Identity and Access Management (IAM) API"},
	"iamcredentials.googleapis.com":      {title: "IAM Service Account Credentials API"},
	"logging.googleapis.com":             {title: "Cloud Logging API"},
	"mesh.googleapis.com":                {title: "Mesh API", agent: "gcp-sa-servicemesh"}, // agent inferred
	"meshca.googleapis.com":              {title: "Mesh CA API"},
	"meshconfig.googleapis.com":          {title: "Mesh Configuration API", agent: "gcp-sa-meshconfig"}, // agent recorded
	"meshtelemetry.googleapis.com":       {title: "Mesh Telemetry API"},
	"monitoring.googleapis.com":          {title: "Cloud Monitoring API"},
	"multiclusteringress.googleapis.com": {title: "Multi Cluster Ingress API"},
	"networksecurity.googleapis.com":     {title: "Network Security API"},
	"networkservices.googleapis.com":     {title: "Network Services API"},
	"opsconfigmonitoring.googleapis.com": {title: "Ops Config Monitoring API"},
	"orgpolicy.googleapis.com":           {title: "Organization Policy API"},
	"privateca.googleapis.com":           {title: "Certificate Authority API"},
	"pubsub.googleapis.com":              {title: "Cloud Pub/Sub API"},
	"run.googleapis.com":                 {title: "Cloud Run Admin API"},
	"secretmanager.googleapis.com":       {title: "Secret Manager API"},
	"servicecontrol.googleapis.com":      {title: "Service Control API"},
	"servicemanagement.googleapis.com":   {title: "Service Management API"},
	"servicenetworking.googleapis.com":   {title: "Service Networking API"},
	"serviceusage.googleapis.com":        {title: "Service Usage API"},
	"sqladmin.googleapis.com":            {title: "Cloud SQL Admin API"},
	"storage.googleapis.com":             {title: "Cloud Storage API"},
	"sts.googleapis.com":                 {title: "Security Token Service API"},
	"trafficdirector.googleapis.com":     {title: "Traffic Director API"},
	"workloadcertificate.googleapis.com": {title: "Workload Certificate API"},
}

// defaultServices are on in every built project: what managed mesh needs, and what comes with a project.
var defaultServices = []string{
	"cloudresourcemanager.googleapis.com",
	"cloudtrace.googleapis.com",
	"compute.googleapis.com",
	"connectgateway.googleapis.com",
	"container.googleapis.com",
	"gkehub.googleapis.com",
	"iam.googleapis.com",
	"iamcredentials.googleapis.com",
	"logging.googleapis.com",
	"mesh.googleapis.com",
	"meshconfig.googleapis.com",
	"monitoring.googleapis.com",
	"networksecurity.googleapis.com",
	"networkservices.googleapis.com",
	"serviceusage.googleapis.com",
	"trafficdirector.googleapis.com",
}

// ServiceTitle is the API's display name, for messages.
func ServiceTitle(service string) string {
	if info, ok := serviceCatalogue[service]; ok {
		return info.title
	}
	name, _, _ := strings.Cut(service, ".")
	return strings.ToUpper(name[:1]) + name[1:] + " API"
}

// ServiceAgent is the service agent of an API on a project, "" if it has none.
func ServiceAgent(service string, p *Project) string {
	agent := serviceCatalogue[service].agent
	if agent == "" {
		return ""
	}
	return "service-" + p.Number() + "@" + agent + ".iam.gserviceaccount.com"
}

// KnowsService reports whether a project can see a service at all.
func (p *Project) KnowsService(name string) bool {
	if _, ok := serviceCatalogue[name]; ok {
		return true
	}
	_, ok := p.Services[name]
	return ok
}

// WithDependencies adds the services that a service depends on: they are enabled with it (documented).
func (p *Project) WithDependencies(names ...string) []string {
	var out []string
	for _, n := range names {
		for _, need := range serviceCatalogue[n].needs {
			if !p.ServiceEnabled(need) && !slices.Contains(out, need) {
				out = append(out, need)
			}
		}
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// Dependents lists the enabled services that need a service, and those that need them.
func (p *Project) Dependents(name string) []string {
	var out []string
	for s := range p.Services {
		if p.ServiceEnabled(s) && slices.Contains(serviceCatalogue[s].needs, name) {
			out = append(out, s)
			for _, d := range p.Dependents(s) {
				if !slices.Contains(out, d) {
					out = append(out, d)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// switchService is a service change by a world fault: at once, with the same two audit entries as a client's.
func (w *World) switchService(p *Project, name string, on bool, now time.Time) {
	if p.ServiceEnabled(name) == on {
		return
	}
	method, permission, state := "DisableService", "serviceusage.services.disable", ServiceDisabled
	if on {
		method, permission, state = "EnableService", "serviceusage.services.enable", ServiceEnabled
	}
	resource := "projects/" + p.ProjectID + "/services/" + name
	first, last := NewServiceRecord(p, ciActor, method, permission, resource, map[string]any{"name": resource}).
		AsOperation("operations/acat.p2-" + p.Number() + "-" + UUIDFor(w.NewOperationName(now)))
	last.Response = map[string]any{"service": map[string]any{"name": "projects/" + p.Number() + "/services/" + name, "state": state}}
	w.AppendAudit(first, now)
	w.setServices(p, []string{name}, state, now)
	w.AppendAudit(last, now)
	w.Changed(p, now)
}

// ServiceDisabledText is the message of every API that is disabled.
func ServiceDisabledText(service, consumer string) string {
	return fmt.Sprintf("%s has not been used in project %s before or it is disabled. Enable it by visiting %s then retry. "+
		"If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry.",
		ServiceTitle(service), consumer, ActivationURL(service, consumer))
}

// ActivationURL is the page of the console where an API can be enabled.
func ActivationURL(service, consumer string) string {
	return "https://console.developers.google.com/apis/api/" + service + "/overview?project=" + consumer
}

// ServiceNames lists the services that a project can see, sorted.
func (p *Project) ServiceNames() []string {
	names := slices.Collect(maps.Keys(serviceCatalogue))
	for name := range p.Services {
		if _, ok := serviceCatalogue[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
