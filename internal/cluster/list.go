package cluster

import (
	"context"
	"net/url"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
)

// The resources that this package reads and changes. They are fixed: asking a
// cluster what it serves would cost more requests than all the reads together.
var (
	namespaces       = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
	events           = schema.GroupVersionResource{Version: "v1", Resource: "events"}
	pods             = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	configMaps       = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	serviceAccounts  = schema.GroupVersionResource{Version: "v1", Resource: "serviceaccounts"}
	deployments      = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	statefulSets     = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "statefulsets"}
	daemonSets       = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "daemonsets"}
	budgets          = schema.GroupVersionResource{Group: "policy", Version: "v1", Resource: "poddisruptionbudgets"}
	mutatingWebhooks = schema.GroupVersionResource{
		Group:    "admissionregistration.k8s.io",
		Version:  "v1",
		Resource: "mutatingwebhookconfigurations",
	}
	validatingWebhooks = schema.GroupVersionResource{
		Group:    "admissionregistration.k8s.io",
		Version:  "v1",
		Resource: "validatingwebhookconfigurations",
	}
	revisionsBeta     = schema.GroupVersionResource{Group: meshGroup, Version: "v1beta1", Resource: "controlplanerevisions"}
	revisionsAlpha    = schema.GroupVersionResource{Group: meshGroup, Version: "v1alpha1", Resource: "controlplanerevisions"}
	dataPlaneControls = schema.GroupVersionResource{Group: meshGroup, Version: "v1alpha1", Resource: "dataplanecontrols"}
)

const meshGroup = "mesh.cloud.google.com"

// pageSize is kubectl's own.
const pageSize = 500

// metadataOnly asks for a list without specs and statuses.
const metadataOnly = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

type page[T any] struct {
	Metadata metav1.ListMeta `json:"metadata"`
	Items    []T             `json:"items"`
}

// listAll reads all pages of a list. A page that comes too late, because what it
// continues is no longer kept, makes it start over once.
func listAll[T any](ctx context.Context, c *Cluster, r request, labels string) ([]T, error) {
	items, _, err := listPages[T](ctx, c, r, labels, 0)
	return items, err
}

// listPages is listAll for so many pages at most; 0 is no bound. more reports whether there are others.
func listPages[T any](ctx context.Context, c *Cluster, r request, labels string, most int) (items []T, more bool, err error) {
	r.verb = "list"
	startedOver, pages := false, 0
	next, fields := "", r.query.Get("fieldSelector")
	for {
		r.query = url.Values{"limit": {strconv.Itoa(pageSize)}}
		if fields != "" {
			r.query.Set("fieldSelector", fields)
		}
		if labels != "" {
			r.query.Set("labelSelector", labels)
		}
		if next != "" {
			r.query.Set("continue", next)
		}
		var p page[T]
		err := c.do(ctx, r, &p)
		if err != nil {
			if next != "" && !startedOver && apierr.Gone(err) {
				items, next, startedOver, pages = nil, "", true, 0
				continue
			}
			return nil, false, err
		}
		items = append(items, p.Items...)
		pages++
		if next = p.Metadata.Continue; next == "" || pages == most {
			return items, next != "", nil
		}
	}
}
