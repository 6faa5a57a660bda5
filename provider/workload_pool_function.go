package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

func newWorkloadPoolFunction() function.Function {
	return stringFunction{
		name:        "workload_pool",
		summary:     "Workload pool that managed mesh accepts for a cluster of a project",
		description: "Returns `PROJECT_ID.svc.id.goog`.",
		parameter:   "project_id", about: "ID (not number) of the cluster's project.",
		call: func(id string) (string, error) {
			if err := mesh.CheckProjectID(id); err != nil {
				return "", err
			}
			return mesh.WorkloadPool(id), nil
		},
	}
}
