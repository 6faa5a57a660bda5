package diagnosis

import (
	"context"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

// readInside looks for what the fleet's conditions are about. A cluster of which nothing is reported costs no request: what
// switches the managed CNI off is in what was read already.
func (r *run) readInside(ctx context.Context, about string, m member, opened *cluster.Cluster, state *cluster.State) {
	find := func(kind mesh.Kind, h health.Health, err error) {
		if err != nil {
			r.unread(about, kind, err)
			return
		}
		r.add(about, h.About(about).Findings...)
	}
	find(mesh.DataPlane, health.JudgeCNI(m.mesh.Implementation, state.Revisions, state.Options), nil)
	if r.isUnwell(about) {
		found, err := opened.Unschedulable(ctx)
		find(mesh.DataPlane, health.JudgeComponents(found), err)
	}
	if m.reports("CONFIG_", "MODERNIZATION_INCOMPATIBLE_CONFIG") {
		problems, partial, err := opened.ConfigProblems(ctx)
		find(mesh.ControlPlane, health.JudgeConfig(problems, partial), err)
	}
	if m.reports("LEGACY_MC_SECRETS", "MULTICLUSTER_SECRET_WARNING") {
		// Few callers may list secrets. The condition is reported all the same, without the names.
		if names, err := opened.RemoteSecrets(ctx); !apierr.Forbidden(err) {
			find(mesh.ControlPlane, health.JudgeRemoteSecrets(names), err)
		}
	}
}

// reports reports whether the fleet reports a condition of the membership whose code begins so.
func (m member) reports(prefixes ...string) bool {
	return slices.ContainsFunc(m.mesh.Conditions, func(c mesh.Condition) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(c.Code, p) })
	})
}
