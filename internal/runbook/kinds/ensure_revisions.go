package kinds

import (
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

const controlPlaneRevisions = "controlplanerevisions.mesh.cloud.google.com"

var patchRevision = []string{
	"gkehub.gateway.get",
	"gkehub.gateway.patch",
	"get " + controlPlaneRevisions,
	"patch " + controlPlaneRevisions,
}

// revisionEnsures are about ControlPlaneRevisions and the webhooks of theirs.
var revisionEnsures = []ensure{
	{
		Def: Def{
			Kind: lang.Kind{
				Name: "revision_channel", Risk: lang.MediumRisk,
				Doc:  "Sets `spec.channel` of a ControlPlaneRevision to the channel that its name requires, and no other field.",
				Args: placed(argRevision), Permissions: patchRevision,
			},
			UsualDuration:   10 * time.Second,
			PermissionScope: insideCluster,
			Prerequisite: func(env *Runtime, a Args) (prereq.Prerequisite, error) {
				target, err := a.Target()
				return &prereq.RevisionChannel{Clusters: env.Clusters, Target: target, Revision: a.Text("revision")}, err
			},
		},
		holds:     "its channel is that of its name",
		assertDoc: "A ControlPlaneRevision's channel is that of its name.",
	},
	{
		Def: Def{
			Kind: lang.Kind{
				Name: "revision_type", Risk: lang.MediumRisk,
				Doc:  "Sets `spec.type` of a ControlPlaneRevision to `" + mesh.RevisionType + "`, and no other field.",
				Args: placed(argRevision), Permissions: patchRevision,
			},
			UsualDuration:   10 * time.Second,
			PermissionScope: insideCluster,
			Prerequisite: func(env *Runtime, a Args) (prereq.Prerequisite, error) {
				target, err := a.Target()
				return &prereq.RevisionType{Clusters: env.Clusters, Target: target, Revision: a.Text("revision")}, err
			},
		},
		holds:     "its type is " + mesh.RevisionType,
		assertDoc: "A ControlPlaneRevision's type is `" + mesh.RevisionType + "`.",
	},
	{
		Def: Def{
			Kind: lang.Kind{
				Name: "revision_removed", Risk: lang.HighRisk,
				Doc: "Deletes a ControlPlaneRevision that no mesh supports, for its name or its namespace: neither can be changed. A supported one " +
					"is refused. The journal stores the whole object, and undo creates it again.",
				Args: placed(needed("revision", cty.String, "Name of the ControlPlaneRevision.", each(mesh.CheckRevision)),
					optional("namespace", cty.String, cty.StringVal(mesh.SystemNamespace), "Namespace that it is in.", each(cluster.CheckNamespace))),
				Permissions: []string{
					"gkehub.gateway.get",
					"gkehub.gateway.delete",
					"get " + controlPlaneRevisions,
					"delete " + controlPlaneRevisions,
				},
			},
			UsualDuration:   10 * time.Second,
			PermissionScope: insideCluster,
			Prerequisite: func(env *Runtime, a Args) (prereq.Prerequisite, error) {
				target, err := a.Target()
				return &prereq.RevisionRemoved{
					Clusters:  env.Clusters,
					Target:    target,
					Namespace: a.Text("namespace"),
					Revision:  a.Text("revision"),
				}, err
			},
		},
		holds:     "it does not exist",
		assertDoc: "A ControlPlaneRevision that no mesh supports does not exist.",
	},
	{
		Def: Def{
			Kind: lang.Kind{
				Name: "webhook_url", Risk: lang.MediumRisk,
				Doc: "Sets the URLs of a revision's managed webhooks to those that its environment tells (ConfigMap `env-REVISION` of " +
					"`istio-system`, which must be readable): those of the injectors of the revision, and of the validating webhook `" +
					health.ValidatingName +
					"`. Google does not overwrite them. How the URL is made is inferred from a fork of Google's own tool, so look at each that the " +
					"plan shows.",
				Args: placed(argRevision),
				Permissions: []string{
					"gkehub.gateway.get", "gkehub.gateway.patch",
					"list mutatingwebhookconfigurations.admissionregistration.k8s.io", "patch mutatingwebhookconfigurations.admissionregistration.k8s.io",
					"list validatingwebhookconfigurations.admissionregistration.k8s.io", "patch " +
						"validatingwebhookconfigurations.admissionregistration.k8s.io",
				},
			},
			UsualDuration:   10 * time.Second,
			PermissionScope: insideCluster,
			Prerequisite: func(env *Runtime, a Args) (prereq.Prerequisite, error) {
				target, err := a.Target()
				return &prereq.WebhookURLs{Clusters: env.Clusters, Target: target, Revision: a.Text("revision")}, err
			},
		},
		holds:     "the webhooks call the addresses of the revision's environment",
		assertDoc: "The managed webhooks of a revision call the addresses that its environment tells.",
	},
}
