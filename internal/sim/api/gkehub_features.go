package api

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/world"
)

// A featureMessage is gkehub.v1.Feature. Fields of the service's own are
// taken in a request, because clients send back what they read, and ignored.
type featureMessage struct {
	Name                     string                        `json:"name,omitempty"`
	Labels                   map[string]string             `json:"labels,omitempty"`
	CreateTime               wire.Timestamp                `json:"createTime,omitzero"`
	UpdateTime               wire.Timestamp                `json:"updateTime,omitzero"`
	DeleteTime               wire.Timestamp                `json:"deleteTime,omitzero"`
	ResourceState            *featureResourceState         `json:"resourceState,omitempty"`
	Spec                     *featureSpecMessage           `json:"spec,omitempty"`
	FleetDefaultMemberConfig *defaultConfigMessage         `json:"fleetDefaultMemberConfig,omitempty"`
	MembershipSpecs          map[string]*memberSpecMessage `json:"membershipSpecs,omitempty"`
	MembershipStates         map[string]any                `json:"membershipStates,omitempty"`
	ScopeSpecs               map[string]any                `json:"scopeSpecs,omitempty"`
	ScopeStates              map[string]any                `json:"scopeStates,omitempty"`
	State                    any                           `json:"state,omitempty"`
	Unreachable              []string                      `json:"unreachable,omitempty"`
}

type featureResourceState struct {
	State string `json:"state,omitempty"`
}

// The specs of other features, which are known and not simulated.
type otherSpecs struct {
	Appdevexperience         json.RawMessage `json:"appdevexperience,omitempty"`
	Cloudbuild               json.RawMessage `json:"cloudbuild,omitempty"`
	Clusterupgrade           json.RawMessage `json:"clusterupgrade,omitempty"`
	Configmanagement         json.RawMessage `json:"configmanagement,omitempty"`
	Dataplanev2              json.RawMessage `json:"dataplanev2,omitempty"`
	Fleetobservability       json.RawMessage `json:"fleetobservability,omitempty"`
	Identityservice          json.RawMessage `json:"identityservice,omitempty"`
	Multiclusteringress      json.RawMessage `json:"multiclusteringress,omitempty"`
	Policycontroller         json.RawMessage `json:"policycontroller,omitempty"`
	Rbacrolebindingactuation json.RawMessage `json:"rbacrolebindingactuation,omitempty"`
	Workloadcertificate      json.RawMessage `json:"workloadcertificate,omitempty"`
	Workloadidentity         json.RawMessage `json:"workloadidentity,omitempty"`
}

type featureSpecMessage struct {
	Mesh *world.MeshFeatureSpec `json:"mesh,omitempty"`
	otherSpecs
}

type defaultConfigMessage struct {
	Mesh *world.MeshSpec `json:"mesh,omitempty"`
	otherSpecs
}

type memberSpecMessage struct {
	Mesh   *world.MeshSpec `json:"mesh,omitempty"`
	Origin *world.Origin   `json:"origin,omitempty"`
	otherSpecs
}

// errFeatureNotSimulated is the answer for fleet features that are not simulated.
func errFeatureNotSimulated(id string) *wire.Error {
	return wire.NewError(wire.StatusUnimplemented, "The simulator simulates the fleet feature %q only, not %q.", world.MeshFeature, id)
}

// feature turns a request's message into a Feature of the world. Map keys may have the project's id or number.
func (c *call) feature(p *world.Project, msg *featureMessage) (*world.Feature, *wire.Error) {
	ft := &world.Feature{Labels: msg.Labels}
	if msg.Spec != nil {
		ft.Spec = &world.FeatureSpec{Mesh: msg.Spec.Mesh}
	}
	if d := msg.FleetDefaultMemberConfig; d != nil {
		ft.FleetDefaultMemberConfig = &world.FleetDefaultMemberConfig{Mesh: d.Mesh}
	}
	for _, name := range slices.Sorted(maps.Keys(msg.MembershipSpecs)) {
		key, err := c.membershipName(p, name)
		if err != nil {
			return nil, err
		}
		spec := &world.MembershipSpec{}
		if s := msg.MembershipSpecs[name]; s != nil {
			spec.Mesh = s.Mesh
			if s.Mesh != nil {
				spec.Origin = &world.Origin{Type: "USER"}
			}
			if s.Origin != nil {
				spec.Origin = s.Origin
			}
		}
		if ft.MembershipSpecs == nil {
			ft.MembershipSpecs = map[string]*world.MembershipSpec{}
		}
		ft.MembershipSpecs[key] = spec
	}
	return ft, nil
}

// membershipName turns projects/{id or number}/locations/L/memberships/M into the key of a membership of this fleet.
func (c *call) membershipName(p *world.Project, name string) (string, *wire.Error) {
	rest, ok := strings.CutPrefix(name, "projects/")
	project, key, ok2 := strings.Cut(rest, "/")
	if !ok || !ok2 || !world.IsMembershipKey(key) {
		return "", wire.Invalid("Invalid membership name %q: it must be of the form projects/*/locations/*/memberships/*.", name)
	}
	if c.w.Project(project) != p {
		return "", wire.Invalid("Membership %q is not in the project of the feature.", name)
	}
	if p.Fleet.Membership(key) == nil {
		return "", errHubNotFound(name)
	}
	return key, nil
}

// featureHead is a feature without its specs and states of memberships.
func (c *call) featureHead(p *world.Project, ft *world.Feature, id string) *featureMessage {
	out := &featureMessage{
		Name: "projects/" + p.ProjectID + "/locations/global/features/" + id, Labels: ft.Labels,
		CreateTime: ft.CreateTime, UpdateTime: ft.UpdateTime,
		ResourceState: &featureResourceState{State: cmp.Or(ft.ResourceState, "ACTIVE")},
		Spec:          &featureSpecMessage{}, State: map[string]any{"state": map[string]any{}},
	}
	if ft.Spec != nil {
		out.Spec.Mesh = ft.Spec.Mesh
	}
	if d := ft.FleetDefaultMemberConfig; d != nil {
		out.FleetDefaultMemberConfig = &defaultConfigMessage{Mesh: d.Mesh}
	}
	return out
}

// featureAnswer is a whole feature: map keys with the project's number (discovery: the output always is).
func (c *call) featureAnswer(p *world.Project, ft *world.Feature, id string) *featureMessage {
	out := c.featureHead(p, ft, id)
	prefix := "projects/" + p.Number() + "/"
	out.MembershipSpecs = make(map[string]*memberSpecMessage, len(ft.MembershipSpecs))
	for key, s := range ft.MembershipSpecs {
		out.MembershipSpecs[prefix+key] = &memberSpecMessage{Mesh: s.Mesh, Origin: s.Origin}
	}
	if id != world.MeshFeature {
		return out
	}
	out.MembershipStates = make(map[string]any, len(p.Fleet.Memberships))
	for _, m := range p.Fleet.Memberships {
		if slices.Contains(ft.Unreachable, m.Location) {
			continue
		}
		if s, ok := c.w.MembershipState(p, ft, m, c.now); ok {
			out.MembershipStates[prefix+m.Key()] = s
		}
	}
	if state := c.w.FleetState(p, ft, c.now); state != nil {
		out.State = state
	}
	return out
}

// checkReachable handles unreachable locations: with returnPartialSuccess they are named, without it the call fails.
func (c *call) checkReachable(ft *world.Feature, out *featureMessage) *wire.Error {
	if len(ft.Unreachable) == 0 {
		return nil
	}
	partial := c.boolean("returnPartialSuccess")
	if !partial {
		return wire.NewError(wire.StatusUnavailable, "The following locations are unreachable: %s.", strings.Join(ft.Unreachable, ", "))
	}
	out.Unreachable = ft.Unreachable
	return nil
}

func getFeature(c *call) (any, *wire.Error) {
	id := c.params["feature"]
	p, err := c.authorizeHub("gkehub.features.get", "features/"+id)
	if err != nil {
		return nil, err
	}
	ft := p.Fleet.Feature(id)
	if ft == nil || c.params["location"] != "global" {
		return nil, errHubNotFound(c.resource("features/" + id))
	}
	out := c.featureAnswer(p, ft, id)
	if err := c.checkReachable(ft, out); err != nil {
		return nil, err
	}
	return out, nil
}

func listFeatures(c *call) (any, *wire.Error) {
	p, err := c.authorizeHub("gkehub.features.list", "features")
	if err != nil {
		return nil, err
	}
	var ids []string
	if p.Fleet != nil && (c.params["location"] == "global" || c.params["location"] == "-") {
		ids = slices.Sorted(maps.Keys(p.Fleet.Features))
	}
	ids, next, err := onePage(c, ids, 0, 0)
	if err != nil {
		return nil, err
	}
	out := struct {
		Resources     []*featureMessage `json:"resources,omitempty"`
		NextPageToken string            `json:"nextPageToken,omitempty"`
	}{NextPageToken: next}
	for _, id := range ids {
		ft := p.Fleet.Features[id]
		msg := c.featureAnswer(p, ft, id)
		if err := c.checkReachable(ft, msg); err != nil {
			return nil, err
		}
		out.Resources = append(out.Resources, msg)
	}
	return out, nil
}

// hubRecord begins the audit entry of a write.
func (c *call) hubRecord(method, permission, rest string, request map[string]any) {
	if p := c.w.Project(c.params["project"]); p != nil {
		c.record = world.NewHubRecord(p, c.who, c.version(), method, permission,
			"projects/"+p.ProjectID+"/locations/"+c.params["location"]+"/"+rest, request)
	}
}

func createFeature(c *call) (any, *wire.Error) {
	id := c.param("featureId")
	var msg featureMessage
	if err := c.decode(&msg); err != nil {
		return nil, err
	}
	if err := msg.checkEnums(); err != nil {
		return nil, err
	}
	c.hubRecord("CreateFeature", "gkehub.features.create", "features/"+id, map[string]any{"featureId": id, "resource": &msg})
	p, err := c.authorizeHub("gkehub.features.create", "features/"+id)
	if err != nil {
		return nil, err
	}
	switch {
	case id == "":
		return nil, wire.Invalid("feature_id is required")
	case id != world.MeshFeature:
		return nil, errFeatureNotSimulated(id)
	case c.params["location"] != "global":
		return nil, wire.Invalid("Features can only be created in location global.")
	case p.Fleet.Feature(id) != nil || c.w.OperationOn(wire.HostHub, c.globalFeature(p, id)) != nil:
		return nil, wire.NewError(wire.StatusAlreadyExists, "Resource '%s' already exists", c.resource("features/"+id))
	case !p.ServiceEnabled("mesh.googleapis.com"):
		// gcloud waits for this API on exactly this status and these words.
		return nil, wire.FailedPrecondition("mesh.googleapis.com is not enabled for project %s.", p.ProjectID)
	}
	ft, err := c.feature(p, &msg)
	if err != nil {
		return nil, err
	}
	return c.startHub(p, "create", c.globalFeature(p, id), &world.Effect{Kind: world.EffectFeature, FeatureID: id, Feature: ft},
		c.w.Timings.Feature), nil
}

func (c *call) globalFeature(p *world.Project, id string) string {
	return "projects/" + p.ProjectID + "/locations/global/features/" + id
}

// featureForWrite finds the feature that is to be changed.
func (c *call) featureForWrite(permission string) (*world.Project, *world.Feature, *wire.Error) {
	id := c.params["feature"]
	p, err := c.authorizeHub(permission, "features/"+id)
	if err != nil {
		return nil, nil, err
	}
	ft := p.Fleet.Feature(id)
	if ft == nil || c.params["location"] != "global" {
		return nil, nil, errHubNotFound(c.resource("features/" + id))
	}
	return p, ft, nil
}

// hubMask reads an update mask in either spelling; a path below a field means the field, and "*" all of them.
func (c *call) hubMask(fields ...string) ([]string, *wire.Error) {
	text := c.param("updateMask")
	if text == "" {
		return nil, wire.Invalid("update_mask is required")
	}
	if text == "*" {
		return fields, nil
	}
	var mask []string
	for f := range strings.SplitSeq(text, ",") {
		top, _, _ := strings.Cut(strings.TrimSpace(f), ".")
		top = wire.LowerCamel(top)
		if !slices.Contains(fields, top) {
			return nil, wire.Invalid("Invalid update mask: field %q cannot be updated.", f)
		}
		if !slices.Contains(mask, top) {
			mask = append(mask, top)
		}
	}
	return mask, nil
}

func patchFeature(c *call) (any, *wire.Error) {
	id := c.params["feature"]
	var msg featureMessage
	if err := c.decode(&msg); err != nil {
		return nil, err
	}
	if err := msg.checkEnums(); err != nil {
		return nil, err
	}
	c.hubRecord("UpdateFeature", "gkehub.features.update", "features/"+id,
		map[string]any{"updateMask": c.param("updateMask"), "resource": &msg})
	p, _, err := c.featureForWrite("gkehub.features.update")
	if err != nil {
		return nil, err
	}
	mask, err := c.hubMask("labels", "spec", "fleetDefaultMemberConfig", "membershipSpecs")
	if err != nil {
		return nil, err
	}
	ft, err := c.feature(p, &msg)
	if err != nil {
		return nil, err
	}
	return c.startHub(p, "update", c.globalFeature(p, id),
		&world.Effect{Kind: world.EffectFeaturePatch, FeatureID: id, Feature: ft, Mask: mask}, c.w.Timings.Feature), nil
}

func deleteFeature(c *call) (any, *wire.Error) {
	id := c.params["feature"]
	c.hubRecord("DeleteFeature", "gkehub.features.delete", "features/"+id, map[string]any{})
	p, ft, err := c.featureForWrite("gkehub.features.delete")
	if err != nil {
		return nil, err
	}
	force := c.boolean("force")
	if len(ft.MembershipSpecs) > 0 && !force {
		return nil, wire.FailedPrecondition("Feature %q has membership specs. Use force to delete it.", c.globalFeature(p, id)) // text inferred
	}
	return c.startHub(p, "delete", c.globalFeature(p, id), &world.Effect{Kind: world.EffectFeatureGone, FeatureID: id}, c.w.Timings.Feature),
		nil
}
