package engine

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
)

// missing asks which of the permissions that the changes need the caller lacks.
// What cannot be told is not missing: the step itself will tell.
func (l *planner) missing(ctx context.Context) []runbook.MissingPermission {
	var all []runbook.MissingPermission
	iam, verbs := map[string][]string{}, map[string]bool{} // asked once for all steps
	for _, n := range l.needs {
		for _, permission := range n.def.Permissions {
			if !strings.Contains(permission, " ") && n.place.Project != "" {
				iam[n.place.Project] = append(iam[n.place.Project], permission)
			}
		}
	}
	lacks := map[string]map[string]bool{}
	for _, project := range slices.Sorted(maps.Keys(iam)) {
		slices.Sort(iam[project])
		lacks[project] = map[string]bool{}
		missing, err := l.engine.Client.TestPermissions(ctx, project, slices.Compact(iam[project]))
		if err != nil {
			continue
		}
		for _, permission := range missing {
			lacks[project][permission] = true
		}
	}
	for _, n := range l.needs {
		for _, permission := range n.def.Permissions {
			verb, resource, inside := strings.Cut(permission, " ")
			switch {
			case !inside && lacks[n.place.Project][permission]:
				all = append(all, runbook.MissingPermission{Step: n.step, On: "projects/" + n.place.Project, Permission: permission})
			case inside && n.place.Cluster != nil:
				key := n.place.Cluster.String() + " " + permission
				if _, asked := verbs[key]; !asked {
					verbs[key] = l.can(ctx, *n.place.Cluster, verb, resource)
				}
				if !verbs[key] {
					all = append(all, runbook.MissingPermission{Step: n.step, On: n.place.Cluster.String(), Permission: permission})
				}
			}
		}
	}
	return all
}

// can reports whether the caller may do something inside of a cluster, or that it cannot be told.
func (l *planner) can(ctx context.Context, target cluster.Target, verb, resource string) bool {
	opened, err := l.engine.Clusters.Open(ctx, target)
	if err != nil {
		return true
	}
	name, group, _ := strings.Cut(resource, ".")
	may, err := opened.Can(ctx, verb, group, name, "")
	return may || err != nil
}
