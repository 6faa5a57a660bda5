package kinds

import (
	"errors"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// workloadEnsures are about namespaces and what runs in them.
var workloadEnsures = []ensure{
	{
		Def: Def{
			Kind: lang.Kind{
				Name: "namespace_injection", Risk: lang.MediumRisk,
				Doc: "Labels a namespace `istio.io/rev=REVISION` and takes `istio-injection` away, so that the revision injects its pods. " +
					"The revision `default` stands for the label `istio-injection=enabled` instead, and needs the webhook of the default tag. " +
					"A namespace with that label which the revision injects is left as it is. Pods that run keep the proxy that they have: `rolling_restart` renews them.",
				Args: placed(argNamespace, argRevision),
				Permissions: []string{"gkehub.gateway.get", "gkehub.gateway.patch", "get namespaces", "patch namespaces",
					"list mutatingwebhookconfigurations.admissionregistration.k8s.io"},
			},
			UsualDuration:   5 * time.Second,
			PermissionScope: insideCluster,
			Prerequisite: func(env *Runtime, a Args) (prereq.Prerequisite, error) {
				target, err := a.Target()
				return &prereq.NamespaceInjection{
					Clusters:  env.Clusters,
					Target:    target,
					Namespace: a.Text("namespace"),
					Revision:  a.Text("revision"),
				}, err
			},
		},
		holds:     "its labels ask for the revision",
		assertDoc: "A namespace's labels make the revision inject its pods.",
	},
	{
		Def: Def{
			Kind: lang.Kind{
				Name: "managed_data_plane", Risk: lang.LowRisk,
				Doc: "Turns the managed data plane on or off for a namespace, or for a whole revision, by the annotation " +
					"`" + mesh.AnnotationProxy + "`. Other keys in it stay. For a namespace it takes `patch namespaces`, for a revision `patch " +
					"" + controlPlaneRevisions + "`.",
				Args: placed(
					optional("namespace", cty.String, cty.NilVal, "Name of the namespace. Either this or `revision`.", each(cluster.CheckNamespace)),
					optional("revision", cty.String, cty.NilVal, "Name of the managed revision. Either this or `namespace`.", each(mesh.CheckRevision)),
					optional("managed", cty.Bool, cty.True, "Whether the data plane is managed.", nil),
				),
				Permissions: []string{"gkehub.gateway.get", "gkehub.gateway.patch"},
			},
			UsualDuration:   5 * time.Second,
			PermissionScope: insideCluster,
			Prerequisite: func(env *Runtime, a Args) (prereq.Prerequisite, error) {
				target, err := a.Target()
				if err == nil && (a.Text("namespace") == "") == (a.Text("revision") == "") {
					err = errors.New("give either namespace or revision: the managed data plane is turned on for one namespace, or for all of a revision")
				}
				return &prereq.ManagedDataPlane{
					Clusters:  env.Clusters,
					Target:    target,
					Namespace: a.Text("namespace"),
					Revision:  a.Text("revision"),
					Managed:   a.Bool("managed"),
				}, err
			},
		},
		holds:     "its managed data plane is set so",
		assertDoc: "The managed data plane is on, or off, for a namespace or a revision.",
	},
	rollingRestart,
	evidence,
}
