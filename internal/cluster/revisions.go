package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

// Revisions are the ControlPlaneRevisions of a cluster.
type Revisions struct {
	Installed bool // the cluster knows the kind; without it the mesh was never managed there
	All       []mesh.ControlPlaneRevision
	health.Health
}

type nower func() time.Time

// Revisions reads and judges the cluster's ControlPlaneRevisions in all
// namespaces: one that is in the wrong namespace is one of the stop codes on Google's page
// (https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh).
func (c *Cluster) Revisions(ctx context.Context) (Revisions, error) {
	s, err := c.read(ctx, false, partRevisions)
	if err != nil {
		return Revisions{}, err
	}
	return s.RevisionHealth(), nil
}

// Traces are the signs that a cluster is, or was, set up for managed mesh: its ControlPlaneRevisions, webhooks that call a
// managed control plane, and namespaces whose label names a managed revision, in words. It costs three requests.
func (c *Cluster) Traces(ctx context.Context) ([]string, error) {
	s, err := c.read(ctx, false, partRevisions, partMutating, partNamespaces)
	if err != nil {
		return nil, err
	}
	var traces []string
	for _, r := range s.Revisions {
		traces = append(traces, "ControlPlaneRevision "+r.Name)
	}
	for _, w := range s.Mutating {
		if w.Injects() && w.Plane() == mesh.PlaneManaged {
			traces = append(traces, "webhook "+w.Name)
		}
	}
	for _, n := range s.Namespaces {
		if _, managed := mesh.ChannelOf(n.Labels[mesh.LabelRevision]); managed {
			traces = append(traces, "namespace "+n.Name+" with "+mesh.LabelRevision+"="+n.Labels[mesh.LabelRevision])
		}
	}
	return traces, nil
}

// RevisionHealth judges the revisions that were read.
func (s *State) RevisionHealth() Revisions {
	if s.lacks(partRevisions) {
		return Revisions{Health: apierr.UnreadHealth(s.Cluster, s.Unread[string(partRevisions)])}
	}
	r := Revisions{Installed: s.Installed, All: s.Revisions}
	r.Health = health.JudgeRevisions(s.Cluster, s.Revisions, s.now())
	if !s.Installed {
		const crd = "controlplanerevisions." + meshGroup
		r.Summary = string(r.Verdict) + ": the cluster does not know the kind ControlPlaneRevision (CRD " + crd + "): managed mesh was never " +
			"installed in it"
		r.Findings[0].Message = strings.TrimPrefix(r.Summary, string(r.Verdict)+": ")
	}
	return r
}

// controlPlaneRevision is the object; both API versions are alike, and every field may be missing.
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
		if apierr.NotFound(err) {
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
		Annotations: r.Metadata.Annotations, Labels: r.Metadata.Labels,
	}
	for _, c := range r.Status.Conditions {
		revision.Conditions = append(revision.Conditions, mesh.RevisionCondition{
			Type: c.Type, Status: c.Status, Reason: c.Reason, Message: c.Message, Since: c.Since.Time,
		})
	}
	slices.SortFunc(revision.Conditions, func(a, b mesh.RevisionCondition) int { return strings.Compare(a.Type, b.Type) })
	return revision
}

// Revision reads one ControlPlaneRevision of istio-system. One that is missing,
// and a cluster that does not know the kind, is a NotFound error.
func (c *Cluster) Revision(ctx context.Context, name string) (mesh.ControlPlaneRevision, error) {
	var raw controlPlaneRevision
	_, err := c.getRevision(ctx, mesh.SystemNamespace, name, &raw)
	return raw.read(), err
}

// getRevision reads one ControlPlaneRevision into out, and returns which version of the kind the cluster serves.
func (c *Cluster) getRevision(ctx context.Context, namespace, name string, out any) (schema.GroupVersionResource, error) {
	var first error
	for _, version := range []schema.GroupVersionResource{revisionsBeta, revisionsAlpha} {
		err := c.do(ctx, request{
			doing: "read ControlPlaneRevision " + name, verb: "get",
			resource: version, namespace: namespace, name: name,
		}, out)
		if !apierr.NotFound(err) {
			return version, err
		}
		if first == nil {
			first = err
		}
	}
	return revisionsBeta, first
}

// SetRevisionSpec sets a field of a ControlPlaneRevision's spec, or removes it when
// value is nil, with a patch that names this field alone.
func (c *Cluster) SetRevisionSpec(ctx context.Context, name, field string, value *string) (mesh.ControlPlaneRevision, error) {
	return c.patchRevision(ctx, "set spec."+field+" of", name, map[string]any{"spec": map[string]*string{field: value}})
}

// patchRevision changes a ControlPlaneRevision of istio-system by a merge patch.
func (c *Cluster) patchRevision(ctx context.Context, doing, name string, patch map[string]any) (mesh.ControlPlaneRevision, error) {
	var raw controlPlaneRevision
	version, err := c.getRevision(ctx, mesh.SystemNamespace, name, &raw)
	if err != nil {
		return mesh.ControlPlaneRevision{}, err
	}
	body, err := json.Marshal(patch)
	if err != nil {
		return mesh.ControlPlaneRevision{}, fmt.Errorf("cannot write the patch of ControlPlaneRevision %s: %w", name, err)
	}
	var changed controlPlaneRevision
	err = c.do(ctx, request{
		doing: doing + " ControlPlaneRevision " + name, verb: "patch",
		resource: version, namespace: mesh.SystemNamespace, name: name,
		query:       url.Values{"fieldManager": {FieldManager}},
		contentType: "application/merge-patch+json", body: body,
	}, &changed)
	return changed.read(), err
}
