package kinds

import (
	"errors"
	"fmt"
	"time"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// Args are the arguments of a kind, all known.
type Args struct {
	object cty.Value
	marked cty.Value // with the marks of what is sensitive
}

// NewArgs are the arguments as Step.Args evaluates them.
func NewArgs(marked cty.Value) Args {
	object, _ := marked.UnmarkDeep()
	return Args{object, marked}
}

// Marked are the arguments with the marks of what is sensitive.
func (a Args) Marked() cty.Value { return a.marked }

// ReadArgs reads arguments back from JSON, as a journal keeps them.
func ReadArgs(kind *lang.Kind, raw []byte) (Args, error) {
	types := map[string]cty.Type{}
	for _, a := range kind.Args {
		types[a.Name] = a.Type
	}
	v, err := ctyjson.Unmarshal(raw, cty.Object(types))
	if err != nil {
		return Args{}, fmt.Errorf("the arguments of %s: %w", kind.Name, err)
	}
	return NewArgs(v), nil
}

// JSON writes the arguments for a journal.
func (a Args) JSON() ([]byte, error) { return ctyjson.Marshal(a.object, a.object.Type()) }

func (a Args) get(name string) cty.Value {
	if !a.object.Type().HasAttribute(name) {
		return cty.NilVal
	}
	return a.object.GetAttr(name)
}

// Text is an argument that is a string; "" where it is null.
func (a Args) Text(name string) string {
	if v := a.get(name); v != cty.NilVal && !v.IsNull() {
		return v.AsString()
	}
	return ""
}

// Bool is an argument that is true or false; false where it is null.
func (a Args) Bool(name string) bool {
	v := a.get(name)
	return v != cty.NilVal && !v.IsNull() && v.True()
}

// Texts is an argument that is a set or list of strings; nil where it is null.
func (a Args) Texts(name string) []string {
	v := a.get(name)
	if v == cty.NilVal || v.IsNull() {
		return nil
	}
	list := []string{}
	for it := v.ElementIterator(); it.Next(); {
		_, item := it.Element()
		list = append(list, item.AsString())
	}
	return list
}

// Membership is an argument that names a membership.
func (a Args) Membership(name string) (mesh.Membership, error) {
	return mesh.ParseMembership(a.Text(name))
}

// Cluster is an argument that names a GKE cluster.
func (a Args) Cluster(name string) (mesh.Cluster, error) { return mesh.ParseCluster(a.Text(name)) }

// Target is the cluster that the arguments membership and cluster name. Exactly one
// of them must be given, so that the route to the cluster is explicit.
func (a Args) Target() (cluster.Target, error) {
	membership, name := a.Text("membership"), a.Text("cluster")
	switch {
	case membership != "" && name != "":
		return cluster.Target{}, errors.New(
			"both membership and cluster are given; give one of them: membership goes through Connect Gateway, cluster to the cluster's own " +
				"endpoint",
		)
	case membership == "" && name == "":
		return cluster.Target{}, errors.New("no cluster is named: give membership, or cluster where it is in no fleet")
	}
	return cluster.ParseTarget(membership, name)
}

// Duration is an argument that is a duration; 0 where it is null.
func (a Args) Duration(name string) time.Duration {
	d, _ := time.ParseDuration(a.Text(name)) // checked by checkSince
	return d
}
