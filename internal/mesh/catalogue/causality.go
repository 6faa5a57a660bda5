package catalogue

import (
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"slices"
	"strings"
)

// explains has for each code all that it brings about, directly or through others.
var explains = func() map[Code]map[Code]bool {
	all := map[Code]map[Code]bool{}
	var reach func(seen map[Code]bool, code Code)
	reach = func(seen map[Code]bool, code Code) {
		for _, next := range Describe(code).Blocks {
			if !seen[next] {
				seen[next] = true
				reach(seen, next)
			}
		}
	}
	for _, d := range descriptions {
		seen := map[Code]bool{}
		reach(seen, d.Code)
		all[d.Code] = seen
	}
	return all
}()

// Explains reports whether a finding of kind root can bring about one of kind consequence, directly or through others.
// Whether it does depends on the subjects: the binding of one project says nothing about a mesh in another.
func Explains(root, consequence Code) bool { return explains[root][consequence] }

// FollowsFrom reports whether f can be a consequence of root. It is Explains, narrowed by what f is about: of the stop
// codes and conditions, each has its own causes, and proxies that could not be upgraded have none in the control plane.
// A stop or condition that is not known follows from nothing.
func (f Finding) FollowsFrom(root Finding) bool {
	if !Explains(root.Code, f.Code) || !f.meets(root) {
		return false
	}
	if root.Code == ConditionReported {
		if c, known := DescribeCondition(root.Detail); known && !c.Blocks {
			return false
		}
	}
	switch f.Code {
	case RevisionStalled:
		stop, _ := DescribeStop(StopCode(f.Detail))
		return root.reaches(stop.Follows)
	case ConditionReported:
		c, _ := DescribeCondition(f.Detail)
		return root.reaches(c.Follows)
	case DataPlaneState:
		proxies := []Code{ProxiesFailed, DataPlaneProgress}
		switch f.Detail {
		case mesh.StateNeedsAttention:
			return root.reaches(proxies)
		case mesh.StateFailedPrecondition, mesh.StateStalled, mesh.StateProvisioning, mesh.StateDeprovisioning: // of the plane as a whole
			return !slices.Contains(proxies, root.Code)
		}
	case PodsElsewhere, PodsBare:
		// What keeps their namespace from being injected, or the webhook from answering. What merely could have, in
		// other places or at other times, would have shown there.
		return slices.Contains(Describe(root.Code).Blocks, f.Code)
	case MembershipNotReported:
		// An API matters through the feature that it keeps from being ready.
		return slices.Contains(Describe(root.Code).Blocks, f.Code)
	}
	return true
}

// meets narrows by what the two are about: an API explains what it refused, and
// a revision or webhook only what is its own.
func (f Finding) meets(root Finding) bool {
	switch root.Code {
	case ServiceDisabled, ConnectGatewayDisabled:
		switch f.Code {
		case ConnectGatewayDisabled, LogGatewayDisabled, LogWebhookFailed, PodsBare:
			return root.Detail == mesh.GatewayService
		case Unreadable: // its detail is the API that refused
			return f.Detail != "" && f.Detail == root.Detail
		}
	case RevisionMismatch:
		if f.Code == RevisionStalled { // the field that the stop is about, of the same revision
			return root.Detail == f.Detail && root.Subject == f.Subject
		}
	case InjectionWrong, InjectionNone, InjectionUnclear, InjectionLabel:
		if f.Code == PodsElsewhere || f.Code == PodsBare {
			return namespaceOf(root.Subject) == namespaceOf(f.Subject)
		}
	case InjectorURL:
		if f.Code == LogWebhookFailed { // the log tells of the webhook that injects
			return !strings.Contains(root.Subject, "/validatingwebhookconfigurations/")
		}
	}
	return true
}

// namespaceOf is the namespace in a subject's name, or "".
func namespaceOf(subject string) string {
	_, after, _ := strings.Cut(subject, "/namespaces/")
	name, _, _ := strings.Cut(after, "/")
	return name
}

// reaches reports whether root is one of codes or brings one of them about.
func (f Finding) reaches(codes []Code) bool {
	return slices.ContainsFunc(codes, func(c Code) bool { return f.Code == c || Explains(f.Code, c) })
}
