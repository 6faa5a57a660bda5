package world

import (
	"slices"
	"strconv"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
)

// The kinds of effect.
const (
	EffectServices     = "services"      // Enable and Disable services
	EffectPool         = "workload-pool" // set a cluster's workload pool
	EffectFleet        = "cluster-fleet" // register a cluster from its own side
	EffectMetadata     = "node-metadata" // set a node pool's metadata mode
	effectBusy         = "busy"          // nothing but keeping a cluster busy
	EffectMembership   = "membership"    // create or change a membership
	EffectUnregister   = "unregister"    // delete a membership
	EffectFeature      = "feature"       // create a feature
	EffectFeaturePatch = "feature-patch" // change a feature
	EffectFeatureGone  = "feature-gone"  // delete a feature
)

// An Effect is what an operation does to the world when it ends.
type Effect struct {
	Kind string `json:"kind"`

	Enable  []string `json:"enable,omitempty"`
	Disable []string `json:"disable,omitempty"`

	Location string `json:"location,omitempty"` // of the cluster
	Cluster  string `json:"cluster,omitempty"`
	NodePool string `json:"nodePool,omitempty"`
	Value    string `json:"value,omitempty"` // the pool, the mode, the fleet

	Membership *Membership `json:"membership,omitempty"`
	Key        string      `json:"key,omitempty"`
	FeatureID  string      `json:"featureId,omitempty"`
	Feature    *Feature    `json:"feature,omitempty"`
	Mask       []string    `json:"mask,omitempty"`
}

// withoutResources is what an ended operation keeps: enough for its response.
func (e *Effect) withoutResources() *Effect {
	if e == nil {
		return nil
	}
	out := *e
	out.Membership, out.Feature = nil, nil
	return &out
}

// start marks the resources of an operation as being worked on.
func (w *World) start(op *Operation) {
	e, p := op.Effect, w.Project(op.Project)
	if e == nil || p == nil {
		return
	}
	switch e.Kind {
	case EffectPool, EffectFleet, effectBusy, EffectMetadata:
		w.markCluster(p, e, clusterReconciling)
	case EffectMembership:
		w.markMembership(p, e.Key, "UPDATING")
	case EffectUnregister:
		w.markMembership(p, e.Key, "DELETING")
	case EffectFeaturePatch:
		w.markFeature(p, e.FeatureID, "UPDATING")
	case EffectFeatureGone:
		w.markFeature(p, e.FeatureID, "DISABLING")
	}
}

// finish gives an operation its effect, or takes its marks away again when it failed.
func (w *World) finish(op *Operation, t time.Time) {
	e, p := op.Effect, w.Project(op.Project)
	if p == nil {
		return
	}
	ok := op.Error == nil
	switch e.Kind {
	case EffectServices:
		if ok {
			w.setServices(p, e.Enable, ServiceEnabled, t)
			w.setServices(p, e.Disable, ServiceDisabled, t)
		}
	case EffectPool, EffectFleet, EffectMetadata, effectBusy:
		w.markCluster(p, e, clusterRunning)
		if ok {
			w.updateCluster(p, e, t)
		}
		w.changedCluster(p, e.Location, e.Cluster, t)
		return
	case EffectMembership:
		w.markMembership(p, e.Key, "READY")
		if ok {
			w.putMembership(p, e, t)
		}
	case EffectUnregister:
		w.markMembership(p, e.Key, "READY")
		if ok {
			w.removeMembership(p, e.Key)
		}
	case EffectFeature:
		if ok {
			w.createFeature(p, e, t)
		}
	case EffectFeaturePatch:
		w.markFeature(p, e.FeatureID, "ACTIVE")
		if ok {
			w.patchFeature(p, e, t)
		}
	case EffectFeatureGone:
		w.markFeature(p, e.FeatureID, "ACTIVE")
		if ok {
			w.deleteFeature(p, e.FeatureID)
		}
	}
	w.Changed(p, t)
}

func (w *World) markCluster(p *Project, e *Effect, status string) {
	c := p.Cluster(e.Location, e.Cluster)
	if c == nil {
		return
	}
	c.Status = status
	if n := c.NodePool(e.NodePool); n != nil {
		n.Status = status
	}
}

// updateCluster applies what a container operation was to do.
func (w *World) updateCluster(p *Project, e *Effect, t time.Time) {
	c := p.Cluster(e.Location, e.Cluster)
	if c == nil {
		return
	}
	switch e.Kind {
	case EffectPool:
		c.WorkloadIdentityConfig = nil
		if e.Value != "" {
			c.WorkloadIdentityConfig = &WorkloadIdentityConfig{WorkloadPool: e.Value}
		}
	case EffectMetadata:
		if n := c.NodePool(e.NodePool); n != nil {
			n.setMetadataMode(e.Value)
			n.Etag = w.resourceEtag()
		}
	case EffectFleet:
		w.registerCluster(p, c, e.Value, t)
	}
	c.Etag = w.resourceEtag()
}

// registerCluster is what desiredFleet does: the membership appears in the fleet, in the cluster's region.
func (w *World) registerCluster(p *Project, c *Cluster, fleetRef string, t time.Time) {
	fleet := w.Project(fleetRef)
	if fleet == nil {
		return
	}
	m := NewMembership(p, fleet, c, wire.At(t))
	c.Fleet = &ClusterFleet{Project: fleet.Number(), Membership: "//gkehub.googleapis.com/projects/" + fleet.ProjectID + "/" + m.Key()}
	w.putMembership(fleet, &Effect{Key: m.Key(), Membership: m}, t)
	w.Changed(fleet, t)
}

// resourceEtag is an etag of a cluster or node pool: eight hex digits.
func (w *World) resourceEtag() string {
	return UUIDFor("etag " + strconv.FormatInt(w.NextSerial(), 10))[:8]
}

func (w *World) markMembership(fleet *Project, key, code string) {
	if m := fleet.Fleet.Membership(key); m != nil {
		m.State = &MembershipState{Code: code}
	}
}

// putMembership creates or replaces a membership. A new one inherits the fleet's default mesh configuration.
func (w *World) putMembership(fleet *Project, e *Effect, t time.Time) {
	if fleet.Fleet == nil {
		fleet.Fleet = &Fleet{}
	}
	f, m := fleet.Fleet, *e.Membership
	m.State, m.UpdateTime = &MembershipState{Code: "READY"}, wire.At(t)
	i, exists := f.find(e.Key)
	if exists {
		m.Mesh = f.Memberships[i].Mesh
		f.Memberships[i] = &m
		return
	}
	m.CreateTime, m.LastConnectionTime = wire.At(t), wire.At(t)
	w.setClusterFleet(fleet, &m, t)
	f.Memberships = slices.Insert(f.Memberships, i, &m)
	if ft := f.Feature(MeshFeature); ft != nil {
		applyFleetDefault(ft, e.Key)
	}
}

// setClusterFleet records in a cluster the fleet in which it was registered through the fleet's API (discovery:
// preRegistered says that it was by that way).
func (w *World) setClusterFleet(fleet *Project, m *Membership, t time.Time) {
	p, c := w.ClusterByLink(m.ClusterLink())
	if c == nil || c.Fleet != nil {
		return
	}
	c.Fleet = &ClusterFleet{
		Project:       fleet.Number(),
		Membership:    "//gkehub.googleapis.com/projects/" + fleet.ProjectID + "/" + m.Key(),
		PreRegistered: true,
	}
	if c.Kubernetes != nil {
		w.Kubernetes(p, c, t).Join(fleet.ProjectID, m.Key())
	}
}

// applyFleetDefault gives a membership the fleet's default, unless it has a mesh spec of its own.
func applyFleetDefault(ft *Feature, key string) {
	def := ft.FleetDefaultMemberConfig
	if def == nil || def.Mesh == nil || ft.management(key) != "" {
		return
	}
	mesh := *def.Mesh
	if ft.MembershipSpecs == nil {
		ft.MembershipSpecs = map[string]*MembershipSpec{}
	}
	ft.MembershipSpecs[key] = &MembershipSpec{Mesh: &mesh, Origin: &Origin{Type: "FLEET"}}
}

func (w *World) removeMembership(fleet *Project, key string) {
	f := fleet.Fleet
	if f == nil {
		return
	}
	i, ok := f.find(key)
	if !ok {
		return
	}
	if p, c := w.ClusterByLink(f.Memberships[i].ClusterLink()); p != nil && c != nil {
		c.Fleet = nil
	}
	f.Memberships = slices.Delete(f.Memberships, i, i+1)
	for _, ft := range f.Features {
		delete(ft.MembershipSpecs, key)
		delete(ft.StateOverrides, key)
	}
}

func (w *World) markFeature(fleet *Project, id, state string) {
	if ft := fleet.Fleet.Feature(id); ft != nil {
		ft.ResourceState = state
	}
}

func (w *World) createFeature(fleet *Project, e *Effect, t time.Time) {
	if fleet.Fleet == nil {
		fleet.Fleet = &Fleet{}
	}
	if fleet.Fleet.Features == nil {
		fleet.Fleet.Features = map[string]*Feature{}
	}
	ft := *e.Feature
	ft.CreateTime, ft.UpdateTime, ft.ResourceState = wire.At(t), wire.At(t), "ACTIVE"
	fleet.Fleet.Features[e.FeatureID] = &ft
	if e.FeatureID == MeshFeature {
		for _, m := range fleet.Fleet.Memberships {
			m.Mesh = nil // a new mesh starts without a past
			applyFleetDefault(&ft, m.Key())
		}
	}
}

func (w *World) deleteFeature(fleet *Project, id string) {
	if fleet.Fleet == nil {
		return
	}
	delete(fleet.Fleet.Features, id)
	if id == MeshFeature {
		for _, m := range fleet.Fleet.Memberships {
			m.Mesh = nil
		}
	}
}

// patchFeature merges what the mask names. Membership specs merge by key;
// an entry without content clears one membership (golden, gcloud).
func (w *World) patchFeature(fleet *Project, e *Effect, t time.Time) {
	ft := fleet.Fleet.Feature(e.FeatureID)
	if ft == nil {
		return
	}
	ft.UpdateTime = wire.At(t)
	for _, field := range e.Mask {
		switch field {
		case "labels":
			ft.Labels = e.Feature.Labels
		case "spec":
			ft.Spec = e.Feature.Spec
		case "fleetDefaultMemberConfig":
			ft.FleetDefaultMemberConfig = e.Feature.FleetDefaultMemberConfig
		case "membershipSpecs":
			for key, spec := range e.Feature.MembershipSpecs {
				w.setMembershipSpec(fleet, ft, key, spec, t)
			}
		}
	}
}

// setMembershipSpec replaces one membership's spec and applies a change of its management to the mesh.
func (w *World) setMembershipSpec(fleet *Project, ft *Feature, key string, spec *MembershipSpec, t time.Time) {
	before := ft.management(key)
	if spec == nil || spec.Mesh == nil && spec.Origin == nil {
		delete(ft.MembershipSpecs, key)
	} else {
		if ft.MembershipSpecs == nil {
			ft.MembershipSpecs = map[string]*MembershipSpec{}
		}
		ft.MembershipSpecs[key] = spec
	}
	if m := fleet.Fleet.Membership(key); m != nil {
		w.managementChanged(fleet, ft, m, before, ft.management(key), t)
	}
}

// setServices enables or disables services; with the fault slow-propagation readers still see the old state for a while.
// A service agent comes with its API.
func (w *World) setServices(p *Project, names []string, state string, t time.Time) {
	for _, name := range names {
		old := ServiceDisabled
		if s := p.Services[name]; s != nil {
			old = s.State
		}
		s := &Service{State: state}
		if f := w.ActiveFault("slow-propagation"); f != nil && old != state && f.matchesProject(p) {
			s.Lag = &ServiceLag{Until: wire.At(t.Add(f.Duration("for"))), State: old}
		}
		if p.Services == nil {
			p.Services = map[string]*Service{}
		}
		p.Services[name] = s
		// The mesh's own agent comes with generateServiceIdentity or when
		// its API is switched on (documented: it may not exist before the mesh is on).
		if state == ServiceEnabled && old != state {
			w.GenerateIdentity(p, name)
		}
	}
}

// GenerateIdentity creates an API's service agent, if it has one and it is not there yet.
func (w *World) GenerateIdentity(p *Project, service string) *ServiceIdentity {
	if id := p.identity(service); id != nil {
		return id
	}
	email := ServiceAgent(service, p)
	if email == "" {
		return nil
	}
	p.ServiceIdentities = append(p.ServiceIdentities, ServiceIdentity{Service: service, Email: email, UniqueID: uniqueID(email)})
	return p.identity(service)
}

// SetPolicy stores a policy that is already in the server's form.
func (w *World) SetPolicy(p *Project, policy Policy, t time.Time) {
	if f := w.ActiveFault("slow-propagation"); f != nil && f.matchesProject(p) {
		p.PolicyLag = &PolicyLag{Until: wire.At(t.Add(f.Duration("for"))), Policy: p.Policy.Clone()}
	}
	policy.Etag = w.newEtag(t)
	p.Policy = policy
	w.Changed(p, t)
}
