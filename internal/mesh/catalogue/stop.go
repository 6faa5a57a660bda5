package catalogue

import (
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/text"
	"strings"
)

// StopCode names why a ControlPlaneRevision stopped: one of the thirteen messages that the condition Stalled brings
// (Google's page, "ControlPlaneRevision stop codes"), or StopUnknown. The names are ours; Google gives only texts.
type StopCode string

// The stop codes, in Google's page's order.
const (
	StopNotGKE            StopCode = "not-a-gke-cluster"
	StopName              StopCode = "unsupported-revision-name"
	StopNamespace         StopCode = "unsupported-revision-namespace"
	StopChannel           StopCode = "channel-does-not-match-name"
	StopChannelMissing    StopCode = "channel-missing"
	StopType              StopCode = "unsupported-revision-type"
	StopKubernetesVersion StopCode = "unsupported-kubernetes-version"
	StopWorkloadIdentity  StopCode = "workload-identity-disabled"
	StopWorkloadPool      StopCode = "unsupported-workload-pool"
	StopProject           StopCode = "project-is-not-the-fleets"
	StopClusterUpdate     StopCode = "cluster-resources-not-updated"
	StopMutatingURL       StopCode = "mutating-webhook-url"
	StopValidatingURL     StopCode = "validating-webhook-url"
	StopUnknown           StopCode = "unknown"
)

// The reasons that a stalled revision gives.
const (
	ReasonPreconditionFailed = "PreconditionFailed"
	ReasonProvisioningFailed = "ProvisioningFailed"
)

// Stop is a stop message taken apart.
type Stop struct {
	Code        StopCode
	Reason      string            // as reported, or the code's own where none was
	Message     string            // as reported, whole
	Variables   map[string]string // by Google's page's names, such as EXISTING_URL; never nil
	Explanation string
	// Established is false where the wording that was recognised is inferred and
	// not one that Google published, and for a message that is not known at all.
	Established bool
	// MechanicalFix is a change that a program can make, or "" where it takes a
	// person; Remedy says what to do either way.
	MechanicalFix string
	Remedy        string
	FixedBy       string // the Terraform resource that corrects it, or ""
	Runbook       string // the runbook that corrects it; one that collects evidence where it takes a person
	// Follows are the findings of which this stop is the consequence.
	Follows []Code
}

// ParseStop recognises a stop message, in English or in Google's Chinese page, whatever its case and spacing. A message
// that is not known is StopUnknown, and shown whole. The message decides, because a reason covers many.
func ParseStop(reason, message string) Stop {
	folded := text.FoldMessage(message)
	for _, known := range StopMessages {
		for _, w := range known.Wordings {
			m := w.Whole.FindStringSubmatch(folded)
			if m == nil {
				continue
			}
			stop := known.Stop
			stop.Message, stop.Established, stop.Variables = message, w.Established, text.NamedGroups(w.Whole, m)
			if reason = strings.TrimSpace(reason); reason != "" {
				stop.Reason = reason
			}
			return stop
		}
	}
	return Stop{
		Code: StopUnknown, Reason: strings.TrimSpace(reason), Message: message, Variables: map[string]string{},
		Explanation: "This version does not know this message; it is shown as the control plane reported it.",
		Remedy:      "Read the message, and Google's list of stop codes; contact support when neither helps.",
		Runbook:     runEvidence,
	}
}

// StopOf parses the stop message of a stalled revision. It is nil for one that is not stalled.
func StopOf(r mesh.ControlPlaneRevision) *Stop {
	stalled := r.Condition(mesh.ConditionStalled)
	if stalled.Status != "True" {
		return nil
	}
	stop := ParseStop(stalled.Reason, stalled.Message)
	return &stop
}
