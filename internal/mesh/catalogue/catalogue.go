package catalogue

import (
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"slices"
)

// Description is what is known about a kind of finding. The documentation's finding reference is made from it.
type Description struct {
	Code     Code
	Title    string    // a few words, for a heading
	Severity Severity  // of a finding that does not bring its own
	Kind     mesh.Kind // the prerequisite or part of the mesh it is about
	Means    string
	JudgedBy string // the API field it is read from
	Cause    string // why it comes about
	Source   string // where the knowledge comes from
	// Established is false where what is said is inferred, in part or in whole; Source says which part.
	Established bool
	Remedy      string
	FixedBy     string // the Terraform resource that corrects it, or ""
	Runbook     string // the runbook that corrects it, or "" where only a person can
	// Blocks are the findings that this one directly brings about: they are gone
	// once it is corrected, with nothing done about them. What is merely to be
	// corrected later, as a membership's identity after the workload pool, is not.
	Blocks []Code
	DocURL string
	// Drift says what happened, in the title of a plan's warning, where that is more than the row of its kind says.
	Drift string
	// Single is set where a subject has it at most once: what two reads say about it
	// is then one finding, in whatever words.
	Single bool
}

// Lost says what happened to what findings of a kind are about, in the title of a
// plan's warning. details are those of its findings, one for each finding.
func (d Description) Lost(details ...string) string {
	if d.Drift != "" {
		return d.Drift
	}
	return d.Kind.Row().Lost(details...)
}

const (
	docTroubleshoot = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
	docInjection    = "https://cloud.google.com/service-mesh/docs/deploy-bookinfo"
	docConditions   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-with-feature-state-condition"
	docCNI          = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-cni"
	docCanonical    = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-canonical-service" +
		"#resolve-managed-canonical-controller-issues"
	docConfig = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-configuration"
)

// The runbooks that findings name.
const (
	runBinding    = "restore-service-agent-binding"
	runHubBinding = "restore-hub-agent-binding"
	runInjection  = "correct-injection"
	runIdentity   = "enable-workload-identity"
	runDataPlane  = "enable-managed-data-plane"
	runProxies    = "restart-proxies"
	runMembership = "register-membership-identity"
	runProvision  = "provision-control-plane"
	runGateway    = "restore-connect-gateway"
	runAPIs       = "restore-apis"
	runFleetAPI   = "restore-fleet-api"
	runChannel    = "fix-revision-channel"
	runType       = "fix-revision-type"
	runRecreate   = "recreate-revision"
	runWebhook    = "correct-webhook-url"
	runEvidence   = "collect-evidence"

	// What a person does, and the runbook verifies.
	runGKE        = "use-gke-cluster"
	runOwnFleet   = "join-own-fleet"
	runKubernetes = "upgrade-kubernetes"
	runUnblock    = "unblock-cluster-resources"
)

// The sources that several findings share.
const (
	pageUnhealthy = "Google's troubleshooting page, \"Revision(s) reporting unhealthy\""
	pageInjection = "Google's troubleshooting page, \"Pod injected with istiod.istio-system\""
	pageTutorials = "Google's tutorials, \"Enabling sidecar auto-injection\": istio-injection=enabled is the label for TRAFFIC_DIRECTOR, " +
		"and " +
		"recommended for ISTIOD (docs/deploy-bookinfo, docs/tutorials/mtls)"
	pageHTTP400    = "Google's troubleshooting page, \"HTTP 400\""
	pageDataPlane  = "Google's troubleshooting page, \"Managed data plane status\""
	pageAttention  = "Google's troubleshooting page, \"NEEDS_ATTENTION\""
	pageIdentity   = "Google's troubleshooting page, \"no identity provider specified\""
	pagePlane      = "Google's troubleshooting page, \"Check the managed control plane status\""
	pageStops      = "Google's troubleshooting page, \"ControlPlaneRevision stop codes\""
	pageConnect    = "Google's troubleshooting page, \"cannot connect to the GKE cluster\""
	sourceHub      = "GKE Hub API"
	sourceDataCtrl = "source of Google's data plane controller"
)

var descriptions = slices.Concat(
	apiFindings, iamFindings, clusterFindings, fleetFindings, absentFindings, membershipFindings, textFindings,
	controlPlaneFindings, conditionFindings,
	insideFindings, injectionFindings, proxyFindings, podFindings, logFindings, readFindings, planFindings,
)

var described = func() map[Code]*Description {
	m := make(map[Code]*Description, len(descriptions))
	for i := range descriptions {
		m[descriptions[i].Code] = &descriptions[i]
	}
	return m
}()

// Describe returns what is known about a kind of finding.
func Describe(code Code) Description {
	if d := described[code]; d != nil {
		return *d
	}
	return Description{Code: code, Severity: Warning}
}

// IsKnown reports whether the catalogue has a code.
func IsKnown(code Code) bool { return described[code] != nil }

// Catalogue returns all kinds of findings, in the order of their causes.
func Catalogue() []Description { return slices.Clone(descriptions) }

// WorksOnProject reports whether a built-in runbook works on a project, rather than on a membership.
func WorksOnProject(runbook string) bool { return runbook == runFleetAPI }

// RunbookOf is the name of the runbook that corrects a finding, or "" where it
// takes a person. Of a condition, a stop or a state, the detail decides.
func RunbookOf(f Finding) string {
	switch f.Code {
	case ServiceDisabled:
		switch f.Detail {
		case "", mesh.GatewayService:
		case mesh.HubService: // without it no membership is known to run a runbook on
			return runFleetAPI
		default:
			return runAPIs
		}
	case ConditionReported:
		if c, known := DescribeCondition(f.Detail); known {
			return c.Runbook
		}
	case RevisionStalled, RevisionMismatch:
		if s, known := DescribeStop(StopCode(f.Detail)); known {
			return s.Runbook
		}
	case PodsElsewhere, PodsBare: // restarted without being asked to
		if f.Detail != "Deployment" && f.Detail != "DaemonSet" {
			return ""
		}
	case DataPlaneState:
		if s, known := DescribeState(f.Detail); known {
			return s.DataPlaneRunbook
		}
	}
	return Describe(f.Code).Runbook
}
