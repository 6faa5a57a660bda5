package cluster

import (
	"errors"
	"fmt"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// Target says which cluster is meant and by which ways it may be reached. The ways are tried in this order:
//
//  1. Kubeconfig, when given, and nothing else: it is the user's explicit word,
//     so a context that does not exist is an error and no reason to look further.
//  2. Membership, through Connect Gateway: it takes IAM only and reaches private
//     clusters.
//  3. Cluster, at its own endpoint.
//
// The gateway is left for the endpoint only when the gateway itself refuses or,
// for a read, does not answer; never because of what the cluster said.
type Target struct {
	Kubeconfig *Kubeconfig
	Membership *mesh.Membership
	// FleetProject is the membership's project by its other name, id or number; "" where that is not known.
	FleetProject string
	// Agent is true for a cluster outside Google Cloud, which the gateway reaches
	// through the Connect agent (membership endpoint without gkeCluster).
	Agent   bool
	Cluster *mesh.Cluster
}

// ParseTarget makes a target of resource names as Terraform has them; either may be "".
func ParseTarget(membership, cluster string) (Target, error) {
	var t Target
	if membership != "" {
		m, err := mesh.ParseMembership(membership)
		if err != nil {
			return Target{}, err
		}
		t.Membership = &m
	}
	if cluster != "" {
		c, err := mesh.ParseCluster(cluster)
		if err != nil {
			return Target{}, err
		}
		t.Cluster = &c
	}
	return t, t.check()
}

var errNoTarget = errors.New("no cluster is named: give a membership, a cluster or a kubeconfig")

func (t Target) check() error {
	if t.Kubeconfig == nil && t.Membership == nil && t.Cluster == nil {
		return errNoTarget
	}
	if t.Agent && t.Membership == nil {
		return fmt.Errorf("the Connect agent is reached through a membership, and none is given")
	}
	return nil
}

// String names the cluster for people and findings.
func (t Target) String() string {
	switch {
	case t.Membership != nil:
		return t.Membership.String()
	case t.Cluster != nil:
		return t.Cluster.String()
	case t.Kubeconfig != nil:
		return t.Kubeconfig.String()
	}
	return "no cluster"
}
