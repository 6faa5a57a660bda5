package health

import (
	"fmt"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"slices"
	"strings"
	"time"
)

// JudgeRevision gives the verdict over one revision. Reconciled decides, and Stalled; ProvisioningFinished is true
// after a failure, too. The object has no observedGeneration, so a status may be that of an older spec.
func JudgeRevision(r mesh.ControlPlaneRevision, now time.Time) Health {
	j := judge{subject: r.Namespace + "/" + r.Name}
	j.revisionFields(r)
	reconciled, stalled := r.Condition(mesh.ConditionReconciled), r.Condition(mesh.ConditionStalled)
	stop := catalogue.StopOf(r)
	switch {
	case stop != nil:
		j.stalled(r, *stop)
	case reconciled.Status == "True" && stalled.Status == "False":
	case reconciled.Status == "True":
		j.add(catalogue.RevisionNotReady, mesh.Unknown, "revision "+r.Name+" is reconciled, but does not tell whether it is stalled")
	case reconciled.Status == "False" && r.Condition(mesh.ConditionFinished).Status == "True":
		j.add(catalogue.RevisionNotReady, mesh.Unhealthy, "revision "+r.Name+" finished provisioning without success"+says(reconciled))
	case reconciled.Status == "False" || len(r.Conditions) == 0:
		j.unfinished(r, now)
	default:
		j.add(catalogue.RevisionNotReady, mesh.Unknown,
			fmt.Sprintf("revision %s does not tell whether it works: Reconciled is %s%s", r.Name, orNone(reconciled.Status), says(reconciled)))
	}
	return j.health()
}

// JudgeRevisions gives the verdict over all revisions of a cluster.
func JudgeRevisions(cluster string, revisions []mesh.ControlPlaneRevision, now time.Time) Health {
	j := judge{subject: cluster}
	switch len(revisions) {
	case 0:
		j.add(catalogue.RevisionMissing, mesh.Unhealthy, "the cluster has no ControlPlaneRevision")
	case 1:
	default:
		var names []string
		for _, r := range revisions {
			names = append(names, r.Name)
		}
		slices.Sort(names)
		j.add(catalogue.RevisionsSeveral, mesh.Healthy, fmt.Sprintf("the cluster has %d revisions: %s", len(names), strings.Join(names, ", ")))
	}
	for _, r := range revisions {
		h := JudgeRevision(r, now)
		j.verdicts = append(j.verdicts, h.Verdict)
		j.findings = append(j.findings, h.Findings...)
	}
	return j.health()
}

func (j *judge) stalled(r mesh.ControlPlaneRevision, stop catalogue.Stop) {
	message := "revision " + r.Name + " is stalled"
	if stop.Reason != "" {
		message += " (" + stop.Reason + ")"
	}
	if stop.Message != "" {
		message += ": " + strings.TrimSpace(stop.Message)
	}
	f := j.add(catalogue.RevisionStalled, mesh.Unhealthy, message)
	f.Detail = string(stop.Code)
	f.Remediation, f.FixedBy = stop.Explanation+" "+stop.Remedy, stop.FixedBy
}

// unfinished is a revision that is neither working nor stalled. The text has no
// age in it, so that it does not differ between two reads.
func (j *judge) unfinished(r mesh.ControlPlaneRevision, now time.Time) {
	reconciled := r.Condition(mesh.ConditionReconciled)
	since := reconciled.Since
	if since.IsZero() {
		since = r.Created
	}
	switch {
	case since.IsZero():
		j.add(catalogue.RevisionNotReady, mesh.Unknown, "revision "+r.Name+" is not ready, and does not tell since when"+says(reconciled))
	case catalogue.Overdue(since, now) && len(r.Conditions) == 0:
		j.add(catalogue.RevisionNotReady, mesh.Unknown,
			fmt.Sprintf("revision %s has reported no condition for over %d minutes", r.Name, int(catalogue.ProvisioningLimit.Minutes())))
	case catalogue.Overdue(since, now):
		j.add(catalogue.RevisionNotReady, mesh.Unhealthy,
			fmt.Sprintf("revision %s has not been ready for over %d minutes%s", r.Name, int(catalogue.ProvisioningLimit.Minutes()),
				says(reconciled)))
	default:
		j.add(catalogue.RevisionNotReady, mesh.Provisioning, "revision "+r.Name+" is being provisioned"+says(reconciled))
	}
}

// revisionFields reports fields that managed mesh does not accept, also before
// a condition reports them. The detail is the stop code that the condition will have.
func (j *judge) revisionFields(r mesh.ControlPlaneRevision) {
	mismatch := func(stop catalogue.StopCode, message string) {
		f := j.add(catalogue.RevisionMismatch, mesh.Unhealthy, message)
		f.Detail = string(stop)
	}
	if r.Namespace != mesh.SystemNamespace {
		mismatch(catalogue.StopNamespace,
			fmt.Sprintf("revision %s is in namespace %s; it must be in %s", r.Name, orNone(r.Namespace), mesh.SystemNamespace))
	}
	channel, known := mesh.ChannelOf(r.Name)
	switch {
	case !known:
		mismatch(catalogue.StopName, "revision "+r.Name+" has a name that managed mesh does not accept; it is asm-managed, asm-managed-rapid "+
			"or asm-managed-stable")
	case r.Channel == "":
		mismatch(catalogue.StopChannelMissing, fmt.Sprintf("revision %s has channel none; its name requires %s", r.Name, channel))
	case r.Channel != channel:
		mismatch(catalogue.StopChannel, fmt.Sprintf("revision %s has channel %s; its name requires %s", r.Name, r.Channel, channel))
	}
	if r.Type != mesh.RevisionType {
		mismatch(catalogue.StopType, fmt.Sprintf("revision %s has type %s; it must be %s", r.Name, orNone(r.Type), mesh.RevisionType))
	}
}

// says is a condition's reason and message, to follow a sentence.
func says(c mesh.RevisionCondition) string {
	switch {
	case c.Reason != "" && c.Message != "":
		return " (" + c.Reason + ": " + c.Message + ")"
	case c.Reason != "" || c.Message != "":
		return " (" + c.Reason + c.Message + ")"
	}
	return ""
}
