package catalogue

import "github.com/managed-mesh/terraform-provider-asm/internal/mesh"

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

// FollowsFrom reports whether f can be a consequence of root. It is Explains, narrowed by what the two are about: each
// code has its rule in followRules, and a code without one follows from nothing.
func (f Finding) FollowsFrom(root Finding) bool {
	rule := followRules[f.Code]
	return rule != nil && Explains(root.Code, f.Code) && root.bringsAbout(f) && rule(f, root)
}

// bringsAbout narrows by what the root is about: what keeps a part of the mesh from working, and which part.
func (f Finding) bringsAbout(consequence Finding) bool {
	switch f.Code {
	case ServiceDisabled, ConnectGatewayDisabled, ServiceSwitchedOff:
		return f.isOfAPI(consequence)
	case ConditionReported:
		c, known := DescribeCondition(f.Detail)
		return !known || c.Blocks
	case ConfigRejected, ConfigIncompatible, RemoteSecrets: // the control plane works
		return consequence.Code == ConditionReported || consequence.Code == MembershipState
	case ComponentUnschedulable:
		return consequence.Code != ConditionReported || f.Detail == mesh.ComponentCNI
	}
	return true
}
