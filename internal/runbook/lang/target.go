package lang

import "github.com/zclconf/go-cty/cty"

// TargetKind is the kind of object that a run of a runbook is about.
type TargetKind string

// The kinds of targets.
const (
	TargetMembership TargetKind = "membership"
	TargetCluster    TargetKind = "cluster"
	TargetProject    TargetKind = "project"
	TargetFleet      TargetKind = "fleet"
)

// TargetKinds lists the kinds, the default first.
func TargetKinds() []TargetKind {
	return []TargetKind{TargetMembership, TargetCluster, TargetProject, TargetFleet}
}

// TargetAttribute is something that expressions can read of the target.
type TargetAttribute struct {
	Name string
	Type cty.Type
	Doc  string
	of   []TargetKind
}

var (
	inCluster = []TargetKind{TargetMembership, TargetCluster}

	targetAttributes = []TargetAttribute{
		{"membership", cty.String, "Full resource name of the membership, `projects/P/locations/L/memberships/M`.",
			[]TargetKind{TargetMembership}},
		{"cluster", cty.String, "Full resource name of the GKE cluster, `projects/P/locations/L/clusters/C`.", inCluster},
		{"name", cty.String, "Short name of the target: the last part of its resource name.", TargetKinds()},
		{"location", cty.String, "Region or zone of the cluster.", inCluster},
		{"project", cty.String, "ID of the project: the cluster's, the project itself, or the fleet's host.", TargetKinds()},
		{"fleet_project", cty.String, "ID of the fleet's host project.", TargetKinds()},
		{"fleet_number", cty.String, "Number of the fleet's host project.", TargetKinds()},
		{"network_project", cty.String, "ID of the project that owns the cluster's network: with Shared VPC the host project, else the " +
			"cluster's own.", inCluster},
		{"revision", cty.String, "Name of the managed control plane revision in the cluster, such as `asm-managed`.", inCluster},
		{"injected_namespaces", cty.Set(cty.String), "Namespaces of the cluster whose pods get a sidecar.", inCluster},
		{"node_pools", cty.Set(cty.String), "Names of the cluster's node pools.", inCluster},
		{"memberships", cty.Set(cty.String), "Full resource names of the fleet's memberships.", []TargetKind{TargetFleet}},
		{"projects", cty.Set(cty.String), "IDs of the projects that have clusters in the fleet, and of their network hosts.",
			[]TargetKind{TargetFleet}},
	}
)

// Attributes lists what expressions can read of a target of this kind.
func (k TargetKind) Attributes() []TargetAttribute {
	var list []TargetAttribute
	for _, a := range targetAttributes {
		for _, kind := range a.of {
			if kind == k {
				list = append(list, a)
			}
		}
	}
	return list
}

// Type is the object type of a target of this kind.
func (k TargetKind) Type() cty.Type {
	types := map[string]cty.Type{}
	for _, a := range k.Attributes() {
		types[a.Name] = a.Type
	}
	return cty.Object(types)
}
