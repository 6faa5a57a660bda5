package cluster

import (
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// lacks reports whether the API server's own lists show that it does not serve a resource: no version of its group, as
// without its CRDs, or a version without the resource. The core group is always served. Without such a list nothing is known,
// and it returns false.
func (c *Cluster) lacks(ctx context.Context, client *client, way route, resource schema.GroupVersionResource) bool {
	if resource.Group == "" {
		return false
	}
	var served metav1.APIGroupList
	_, err := c.sendOnce(ctx, client, way, request{doing: "list the API groups", verb: "get", discovery: true}, &served)
	if err != nil || served.Kind != "APIGroupList" {
		return false
	}
	if !slices.ContainsFunc(served.Groups, func(g metav1.APIGroup) bool {
		return g.Name == resource.Group && slices.ContainsFunc(g.Versions, func(v metav1.GroupVersionForDiscovery) bool {
			return v.Version == resource.Version
		})
	}) {
		return true
	}
	var resources metav1.APIResourceList
	_, err = c.sendOnce(ctx, client, way, request{doing: "list the API's resources", verb: "get", discovery: true, resource: resource},
		&resources)
	if err != nil || resources.Kind != "APIResourceList" {
		return false
	}
	return !slices.ContainsFunc(resources.APIResources, func(r metav1.APIResource) bool { return r.Name == resource.Resource })
}
