package explain

import (
	"regexp"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// aboutMesh are names by which programs and people speak of a managed mesh on GKE, or of the fleet that manages it. A text
// about Istio, or a fleet of something, is not enough.
var aboutMesh = regexp.MustCompile(`(?i)asmcli|install_asm|(?:anthos|cloud|managed|google) service[ _-]?mesh|servicemesh|\b(?:asm|csm)\b|` +
	`asm-managed|controlplanerevision|featuremembershipmesh|istio_control_plane|gkehub|gke_hub|gke hub|hub\.gke\.io|container[. ](?:fleet|hub)\b|fleet membership|` +
	`meshconfig|mesh\.googleapis|mesh\.cloud\.google|gcp-sa-(?:servicemesh|gkehub|meshdataplane)|mdp-controller|安装工具|服务网格|service mesh`)

// isAboutMesh reports whether a text speaks of a mesh.
func isAboutMesh(text string) bool { return aboutMesh.MatchString(text) }

// otherProducts are names of what is no part of a mesh. A message that others print, too, is theirs beside such a name.
var otherProducts = regexp.MustCompile(`(?i)\b(?:eks|aks|azure|aws|openshift|rancher|kong|kuma|linkerd|consul|cilium|nginx|traefik|knative|` +
	`gcloud\.(?:run|functions|builds?|app|sql|storage|dataflow|composer|ai)|cloud (?:functions?|build|sql|storage)|app engine|bigquery|` +
	`spanner|alloydb|argo ?cd|flux|kustomization|kafka|zookeeper|cloudflare|dataflow|dataproc|composer|vertex|pub/?sub|cloud run (?:service|job)s?|google_cloud(?:_run|functions)\w*)\b`)

// How far around a message its context reaches, in bytes: a name nearby counts for the message, the name of another
// product close by counts against it.
const (
	nearby  = 800
	closeBy = 150
)

// ofMesh reports whether a message that other products print, too, is about the mesh here: something nearby names the
// mesh, and nothing closer another product.
func (e *explainer) ofMesh() bool {
	return e.subject != "" || !e.ofOthers() && isAboutMesh(e.Window(e.spot, nearby, e.spot, nearby))
}

// mayBeOfMesh reports whether a message that is mostly the mesh's may be so here: nothing close by names another product.
func (e *explainer) mayBeOfMesh() bool { return e.subject != "" || !e.ofOthers() }

// ofOthers reports whether another product is named close by, and the mesh is not.
func (e *explainer) ofOthers() bool {
	around := e.Window(e.spot, closeBy, e.spot, closeBy)
	return otherProducts.MatchString(around) && !isAboutMesh(around)
}

// troubleWords are how a text speaks of an error.
var (
	troubleWords = regexp.MustCompile(`\bERROR\b|\bFAILED\b|\bFATAL\b|(?i:\berror:|\bfailed\b|\bfailure\b|unhealthy|denied|forbidden|` +
		`crashloop|imagepull|\bevicted\b|timed out|deadline exceeded|connection refused|unschedulable|\bpanic\b)|` +
		`\bStatus: False Type: Reconciled|\bStatus: True Type: Stalled`)
	enumField = regexp.MustCompile(`\b(?:state|code|severity)"?[ :=]+"?([A-Z][A-Z_]{2,})\b`)
	wellWords = []string{mesh.StateActive, catalogue.CodeOK, catalogue.CodeRevisionReady, "INFO", "NOTICE", "DEFAULT", "DEBUG",
		"VPCSC_GA_SUPPORTED", "RUNNING", "READY", "ENABLED"}
)

// alarms reports whether a text speaks of an error, or has a state or code that is not one of something that works. No
// all-clear is given on such a text.
func alarms(text string) bool {
	if troubleWords.MatchString(text) {
		return true
	}
	for _, m := range enumField.FindAllStringSubmatch(text, 200) {
		if !slices.Contains(wellWords, m[1]) && !strings.HasPrefix(m[1], "MODERNIZATION_") && !strings.HasSuffix(m[1], "_SAFE") {
			return true
		}
	}
	return false
}
