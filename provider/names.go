package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// A nameArgument says what a resource is about. Another name is another resource; the same name in another
// spelling (a project's id or number, a self_link, a //host/ prefix) is not.
type nameArgument struct {
	attribute string
	value     *types.String
	// parse splits a name in its project, which may be an id or a number, and the rest.
	parse func(string) (project, rest string, err error)
}

func projectName(attribute string, value *types.String) nameArgument {
	return nameArgument{attribute, value, func(s string) (string, string, error) { return s, "", nil }}
}

func clusterName(value *types.String) nameArgument {
	return nameArgument{"cluster", value, func(s string) (string, string, error) {
		c, err := mesh.ParseCluster(s)
		return c.Project, c.Location + "/" + c.Name, err
	}}
}

func membershipName(value *types.String) nameArgument {
	return nameArgument{"membership", value, func(s string) (string, string, error) {
		m, err := mesh.ParseMembership(s)
		return m.Project, m.Location + "/" + m.Name, err
	}}
}

// plainName has one spelling only.
func plainName(attribute string, value *types.String) nameArgument {
	return nameArgument{attribute, value, func(s string) (string, string, error) { return "", s, nil }}
}

// errNotConfigured is that a project's id and number cannot be compared yet.
var errNotConfigured = errors.New("the provider is not configured yet")

// sameName reports whether two values of one argument name the same. It makes a request where one has the id of a
// project and the other a number.
func (d *Data) sameName(ctx context.Context, n nameArgument, a, b string) (bool, error) {
	if a == b {
		return true, nil
	}
	left, leftRest, leftErr := n.parse(a)
	right, rightRest, rightErr := n.parse(b)
	if leftErr != nil || rightErr != nil || leftRest != rightRest {
		return false, nil // what does not parse is refused elsewhere
	}
	return d.sameProject(ctx, left, right)
}

func (d *Data) sameProject(ctx context.Context, a, b string) (bool, error) {
	if a == b || mesh.IsProjectNumber(a) == mesh.IsProjectNumber(b) {
		return a == b, nil
	}
	if d == nil || d.Client == nil {
		return false, errNotConfigured
	}
	if mesh.IsProjectNumber(a) {
		a, b = b, a
	}
	number, err := d.Client.ProjectNumber(ctx, a)
	return number == b, err
}

// keepNames plans a replacement where a name is another, and the spelling of the state where it is the same. replaced
// is false, too, where an error says that neither can be told.
func (r *prerequisiteResource[M, P]) keepNames(ctx context.Context, plan, state P, resp *resource.ModifyPlanResponse) (replaced bool) {
	if state == nil {
		r.planHandover(ctx, plan, resp)
		return false
	}
	were := state.names()
	for i, n := range plan.names() {
		was := were[i].value
		if n.value.Equal(*was) {
			continue
		}
		same := false
		if !n.value.IsNull() && !n.value.IsUnknown() && !was.IsNull() {
			var err error
			same, err = r.data.sameName(ctx, n, was.ValueString(), n.value.ValueString())
			if err != nil && !errors.Is(err, errNotConfigured) {
				resp.Diagnostics.AddAttributeError(path.Root(n.attribute), "Cannot compare names", fmt.Sprintf(
					"The state says %q, and whether %q is the same, in another spelling, is not known: a replacement could take away what is "+
						"in place. Use the spelling of the state, or let the project be read.\n\n%s",
					was.ValueString(), n.value.ValueString(), sentence(err.Error())))
				return false
			}
			// Without a provider nothing is replaced: the next plan that has one compares them.
			same = same || err != nil
		}
		if same {
			*n.value = *was
			continue
		}
		resp.RequiresReplace.Append(path.Root(n.attribute))
		replaced = true
	}
	return replaced
}

// subject is what a resource is about, to compare it with that of another resource of the same type.
type subject struct {
	resource string
	names    []nameArgument
	parts    []string // the parts of it that one resource is about, where others may be about other parts; nil is all
}

func (s subject) name(attribute string) (nameArgument, bool) {
	i := slices.IndexFunc(s.names, func(n nameArgument) bool { return n.attribute == attribute && !n.value.IsNull() })
	if i < 0 {
		return nameArgument{}, false
	}
	return s.names[i], true
}

func (s subject) String() string {
	var all []string
	for _, n := range s.names {
		if !n.value.IsNull() {
			all = append(all, n.value.ValueString())
		}
	}
	return strings.Join(slices.Compact(all), " ")
}

// sameSubject reports whether two resources of one type may be about the same. What cannot be told is the same: it is
// asked before something is taken away.
func (d *Data) sameSubject(ctx context.Context, a, b subject) bool {
	if a.resource != b.resource {
		return false
	}
	var common []string
	for _, n := range a.names {
		_, inA := a.name(n.attribute)
		_, inB := b.name(n.attribute)
		isPlace := n.attribute == "membership" || n.attribute == "cluster"
		switch {
		case inA && inB:
			common = append(common, n.attribute)
		case inA != inB && !isPlace:
			return false
		}
	}
	byMembership := slices.Contains(common, "membership")
	if !byMembership && !slices.Contains(common, "cluster") && !d.samePlace(ctx, a, b) {
		return false
	}
	for _, attribute := range common {
		if attribute == "cluster" && byMembership {
			continue // only another way to the same
		}
		left, _ := a.name(attribute)
		right, _ := b.name(attribute)
		same, err := d.sameName(ctx, left, left.value.ValueString(), right.value.ValueString())
		if err == nil && !same {
			return false
		}
	}
	return true
}

// samePlace compares a cluster that is named by its membership with one that is named by itself.
func (d *Data) samePlace(ctx context.Context, a, b subject) bool {
	member, found := a.name("membership")
	cluster, other := b.name("cluster")
	if !found {
		member, found = b.name("membership")
		cluster, other = a.name("cluster")
	}
	if !found || !other {
		return true // they are about projects
	}
	name, err := mesh.ParseMembership(member.value.ValueString())
	if err != nil || d.Client == nil {
		return true
	}
	m, err := d.Client.Membership(ctx, name)
	if err != nil || m.Cluster == nil {
		return err != nil
	}
	same, err := d.sameName(ctx, cluster, cluster.value.ValueString(), m.Cluster.String())
	return same || err != nil
}
