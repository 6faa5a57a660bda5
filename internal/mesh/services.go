package mesh

import (
	"fmt"
	"slices"
	"strings"
)

// GatewayService is the API through which Google's managed control plane
// reaches a GKE cluster; without it provisioning fails (last section of Google's page).
const GatewayService = "connectgateway.googleapis.com"

// HubService is the API of fleets: their memberships and features.
const HubService = "gkehub.googleapis.com"

// Service is an API that managed mesh may need on a project.
type Service struct {
	Name    string
	Reason  string // what breaks without it
	Default bool   // enabled when the user names none
}

// services is the list of APIs that asm_project_services accepts. The defaults
// are those that documents name as required; the others are what particular
// set-ups add. It is closed so that a misspelt name is found before any request.
var services = []Service{
	{"connectgateway.googleapis.com", "the managed control plane reaches the cluster through it; provisioning and injection fail without it",
		true},
	{"container.googleapis.com", "GKE itself", true},
	{HubService, "the fleet: memberships and the mesh feature", true},
	{"mesh.googleapis.com", "managed mesh itself; needed on the fleet project and on every cluster's project", true},
	{"meshconfig.googleapis.com", "configuration of the mesh and its injection webhooks", true},
	{"networksecurity.googleapis.com", "required by the TRAFFIC_DIRECTOR control plane", true},
	{"networkservices.googleapis.com", "required by the TRAFFIC_DIRECTOR control plane", true},
	{"trafficdirector.googleapis.com", "required by the TRAFFIC_DIRECTOR control plane", true},

	{"anthos.googleapis.com", "clusters outside Google Cloud", false},
	{"certificatemanager.googleapis.com", "certificates of gateways", false},
	{"cloudresourcemanager.googleapis.com", "reading and writing the project's IAM policy", false},
	{"cloudtrace.googleapis.com", "traces of the mesh", false},
	{"compute.googleapis.com", "networks and load balancers", false},
	{"dns.googleapis.com", "names of mesh services", false},
	{"gkeconnect.googleapis.com", "connecting clusters outside Google Cloud", false},
	{"iam.googleapis.com", "service accounts", false},
	{"iamcredentials.googleapis.com", "workload identity: tokens of Google service accounts", false},
	{"logging.googleapis.com", "logs of the control plane, and who changed what", false},
	{"meshca.googleapis.com", "certificates of workloads (Mesh CA)", false},
	{"monitoring.googleapis.com", "metrics of the mesh", false},
	{"multiclusteringress.googleapis.com", "ingress for several clusters", false},
	{"multiclusterservicediscovery.googleapis.com", "services across clusters", false},
	{"networkmanagement.googleapis.com", "connectivity tests", false},
	{"opsconfigmonitoring.googleapis.com", "metadata of metrics", false},
	{"privateca.googleapis.com", "certificates of workloads (Certificate Authority Service)", false},
	{"servicemanagement.googleapis.com", "service management", false},
	{"serviceusage.googleapis.com", "reading and enabling the project's APIs", false},
	{"stackdriver.googleapis.com", "the older observability umbrella", false},
	{"sts.googleapis.com", "workload identity: exchanging tokens", false},
	{"telemetry.googleapis.com", "telemetry over OTLP", false},
	{"workloadcertificate.googleapis.com", "managed workload certificates", false},
}

// DefaultServices are the APIs enabled on a project when the user names none, sorted.
func DefaultServices() []string {
	var names []string
	for _, s := range services {
		if s.Default {
			names = append(names, s.Name)
		}
	}
	return names
}

// Services are all APIs that asm_project_services knows: the defaults first, each part sorted by name.
func Services() []Service { return slices.Clone(services) }

// ServiceReason returns why the mesh needs an API, or "" for an unlisted one.
func ServiceReason(name string) string {
	for _, s := range services {
		if s.Name == name {
			return s.Reason
		}
	}
	return ""
}

// CheckService returns an error for an invalid API name.
func CheckService(name string) error {
	if ServiceReason(name) != "" {
		return nil
	}
	if nearest := nearestService(name); nearest != "" {
		return fmt.Errorf("%q is not an API that managed mesh uses; did you mean %q?", name, nearest)
	}
	return fmt.Errorf("%q is not an API that managed mesh uses, so it is not managed here; enable it with google_project_service (the "+
		"documentation of asm_project_services lists the APIs that are known)", name)
}

func nearestService(name string) string {
	best, distance := "", 4 // farther than three edits is another name, not a slip
	for _, s := range services {
		for _, candidate := range []string{s.Name, strings.TrimSuffix(s.Name, ".googleapis.com")} {
			if d := editDistance(name, candidate); d < distance {
				best, distance = s.Name, d
			}
		}
	}
	return best
}

// editDistance is the Levenshtein distance of two ASCII names.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
