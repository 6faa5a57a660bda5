package kinds

import (
	"context"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// ensure is a kind that changes something, and the assert of the same name and arguments, which only checks it.
type ensure struct {
	Def
	holds     string // what the assert reports behind the subject when it holds: "the APIs are enabled"
	assertDoc string // documentation of the assert; "" where there is none
}

// texts is the type of a result that is an object of strings.
func texts(names ...string) cty.Type {
	types := map[string]cty.Type{}
	for _, name := range names {
		types[name] = cty.String
	}
	return cty.Object(types)
}

func resultOf(name, value string) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{name: cty.StringVal(value)})
}

// setOf is a set of strings.
func setOf(names []string) cty.Value {
	if len(names) == 0 {
		return cty.SetValEmpty(cty.String)
	}
	values := make([]cty.Value, len(names))
	for i, name := range names {
		values[i] = cty.StringVal(name)
	}
	return cty.SetVal(values)
}

// inProject, inClusterProject and so on say where the permissions of a kind are needed.
func inProject(arg string) func(Args) PermissionScope {
	return func(a Args) PermissionScope { return PermissionScope{Project: a.Text(arg)} }
}

func inClusterProject(a Args) PermissionScope {
	c, err := a.Cluster("cluster")
	if err != nil {
		return PermissionScope{}
	}
	return PermissionScope{Project: c.Project}
}

func inFleetOf(a Args) PermissionScope {
	m, err := a.Membership("membership")
	if err != nil {
		return PermissionScope{}
	}
	return PermissionScope{Project: m.Project}
}

// insideCluster needs verbs in the cluster, and IAM permissions in the fleet's project
// for a cluster that is reached through Connect Gateway.
func insideCluster(a Args) PermissionScope {
	target, err := a.Target()
	if err != nil {
		return PermissionScope{}
	}
	p := PermissionScope{Cluster: &target}
	if target.Membership != nil {
		p.Project = target.Membership.Project
	}
	return p
}

// isReadPermission reports whether a permission, or a verb inside of a cluster, is one that a check needs.
func isReadPermission(permission string) bool {
	if verb, _, inside := strings.Cut(permission, " "); inside {
		return verb == "get" || verb == "list"
	}
	what := permission[strings.LastIndex(permission, ".")+1:]
	return (what == "get" || what == "list" || what == "getIamPolicy") && !strings.Contains(permission, ".operations.")
}

// unmet says what is missing, for people.
func unmet(p prereq.Prerequisite, state prereq.State) string {
	var messages []string
	for _, f := range state.Findings() {
		messages = append(messages, f.Message)
	}
	if len(messages) == 0 {
		return p.Subject() + " is not as required"
	}
	return strings.Join(messages, "; ")
}

// ensures are all kinds of ensure.
func ensures() []ensure {
	var all []ensure
	for _, some := range [][]ensure{projectEnsures, clusterEnsures, fleetEnsures, revisionEnsures, workloadEnsures} {
		all = append(all, some...)
	}
	for i := range all {
		all[i].Action = lang.Ensure
	}
	return all
}

// assertOf is the assert with the name, the arguments and the check of an ensure.
func assertOf(e ensure) Def {
	d := Def{Kind: e.Kind, PermissionScope: e.PermissionScope}
	d.Action, d.Risk, d.Doc, d.Permissions = lang.Assert, lang.NoRisk, e.assertDoc, nil
	for _, p := range e.Permissions {
		if isReadPermission(p) {
			d.Permissions = append(d.Permissions, p)
		}
	}
	d.Observe = func(ctx context.Context, env *Runtime, args Args) (Observation, error) {
		p, err := e.Prerequisite(env, args)
		if err != nil {
			return Observation{}, err
		}
		state, err := p.Check(ctx, true)
		if err != nil {
			return Observation{}, err
		}
		seen := holdsIf(state.Met(), p.Subject()+": "+e.holds, unmet(p, state))
		if e.ResultValue != nil {
			seen.Result = e.ResultValue(state)
		}
		return seen, nil
	}
	return d
}
