package mesh

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// JudgeRevision gives the verdict over one revision. Reconciled decides, and
// Stalled; ProvisioningFinished is true after a failure, too. The object has no
// observedGeneration, so a status may be that of an older spec.
func JudgeRevision(r ControlPlaneRevision, now time.Time) Health {
	j := judge{subject: r.Namespace + "/" + r.Name}
	j.revisionFields(r)
	reconciled, stalled := r.Condition(ConditionReconciled), r.Condition(ConditionStalled)
	stop := StopOf(r)
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
