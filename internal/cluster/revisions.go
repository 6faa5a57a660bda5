package cluster

import (
	"context"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// Revisions are the ControlPlaneRevisions of a cluster.
type Revisions struct {
	Installed bool // the cluster knows the kind; without it the mesh was never managed there
	All       []mesh.ControlPlaneRevision
	mesh.Health
}

type nower func() time.Time

// Revisions reads and judges the cluster's ControlPlaneRevisions in all
// namespaces: one that is in the wrong namespace is one of the seed's stop codes.
func (c *Cluster) Revisions(ctx context.Context) (Revisions, error) {
	s, err := c.read(ctx, false, partRevisions)
	if err != nil {
		return Revisions{}, err
	}
	return s.RevisionHealth(), nil
}

// RevisionHealth judges the revisions that were read.
func (s *State) RevisionHealth() Revisions {
	if s.lacks(partRevisions) {
		return Revisions{Health: UnreadHealth(s.Cluster, s.Unread[string(partRevisions)])}
	}
	r := Revisions{Installed: s.Installed, All: s.Revisions}
	r.Health = mesh.JudgeRevisions(s.Cluster, s.Revisions, s.now())
	if !s.Installed {
		const crd = "controlplanerevisions." + meshGroup
		r.Summary = string(r.Verdict) + ": the cluster does not know the kind ControlPlaneRevision (CRD " + crd + "): managed mesh was never installed in it"
		r.Findings[0].Message = strings.TrimPrefix(r.Summary, string(r.Verdict)+": ")
	}
	return r
}

// controlPlaneRevision is the object; both API versions are alike, and every
// field may be missing.
type controlPlaneRevision struct {
	Metadata metav1.ObjectMeta `json:"metadata"`
	Spec     struct {
		Channel string `json:"channel"`
		Type    string `json:"type"`
	} `json:"spec"`
	Status struct {
		Conditions []struct {
			Type    string      `json:"type"`
			Status  string      `json:"status"`
			Reason  string      `json:"reason"`
			Message string      `json:"message"`
			Since   metav1.Time `json:"lastTransitionTime"`
		} `json:"conditions"`
	} `json:"status"`
}

// listRevisions reads v1beta1, and v1alpha1 where the cluster does not serve
// that. A cluster that serves neither has no CRD.
func (c *Cluster) listRevisions(ctx context.Context) (revisions []mesh.ControlPlaneRevision, installed bool, err error) {
	for _, version := range []schema.GroupVersionResource{revisionsBeta, revisionsAlpha} {
		raw, err := listAll[controlPlaneRevision](ctx, c, request{doing: "list the ControlPlaneRevisions", resource: version}, "")
		if NotFound(err) {
			continue
		}
		if err != nil {
			return nil, false, err
		}
		for _, r := range raw {
			revisions = append(revisions, r.read())
		}
		slices.SortFunc(revisions, func(a, b mesh.ControlPlaneRevision) int {
			return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
		})
		return revisions, true, nil
	}
	return nil, false, nil
}

func (r controlPlaneRevision) read() mesh.ControlPlaneRevision {
	revision := mesh.ControlPlaneRevision{
		Name: r.Metadata.Name, Namespace: r.Metadata.Namespace,
		Channel: r.Spec.Channel, Type: r.Spec.Type, Created: r.Metadata.CreationTimestamp.Time,
	}
	for _, c := range r.Status.Conditions {
		revision.Conditions = append(revision.Conditions, mesh.RevisionCondition{
			Type: c.Type, Status: c.Status, Reason: c.Reason, Message: c.Message, Since: c.Since.Time,
		})
	}
	slices.SortFunc(revision.Conditions, func(a, b mesh.RevisionCondition) int { return strings.Compare(a.Type, b.Type) })
	return revision
}
