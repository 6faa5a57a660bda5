package kinds

import (
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// projectEnsures are about what managed mesh needs of projects.
var projectEnsures = []ensure{
	{
		Def: Def{
			Kind: lang.Kind{
				Name: "project_services", Risk: lang.LowRisk,
				Doc: "Enables APIs on a project, those that are off and no other.",
				Args: []lang.Arg{
					argProject,
					optional("services", cty.Set(cty.String), cty.NilVal,
						"Names of the APIs, such as `connectgateway.googleapis.com`; Default: all that managed mesh needs.", each(mesh.CheckService)),
				},
				Permissions: []string{"serviceusage.services.get", "serviceusage.services.enable", "serviceusage.operations.get"},
			},
			UndoRisk:        lang.HighRisk,
			UsualDuration:   time.Minute,
			PermissionScope: inProject("project"),
			Prerequisite: func(env *Runtime, a Args) (prereq.Prerequisite, error) {
				names := a.Texts("services")
				if names == nil {
					names = mesh.DefaultServices()
				}
				return &prereq.ProjectServices{Client: env.Client, Project: a.Text("project"), Names: names}, nil
			},
		},
		holds:     "the APIs are enabled",
		assertDoc: "APIs are enabled on a project.",
	},
	{
		Def: Def{
			Kind: lang.Kind{
				Name: "service_agent_binding", Risk: lang.LowRisk,
				Doc: "Grants `" + mesh.AgentRole + "` on a project to the fleet's mesh service agent, or `" + mesh.HubAgentRole + "` to its GKE " +
					"Hub service agent, without a condition, and leaves every other binding alone. One that a folder or the organization grants " +
					"counts, where that can be read. Where the agent does not exist yet, it is generated first, which takes " +
					"`serviceusage.services.enable` on the fleet's project.",
				Args: []lang.Arg{argProject, argFleetProject, optional("agent", cty.String, cty.StringVal(string(mesh.AgentMesh)),
					"Which service agent: `mesh`, or `gkehub`, which needs its role on cluster projects that are not the fleet's.",
					oneOf(mesh.Agents()...))},
				Permissions: []string{
					"resourcemanager.projects.get",
					"resourcemanager.projects.getIamPolicy",
					"resourcemanager.projects.setIamPolicy",
				},
				Result: texts("member"),
			},
			UndoRisk:        lang.HighRisk,
			UsualDuration:   10 * time.Second,
			PermissionScope: inProject("project"),
			Prerequisite: func(env *Runtime, a Args) (prereq.Prerequisite, error) {
				return &prereq.ServiceAgentBinding{Client: env.Client, Project: a.Text("project"), FleetProject: a.Text("fleet_project"),
					Agent: mesh.Agent(a.Text("agent")), Anywhere: true}, nil
			},
			ResultValue: func(s prereq.State) cty.Value { return resultOf("member", s.(prereq.BindingState).Member) },
		},
		holds: "the mesh service agent has its role",
		assertDoc: "The fleet's mesh service agent holds `" + mesh.AgentRole + "` on a project, or its GKE Hub service agent `" +
			mesh.HubAgentRole + "`, without a condition.",
	},
}
