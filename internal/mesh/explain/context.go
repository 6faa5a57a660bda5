package explain

import (
	"regexp"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// aboutMesh are words by which a text speaks of a service mesh on GKE, or of the fleet that manages it.
var aboutMesh = regexp.MustCompile(`(?i)asmcli|install_asm|service[ _-]?mesh|\b(?:asm|csm)\b|asm-managed|controlplanerevision|istio|gkehub|` +
	`hub\.gke\.io|\bfleet|\bmesh\b|meshconfig|mesh\.googleapis|gcp-sa-(?:servicemesh|gkehub|meshdataplane)|mdp-controller|安装工具|网格`)

// isAboutMesh reports whether a text speaks of a mesh.
func isAboutMesh(text string) bool { return aboutMesh.MatchString(text) }

// otherProducts are names of what is no part of a mesh. A message that others print, too, is theirs beside such a name.
var otherProducts = regexp.MustCompile(`(?i)\b(?:eks|aks|azure|aws|openshift|rancher|kong|kuma|linkerd|consul|cilium|nginx|traefik|knative|` +
	`gcloud\.(?:run|functions|builds?|app|sql|storage|dataflow|composer|ai)|cloud (?:functions?|build|sql|storage)|app engine|bigquery|` +
	`spanner|dataflow|dataproc|composer|vertex|pub/?sub|cloud run (?:service|job)s?|\S+\.run\.app|google_cloud(?:_run|functions)\w*)\b`)

// ofMesh reports whether a message that other products print, too, is about the mesh here: the passage names the mesh.
func (e *explainer) ofMesh() bool {
	return e.subject != "" || isAboutMesh(e.Text)
}

// mayBeOfMesh reports whether a message that is mostly the mesh's may be so here: the passage names no other product, or
// names the mesh, too.
func (e *explainer) mayBeOfMesh() bool {
	return e.ofMesh() || !otherProducts.MatchString(e.Text)
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
