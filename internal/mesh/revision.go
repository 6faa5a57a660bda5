package mesh

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// SystemNamespace is the only namespace where a ControlPlaneRevision may be.
const SystemNamespace = "istio-system"

// RevisionType is the only type that a managed ControlPlaneRevision may have.
const RevisionType = "managed_service"

// The types of a ControlPlaneRevision's conditions.
const (
	ConditionReconciled = "Reconciled"           // True: the control plane works
	ConditionStalled    = "Stalled"              // True: it takes a person to go on
	ConditionFinished   = "ProvisioningFinished" // True: provisioning ended, either way
)

// ControlPlaneRevision is a revision of the managed control plane as its object
// in the cluster tells it (mesh.cloud.google.com, v1alpha1 and v1beta1 alike).
type ControlPlaneRevision struct {
	Name, Namespace string
	Channel         string // spec.channel: regular, rapid, stable
	Type            string // spec.type: managed_service
	Created         time.Time
	Annotations     map[string]string
	Conditions      []RevisionCondition
}

// RevisionCondition is a condition of a ControlPlaneRevision. Every field may be
// missing; Since is zero without lastTransitionTime.
type RevisionCondition struct {
	Type, Status, Reason, Message string
	Since                         time.Time
}

// Condition returns the condition of a type. One that is missing has status
// "Unknown", as the absence of a condition means in Kubernetes.
func (r ControlPlaneRevision) Condition(kind string) RevisionCondition {
	for _, c := range r.Conditions {
		if c.Type == kind {
			return c
		}
	}
	return RevisionCondition{Type: kind, Status: "Unknown"}
}

// Age is how long a condition has had its status, or zero where that is not
// told or lies in the future.
func (c RevisionCondition) Age(now time.Time) time.Duration {
	if c.Since.IsZero() || now.Before(c.Since) {
		return 0
	}
	return now.Sub(c.Since)
}

// Stop is the stop message of a stalled revision, taken apart, or nil.
func (r ControlPlaneRevision) Stop() *Stop {
	stalled := r.Condition(ConditionStalled)
	if stalled.Status != "True" {
		return nil
	}
	stop := ParseStop(stalled.Reason, stalled.Message)
	return &stop
}

// JudgeRevision gives the verdict over one revision. Reconciled decides, and
// Stalled; ProvisioningFinished is true after a failure, too. The object has no
// observedGeneration, so a status may be that of an older spec.
func JudgeRevision(r ControlPlaneRevision, now time.Time) Health {
	j := judge{subject: r.Namespace + "/" + r.Name}
	j.revisionFields(r)
	reconciled, stalled := r.Condition(ConditionReconciled), r.Condition(ConditionStalled)
	stop := r.Stop()
	switch {
	case stop != nil:
		j.stalled(r, *stop)
	case reconciled.Status == "True" && stalled.Status == "False":
	case reconciled.Status == "True":
		j.add(RevisionNotReady, Unknown, "revision "+r.Name+" is reconciled, but does not tell whether it is stalled")
	case reconciled.Status == "False" && r.Condition(ConditionFinished).Status == "True":
		j.add(RevisionNotReady, Unhealthy, "revision "+r.Name+" finished provisioning without success"+says(reconciled))
	case reconciled.Status == "False" || len(r.Conditions) == 0:
		j.unfinished(r, now)
	default:
		j.add(RevisionNotReady, Unknown, fmt.Sprintf("revision %s does not tell whether it works: Reconciled is %s%s", r.Name, orNone(reconciled.Status), says(reconciled)))
	}
	return j.health()
}

// JudgeRevisions gives the verdict over all revisions of a cluster.
func JudgeRevisions(cluster string, revisions []ControlPlaneRevision, now time.Time) Health {
	j := judge{subject: cluster}
	switch len(revisions) {
	case 0:
		j.add(RevisionMissing, Unhealthy, "the cluster has no ControlPlaneRevision")
	case 1:
	default:
		var names []string
		for _, r := range revisions {
			names = append(names, r.Name)
		}
		slices.Sort(names)
		j.add(RevisionsSeveral, Healthy, fmt.Sprintf("the cluster has %d revisions: %s", len(names), strings.Join(names, ", ")))
	}
	for _, r := range revisions {
		h := JudgeRevision(r, now)
		j.verdicts = append(j.verdicts, h.Verdict)
		j.findings = append(j.findings, h.Findings...)
	}
	return j.health()
}

func (j *judge) stalled(r ControlPlaneRevision, stop Stop) {
	message := "revision " + r.Name + " is stalled"
	if stop.Reason != "" {
		message += " (" + stop.Reason + ")"
	}
	if stop.Message != "" {
		message += ": " + strings.TrimSpace(stop.Message)
	}
	f := j.add(RevisionStalled, Unhealthy, message)
	f.Detail = string(stop.Code)
	f.Remediation, f.FixedBy = stop.Explanation+" "+stop.Remedy, stop.FixedBy
}

// unfinished is a revision that is neither working nor stalled. The text has no
// age in it, so that it does not differ between two reads.
func (j *judge) unfinished(r ControlPlaneRevision, now time.Time) {
	reconciled := r.Condition(ConditionReconciled)
	since := reconciled.Since
	if since.IsZero() {
		since = r.Created
	}
	switch {
	case since.IsZero():
		j.add(RevisionNotReady, Unknown, "revision "+r.Name+" is not ready, and does not tell since when"+says(reconciled))
	case Overdue(since, now) && len(r.Conditions) == 0:
		j.add(RevisionNotReady, Unknown, fmt.Sprintf("revision %s has reported no condition for over %d minutes", r.Name, int(ProvisioningLimit.Minutes())))
	case Overdue(since, now):
		j.add(RevisionNotReady, Unhealthy, fmt.Sprintf("revision %s has not been ready for over %d minutes%s", r.Name, int(ProvisioningLimit.Minutes()), says(reconciled)))
	default:
		j.add(RevisionNotReady, Provisioning, "revision "+r.Name+" is being provisioned"+says(reconciled))
	}
}

// revisionFields tells of fields that managed mesh will not accept, also before
// it has said so in a condition. The detail is the stop code that it will say.
func (j *judge) revisionFields(r ControlPlaneRevision) {
	mismatch := func(stop StopCode, message string) {
		f := j.add(RevisionMismatch, Unhealthy, message)
		f.Detail = string(stop)
	}
	if r.Namespace != SystemNamespace {
		mismatch(StopNamespace, fmt.Sprintf("revision %s is in namespace %s; it must be in %s", r.Name, orNone(r.Namespace), SystemNamespace))
	}
	channel, known := ChannelOf(r.Name)
	switch {
	case !known:
		mismatch(StopName, "revision "+r.Name+" has a name that managed mesh does not accept; it is asm-managed, asm-managed-rapid or asm-managed-stable")
	case r.Channel == "":
		mismatch(StopChannelMissing, fmt.Sprintf("revision %s has channel none; its name requires %s", r.Name, channel))
	case r.Channel != channel:
		mismatch(StopChannel, fmt.Sprintf("revision %s has channel %s; its name requires %s", r.Name, r.Channel, channel))
	}
	if r.Type != RevisionType {
		mismatch(StopType, fmt.Sprintf("revision %s has type %s; it must be %s", r.Name, orNone(r.Type), RevisionType))
	}
}

// ChannelOf is the release channel that belongs to a revision's name.
func ChannelOf(revision string) (channel string, known bool) {
	for channel, name := range revisions {
		if name == revision {
			return channel, true
		}
	}
	return "", false
}

// says is a condition's reason and message, to follow a sentence.
func says(c RevisionCondition) string {
	switch {
	case c.Reason != "" && c.Message != "":
		return " (" + c.Reason + ": " + c.Message + ")"
	case c.Reason != "" || c.Message != "":
		return " (" + c.Reason + c.Message + ")"
	}
	return ""
}
