package kinds

import (
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// ensure is a kind that brings something about, and the assert of the same name and
// arguments, which only looks.
type ensure struct {
	Def
	is    string // what is so then, to stand behind the subject: "the APIs are enabled"
	check string // documentation of the assert; "" where there is none
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

// inProject, inCluster and so on say where the permissions of a kind are needed.
func inProject(arg string) func(Args) Place {
	return func(a Args) Place { return Place{Project: a.Text(arg)} }
}

func inClusterProject(a Args) Place {
	c, err := a.Cluster("cluster")
	if err != nil {
		return Place{}
	}
	return Place{Project: c.Project}
}

func inFleetOf(a Args) Place {
	m, err := a.Membership("membership")
	if err != nil {
		return Place{}
	}
	return Place{Project: m.Project}
}

// insideCluster has IAM's part in the fleet's project where the way is Connect
// Gateway. At a cluster's own endpoint it is the cluster alone that is asked.
func insideCluster(a Args) Place {
	target, err := a.Target()
	if err != nil {
		return Place{}
	}
	p := Place{Cluster: &target}
	if target.Membership != nil {
		p.Project = target.Membership.Project
	}
	return p
}

// reads reports whether a permission is one that looking takes.
func reads(permission string) bool {
	if verb, _, inside := strings.Cut(permission, " "); inside {
		return verb == "get" || verb == "list"
	}
	what := permission[strings.LastIndex(permission, ".")+1:]
	return (what == "get" || what == "list" || what == "getIamPolicy") && !strings.Contains(permission, ".operations.")
}

// unmet says what is not so, for people.
func unmet(thing prereq.Prerequisite, state prereq.State) string {
	var messages []string
	for _, f := range state.Findings() {
		messages = append(messages, f.Message)
	}
	if len(messages) == 0 {
		return thing.Subject() + " is not as it should be"
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
