package cluster

import (
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// lacks reports whether the API server's own list of groups shows that it does not serve a version of a group, as without
// its CRDs. The core group is always served. Without such a list nothing is known, and it returns false.
func (c *Cluster) lacks(ctx context.Context, client *client, way route, resource schema.GroupVersionResource) bool {
	if resource.Group == "" {
		return false
	}
	var served metav1.APIGroupList
	_, err := c.sendOnce(ctx, client, way, request{doing: "list the API groups", verb: "get", discovery: true}, &served)
	if err != nil || served.Kind != "APIGroupList" {
		return false
	}
	return !slices.ContainsFunc(served.Groups, func(g metav1.APIGroup) bool {
		return g.Name == resource.Group && slices.ContainsFunc(g.Versions, func(v metav1.GroupVersionForDiscovery) bool {
			return v.Version == resource.Version
		})
	})
}
