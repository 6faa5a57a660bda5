package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

func newRevisionFunction() function.Function {
	return stringFunction{
		name:    "revision",
		summary: "Name of the managed control plane revision of a release channel",
		description: "Returns `asm-managed`, `asm-managed-rapid` or `asm-managed-stable`: the only name that a ControlPlaneRevision of that " +
			"channel may have, and the value of the label `istio.io/rev`.",
		parameter: "channel", about: "`regular`, `rapid` or `stable`, in any case.",
		call: mesh.Revision,
	}
}
