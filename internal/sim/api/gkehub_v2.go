package api

import (
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/world"
)

// In gkehub v2 each feature of each membership is a resource of its own. The
// names differ from v1: what is "mesh" there is "servicemesh" here.

type membershipFeatureMessage struct {
	Name           string                `json:"name,omitempty"`
	Labels         map[string]string     `json:"labels,omitempty"`
	Spec           *v2Spec               `json:"spec,omitempty"`
	State          any                   `json:"state,omitempty"`
	LifecycleState *featureResourceState `json:"lifecycleState,omitempty"`
	CreateTime     wire.Timestamp        `json:"createTime,omitzero"`
	UpdateTime     wire.Timestamp        `json:"updateTime,omitzero"`
	DeleteTime     wire.Timestamp        `json:"deleteTime,omitzero"`
}

type v2Spec struct {
	Servicemesh *v2MeshSpec   `json:"servicemesh,omitempty"`
	Origin      *world.Origin `json:"origin,omitempty"`
	otherSpecs
}

type v2MeshSpec struct {
	world.MeshSpec
	DefaultChannel string `json:"defaultChannel,omitempty"`
}

func (c *call) membershipFeature(p *world.Project, ft *world.Feature, m *world.Membership, id string) *membershipFeatureMessage {
	out := &membershipFeatureMessage{
		Name:           "projects/" + p.ProjectID + "/" + m.Key() + "/features/" + id,
		CreateTime:     ft.CreateTime,
		UpdateTime:     ft.UpdateTime,
		LifecycleState: &featureResourceState{State: "ACTIVE"},
	}
	if s := ft.MembershipSpecs[m.Key()]; s != nil {
		out.Spec = &v2Spec{Origin: s.Origin}
		if s.Mesh != nil {
			out.Spec.Servicemesh = &v2MeshSpec{MeshSpec: *s.Mesh}
		}
	}
	if s, ok := c.w.MembershipState(p, ft, m, c.now); ok {
		out.State = s
	}
	return out
}

// membershipFeatureFor finds a membership's feature: it exists if the fleet has the feature and a spec for the
// membership.
func (c *call) membershipFeatureFor(permission string) (*world.Project, *world.Membership, *world.Feature, *wire.Error) {
	rest := "memberships/" + c.params["membership"] + "/features/" + c.params["feature"]
	p, err := c.authorizeHub(permission, rest)
	if err != nil {
		return nil, nil, nil, err
	}
	key := world.MembershipKey(c.params["location"], c.params["membership"])
	m := p.Fleet.Membership(key)
	if m == nil {
		return nil, nil, nil, errHubNotFound(c.resource("memberships/" + c.params["membership"]))
	}
	ft := p.Fleet.Feature(c.params["feature"])
	if ft != nil && ft.MembershipSpecs[key] == nil {
		ft = nil
	}
	return p, m, ft, nil
}

func (c *call) errNoMembershipFeature() *wire.Error {
	return errHubNotFound(c.resource("memberships/" + c.params["membership"] + "/features/" + c.params["feature"]))
}

func getMembershipFeature(c *call) (any, *wire.Error) {
	p, m, ft, err := c.membershipFeatureFor("gkehub.membershipfeatures.get")
	if err != nil {
		return nil, err
	}
	if ft == nil {
		return nil, c.errNoMembershipFeature()
	}
	return c.membershipFeature(p, ft, m, c.params["feature"]), nil
}

func listMembershipFeatures(c *call) (any, *wire.Error) {
	c.params["feature"] = world.MeshFeature
	p, m, ft, err := c.membershipFeatureFor("gkehub.membershipfeatures.list")
	if err != nil {
		return nil, err
	}
	out := struct {
		MembershipFeatures []*membershipFeatureMessage `json:"membershipFeatures,omitempty"`
	}{}
	if ft != nil {
		out.MembershipFeatures = append(out.MembershipFeatures, c.membershipFeature(p, ft, m, world.MeshFeature))
	}
	return out, nil
}

func patchMembershipFeature(c *call) (any, *wire.Error) {
	id := c.params["feature"]
	rest := "memberships/" + c.params["membership"] + "/features/" + id
	var msg membershipFeatureMessage
	if err := c.decode(&msg); err != nil {
		return nil, err
	}
	if err := msg.checkEnums(); err != nil {
		return nil, err
	}
	c.hubRecord("UpdateMembershipFeature", "gkehub.membershipfeatures.update", rest,
		map[string]any{"updateMask": c.param("updateMask"), "membershipFeature": &msg})
	p, m, ft, err := c.membershipFeatureFor("gkehub.membershipfeatures.update")
	if err != nil {
		return nil, err
	}
	missing := c.boolean("allowMissing")
	if id != world.MeshFeature {
		return nil, errFeatureNotSimulated(id)
	}
	if p.Fleet.Feature(id) == nil {
		return nil, wire.FailedPrecondition("Feature %s is not enabled for the fleet of project %s.", id, p.ProjectID) // text inferred
	}
	if ft == nil && !missing {
		return nil, c.errNoMembershipFeature()
	}
	if _, err := c.hubMask("spec", "labels"); err != nil {
		return nil, err
	}
	spec := &world.MembershipSpec{}
	if msg.Spec != nil {
		spec.Origin = msg.Spec.Origin
		if s := msg.Spec.Servicemesh; s != nil {
			mesh := s.MeshSpec
			spec.Mesh = &mesh
		}
		if spec.Origin == nil {
			spec.Origin = &world.Origin{Type: "USER"}
		}
	}
	return c.startHub(p, "update", "projects/"+p.ProjectID+"/"+m.Key()+"/features/"+id, v2Patch(m, id, spec), c.w.Timings.Feature), nil
}

func v2Patch(m *world.Membership, id string, spec *world.MembershipSpec) *world.Effect {
	return &world.Effect{
		Kind: world.EffectFeaturePatch, FeatureID: id, Key: m.Key(), Mask: []string{"membershipSpecs"},
		Feature: &world.Feature{MembershipSpecs: map[string]*world.MembershipSpec{m.Key(): spec}},
	}
}

func deleteMembershipFeature(c *call) (any, *wire.Error) {
	id := c.params["feature"]
	c.hubRecord("DeleteMembershipFeature", "gkehub.membershipfeatures.delete", "memberships/"+c.params["membership"]+"/features/"+id,
		map[string]any{})
	p, m, ft, err := c.membershipFeatureFor("gkehub.membershipfeatures.delete")
	if err != nil {
		return nil, err
	}
	if ft == nil {
		return nil, c.errNoMembershipFeature()
	}
	return c.startHub(p, "delete", "projects/"+p.ProjectID+"/"+m.Key()+"/features/"+id, v2Patch(m, id, &world.MembershipSpec{}),
		c.w.Timings.Feature), nil
}
