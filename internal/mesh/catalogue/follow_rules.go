package catalogue

import (
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// followRule reports whether f, as a finding of its code, can be a consequence of root, whose code can bring it about.
type followRule func(f, root Finding) bool

// followRules has a rule for each code of the catalogue. A finding is a consequence only where it is gone once the root
// is corrected, with nothing done about it; where that is not certain, it is a root of its own, for a cause that is
// hidden is worse than one that is shown beside another.
var followRules = map[Code]followRule{
	// What a person, a program or a policy sets. Nothing of the mesh brings it about.
	ServiceSwitchedOff: isRoot, BindingTugOfWar: isRoot, AgentMissing: isRoot, BindingConditional: isRoot, BindingDeleted: isRoot,
	NetworkHostDiffers: isRoot, ProjectDeleted: isRoot, ClusterProjectOther: isRoot, PoolMissing: isRoot, PoolWrong: isRoot,
	NodePoolNoMetadata: isRoot, IdentityMissing: isRoot, IdentityWrong: isRoot, FeatureDisabled: isRoot, FleetsSeveral: isRoot,
	MembershipOutOfSync: isRoot, NotManaged: isRoot, RevisionMismatch: isRoot, RevisionsSeveral: isRoot, ImplementationLegacy: isRoot,
	ImplementationMoving: isRoot, InjectorURL: isRoot, InjectorLeftover: isRoot, InjectionChosen: isRoot, InjectionLabel: isRoot,
	ProxyUnmanaged: isRoot, ProxiesFailed: isRoot, UnlistedValue: isRoot, NothingWrong: isRoot, NotConfigured: isRoot,
	ResourceGone: isRoot, CheckFailed: isRoot, CheckUndecided: isRoot,

	MeshAbsent: isRoot, ClusterUnregistered: isRoot, MembershipElsewhere: isRoot, ClusterOtherFleet: isRoot, SpecOrphaned: isRoot,
	InstallerRefused: isRoot, RequestRefused: isRoot, ProxyNotReady: isRoot,
	HubBindingMissing: isRoot, ManagedCNIOff: isRoot, ComponentUnschedulable: isRoot, ConfigRejected: isRoot, ConfigIncompatible: isRoot,
	RemoteSecrets: isRoot,

	ServiceDisabled:        sameDetail,
	ConnectGatewayDisabled: direct,
	BindingMissing:         direct,
	ClusterMissing:         direct,
	InstallerHealthCheck:   direct,
	FeatureNotReady:        direct,
	ManagementDiffers:      direct,
	MembershipNotReported:  direct, // an API matters through the feature that it keeps from being ready
	SpecState:              direct,
	LogGatewayDisabled:     direct,
	Unreadable:             direct,

	// These sum up what else is reported.
	MembershipState:    ofAny,
	RevisionsUnhealthy: ofAny,
	RevisionMissing:    ofAny,

	RevisionStalled:   func(f, root Finding) bool { return sameRevision(f, root) && followsStop(f, root) },
	RevisionNotReady:  sameRevision,
	InjectorMissing:   sameRevision,
	ControlPlaneState: followsControlPlane,
	DataPlaneState:    followsDataPlane,
	ConditionReported: followsCondition,
	InjectionNone:     followsInjection,
	InjectionWrong:    sameNamespace,
	InjectionUnclear:  sameNamespace,
	ProxiesOutdated:   direct,
	PodsElsewhere:     followsPods,
	PodsBare:          followsPods,
	DataPlaneProgress: func(f, _ Finding) bool { return f.Detail == "" || f.Detail == tooManyEvictions },
	LogWebhookFailed: func(_, root Finding) bool { // the log is about the webhook that injects
		return !strings.Contains(root.Subject, validatingSubject)
	},
}

const (
	mutatingSubject   = "/mutatingwebhookconfigurations/"
	validatingSubject = "/validatingwebhookconfigurations/"
	namespaceSubject  = "namespaces/"
	// tooManyEvictions is the error of the data plane's controller that pods which cannot be evicted bring about.
	tooManyEvictions = "TooManyEvictions"
)

func isRoot(Finding, Finding) bool { return false }

func ofAny(Finding, Finding) bool { return true }

// direct is for what a root brings about itself: were something in between the cause, it would be a finding, too.
func direct(f, root Finding) bool { return slices.Contains(Describe(root.Code).Blocks, f.Code) }

func sameDetail(f, root Finding) bool { return f.Detail == root.Detail }

// isOfAPI narrows by the API that is disabled: what is refused by its name, and what the mesh needs it for.
func (f Finding) isOfAPI(other Finding) bool {
	switch other.Code {
	case ServiceDisabled:
		return true // its own rule compares the API
	case ConnectGatewayDisabled, LogGatewayDisabled, LogWebhookFailed, PodsBare:
		return f.Detail == mesh.GatewayService
	case Unreadable: // its detail is the API that refused
		return other.Detail != "" && other.Detail == f.Detail
	}
	return f.Detail == "" || slices.Contains(mesh.DefaultServices(), f.Detail)
}

// revisionOf is the revision that a finding is about, or "" where that is not known or there is none.
func (f Finding) revisionOf() string {
	switch f.Code {
	case RevisionStalled, RevisionNotReady, RevisionMismatch, InjectorMissing:
		if namespaceOf(f.Subject) != "" {
			return ""
		}
		return strings.TrimPrefix(f.Subject[strings.LastIndex(f.Subject, "/")+1:], "istiod-")
	case InjectionNone:
		revision, _ := strings.CutPrefix(f.Detail, mesh.LabelRevision+"=")
		return revision
	}
	return ""
}

// sameRevision keeps what is wrong with one revision from explaining what is wrong with another.
func sameRevision(f, root Finding) bool {
	of, by := f.revisionOf(), root.revisionOf()
	return of == "" || by == "" || of == by
}

// sameNamespace is for what the labels of one namespace bring about in it.
func sameNamespace(f, root Finding) bool {
	of, by := namespaceOf(f.Subject), namespaceOf(root.Subject)
	return direct(f, root) && (of == "" || by == "" || of == by)
}

func namespaceOf(subject string) string {
	_, rest, found := strings.Cut(subject, namespaceSubject)
	if !found {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

// followsInjection is for a namespace whose pods no webhook selects. Where its label names a revision that is known to
// the mesh, the revision or its webhook may be missing. Any other label is wrong, whatever else is broken.
func followsInjection(f, root Finding) bool {
	if root.Code == InjectionLabel {
		return sameNamespace(f, root)
	}
	revision, named := strings.CutPrefix(f.Detail, mesh.LabelRevision+"=")
	if f.Detail != "" {
		if _, managed := mesh.ChannelOf(revision); !named || !managed {
			return false
		}
	}
	return direct(f, root) && sameRevision(f, root)
}

// followsPods is for pods that no managed webhook injected: what keeps their own namespace from being injected explains
// them, or what keeps the webhook from answering. What merely could have, in other places or at other times, would have
// shown there.
func followsPods(f, root Finding) bool {
	switch root.Code {
	case InjectionWrong, InjectionNone, InjectionUnclear, InjectionLabel:
		return sameNamespace(f, root)
	}
	return direct(f, root)
}

// followsStop is by the stop code: each has its own causes, and one that is not known has none.
func followsStop(f, root Finding) bool {
	stop, _ := DescribeStop(StopCode(f.Detail))
	switch {
	case root.Code == RevisionMismatch && root.Detail != f.Detail: // the stop is about another field
		return false
	case root.Code == InjectorURL && f.Detail == string(StopMutatingURL) && strings.Contains(root.Subject, validatingSubject),
		root.Code == InjectorURL && f.Detail == string(StopValidatingURL) && strings.Contains(root.Subject, mutatingSubject):
		return false
	}
	return root.reaches(stop.Follows...)
}

// followsCondition is by the condition's code, likewise.
func followsCondition(f, root Finding) bool {
	c, _ := DescribeCondition(f.Detail)
	return root.reaches(c.Follows...)
}

// followsControlPlane is by the state. A control plane that is off or being removed is so because of what the mesh as a
// whole lacks or was asked for; a revision or a pool keeps it from working, and does not switch it off.
func followsControlPlane(f, root Finding) bool {
	switch f.Detail {
	case mesh.StateDeprovisioning:
		return false
	case mesh.StateDisabled:
		return slices.Contains([]Code{ServiceDisabled, ServiceSwitchedOff, ConnectGatewayDisabled, FeatureDisabled, ProjectDeleted,
			ClusterMissing}, root.Code)
	}
	return true
}

// followsDataPlane is by the state. Proxies that could not be upgraded have no cause in the control plane, and the data
// plane as a whole has none in single proxies.
func followsDataPlane(f, root Finding) bool {
	proxies := []Code{ProxiesFailed, DataPlaneProgress}
	switch f.Detail {
	case mesh.StateNeedsAttention:
		return root.reaches(proxies...)
	case mesh.StateDisabled:
		return root.Code == ProxyUnmanaged
	case mesh.StateDegraded:
		return true
	case mesh.StateFailedPrecondition, mesh.StateStalled, mesh.StateProvisioning, mesh.StateDeprovisioning, "":
		return !slices.Contains(proxies, root.Code)
	}
	return false
}

// reaches reports whether f is one of codes or brings one of them about.
func (f Finding) reaches(codes ...Code) bool {
	return slices.ContainsFunc(codes, func(c Code) bool { return f.Code == c || Explains(f.Code, c) })
}
