package kinds

import (
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

var (
	readMembership = []string{"gkehub.memberships.get", "gkehub.memberships.list", "gkehub.operations.get"}
	readFeature    = []string{"gkehub.features.get", "gkehub.operations.get"}
)

func with(permissions []string, more ...string) []string {
	return append(append([]string{}, permissions...), more...)
}

// fleetEnsures are about the fleet and its memberships.
var fleetEnsures = []ensure{
	{
		Def: Def{
			Kind: lang.Kind{
				Name: "membership_registration", Risk: lang.LowRisk,
				Doc: "Makes a GKE cluster a member of a fleet, with the cluster's own issuer as its identity provider, as `gcloud container fleet " +
					"memberships register --enable-workload-identity` does. A cluster in another fleet is an error. It also needs " +
					"`container.clusters.get` on the cluster's project.",
				Args: []lang.Arg{
					argCluster, argFleetProject,
					optional("name", cty.String, cty.NilVal, "Name of the membership; Default: the cluster's name.", each(checkMembershipName)),
					optional("location", cty.String, cty.NilVal, "Region of the membership, or `global`; Default: the cluster's region.",
						each(checkMembershipLocation)),
				},
				Permissions: with(readMembership, "gkehub.memberships.create"), Result: texts("membership"),
			},
			UndoRisk:        lang.HighRisk,
			UsualDuration:   time.Minute,
			PermissionScope: inProject("fleet_project"),
			Prerequisite: func(env *Runtime, a Args) (prereq.Prerequisite, error) {
				c, err := a.Cluster("cluster")
				return &prereq.MembershipRegistration{
					Client:       env.Client,
					Cluster:      c,
					FleetProject: a.Text("fleet_project"),
					Name:         a.Text("name"),
					Location:     a.Text("location"),
				}, err
			},
			ResultValue: func(s prereq.State) cty.Value {
				return resultOf("membership", s.(prereq.RegistrationState).Membership.String())
			},
		},
		holds:     "it is a member of the fleet",
		assertDoc: "A GKE cluster is a member of a fleet.",
	},
	{
		Def: Def{
			Kind: lang.Kind{
				Name: "membership_identity", Risk: lang.MediumRisk,
				Doc: "Sets a membership's identity provider to its cluster's issuer. GKE Hub cannot change an issuer: a different one is an error, " +
					"unless `replace` clears it first.",
				Args: []lang.Arg{
					argMembership,
					optional("issuer", cty.String, cty.NilVal, "URL of the issuer; Default: the GKE cluster's issuer.", each(mesh.CheckIssuer)),
					optional("replace", cty.Bool, cty.False,
						"Clear a different issuer and set this one. Tokens of the old one are refused afterwards.", nil),
				},
				Permissions: with(readMembership, "gkehub.memberships.update"), Result: texts("issuer"),
			},
			UndoRisk:        lang.HighRisk,
			UsualDuration:   time.Minute,
			PermissionScope: inFleetOf,
			Prerequisite: func(env *Runtime, a Args) (prereq.Prerequisite, error) {
				m, err := a.Membership("membership")
				return &prereq.MembershipIdentity{Client: env.Client, Membership: m, Issuer: a.Text("issuer"), Replace: a.Bool("replace")}, err
			},
			ResultValue: func(s prereq.State) cty.Value { return resultOf("issuer", s.(prereq.IdentityState).Issuer) },
		},
		holds:     "it has its identity provider",
		assertDoc: "A membership has its identity provider.",
	},
	{
		Def: Def{
			Kind: lang.Kind{
				Name: "mesh_feature", Risk: lang.LowRisk,
				Doc:         "Enables the mesh feature of a fleet. This changes no membership's mesh.",
				Args:        []lang.Arg{argFleetProject},
				Permissions: with(readFeature, "gkehub.features.create"),
			},
			UndoRisk:        lang.HighRisk,
			UsualDuration:   time.Minute,
			PermissionScope: inProject("fleet_project"),
			Prerequisite: func(env *Runtime, a Args) (prereq.Prerequisite, error) {
				return &prereq.MeshFeature{Client: env.Client, FleetProject: a.Text("fleet_project")}, nil
			},
		},
		holds:     "it is enabled",
		assertDoc: "The mesh feature of a fleet is enabled.",
	},
	{
		Def: Def{
			Kind: lang.Kind{
				Name: "mesh_management", Risk: lang.MediumRisk,
				Doc: "Asks for a management of one membership's mesh, and of no other. The mesh follows later: `control_plane_state` and " +
					"`data_plane_state` wait for it.",
				Args: []lang.Arg{
					argMembership,
					optional("management", cty.String, cty.StringVal(mesh.ManagementAutomatic),
						"`MANAGEMENT_AUTOMATIC`, `MANAGEMENT_MANUAL` or `MANAGEMENT_NOT_INSTALLED`.", oneOf(mesh.Managements()...)),
				},
				Permissions: with(readFeature, "gkehub.features.update"),
			},
			UndoRisk:        lang.HighRisk,
			UsualDuration:   time.Minute,
			PermissionScope: inFleetOf,
			Prerequisite: func(env *Runtime, a Args) (prereq.Prerequisite, error) {
				m, err := a.Membership("membership")
				return &prereq.MeshManagement{Client: env.Client, Membership: m, Management: a.Text("management")}, err
			},
		},
		holds:     "its mesh is managed as asked for",
		assertDoc: "A membership's mesh is requested to be managed this way.",
	},
	{
		Def: Def{
			Kind: lang.Kind{
				Name: "control_plane_provisioned", Risk: lang.MediumRisk,
				Doc: "Has Google provision a membership's managed control plane: automatic management is asked for, again where it is asked " +
					"for already, and the step goes on until the fleet reports the control plane as active. It is the troubleshooting page's \"install " +
					"managed mesh again\", through the fleet API; that asking again has Google look at once is inferred. A control plane that stays " +
					"STALLED " +
					"is asked for once a day at most, by the audit log.",
				Args:        []lang.Arg{argMembership},
				Permissions: with(readFeature, "gkehub.features.update"), Result: texts("revision"),
			},
			KnownAfterChanges: true,
			UsualDuration:     catalogue.ProvisioningLimit,
			PermissionScope:   inFleetOf,
			Prerequisite: func(env *Runtime, a Args) (prereq.Prerequisite, error) {
				m, err := a.Membership("membership")
				return &prereq.ControlPlaneProvisioned{Client: env.Client, Membership: m}, err
			},
			ResultValue: func(s prereq.State) cty.Value { return resultOf("revision", s.(prereq.ProvisionedState).Revision()) },
		},
		holds:     "its managed control plane is active",
		assertDoc: "A membership's mesh is managed automatically, and its control plane is active.",
	},
}

func checkMembershipName(name string) error {
	return checkMembership(mesh.Membership{Project: "project", Location: "global", Name: name}.String())
}

func checkMembershipLocation(location string) error {
	return checkMembership(mesh.Membership{Project: "project", Location: location, Name: "membership"}.String())
}
