package catalogue

import "time"

// How long the mesh takes to notice. Each is Google's own figure unless it says otherwise.
const (
	// ProvisioningLimit is how long provisioning may take before something is
	// wrong: asmcli waits 600 s, and Google's page gives the data plane ten minutes.
	ProvisioningLimit = 10 * time.Minute
	// PreconditionRetry is when a failed precondition is looked at again at the latest: "This will be retried within 15
	// minutes", says the detail of REVISION_FAILED_PRECONDITION.
	PreconditionRetry = 15 * time.Minute
	// ConditionRefresh is how old a condition may be: Google's page on
	// modernization gives up to 24 hours for a state to be refreshed.
	ConditionRefresh = 24 * time.Hour
	// Propagation is how long an API that was enabled may still be refused.
	// Google says "a few minutes"; ten is our reading of it.
	Propagation = 10 * time.Minute
)

// noticing is how long after its cause was corrected a finding may stand only because the mesh has not looked yet. A
// control plane that failed a precondition is first looked at again, then provisioned.
var noticing = map[Code]time.Duration{
	ConnectGatewayDisabled: Propagation,
	RevisionStalled:        PreconditionRetry,
	RevisionNotReady:       PreconditionRetry + ProvisioningLimit,
	RevisionMissing:        PreconditionRetry + ProvisioningLimit,
	ControlPlaneState:      PreconditionRetry + ProvisioningLimit,
	DataPlaneState:         PreconditionRetry + ProvisioningLimit,
	InjectorMissing:        PreconditionRetry + ProvisioningLimit,
	MembershipNotReported:  PreconditionRetry + ProvisioningLimit,
	MembershipState:        ConditionRefresh,
	RevisionsUnhealthy:     ConditionRefresh,
	ConditionReported:      ConditionRefresh,
}

// Waiting reports whether a finding whose cause was corrected at fixed may still stand only because the mesh has not
// noticed, and until when at the latest. A finding that is read afresh, as a binding, never waits; nor does one of
// which it is not known when it was corrected.
func Waiting(code Code, fixed, now time.Time) (waiting bool, until time.Time) {
	limit := noticing[code]
	if limit == 0 || fixed.IsZero() {
		return false, time.Time{}
	}
	until = fixed.Add(limit)
	return now.Before(until), until
}

// NoticedLater reports whether a finding may be found for a while after its cause was corrected: until the mesh has looked
// again, or because it stands on log lines of the past.
func NoticedLater(code Code) bool {
	for _, s := range LogSignatures {
		if s.Code == code {
			return true
		}
	}
	return noticing[code] > 0
}

// Overdue reports whether something that has been provisioned since a time takes
// longer than it may. Without a time it is not known to.
func Overdue(since, now time.Time) bool {
	return !since.IsZero() && now.Sub(since) > ProvisioningLimit
}
