package cluster

import (
	"context"
	"encoding/json"
	"fmt"

	authzv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var selfReviews = schema.GroupVersionResource{Group: "authorization.k8s.io", Version: "v1", Resource: "selfsubjectaccessreviews"}

// Can asks the cluster whether the caller may do this in it, in RBAC's words; namespace is "" for what has none, and
// for all of them (SelfSubjectAccessReview, which every authenticated caller may ask). It does not cover the way there:
// Connect Gateway takes a permission of IAM for each HTTP method, gkehub.gateway.post for this question.
func (c *Cluster) Can(ctx context.Context, verb, group, resource, namespace string) (bool, error) {
	review := authzv1.SelfSubjectAccessReview{Spec: authzv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authzv1.ResourceAttributes{
		Verb: verb, Group: group, Resource: resource, Namespace: namespace,
	}}}
	review.Kind, review.APIVersion = "SelfSubjectAccessReview", "authorization.k8s.io/v1"
	body, err := json.Marshal(review)
	if err != nil {
		return false, fmt.Errorf("cannot write a SelfSubjectAccessReview: %w", err)
	}
	var answer authzv1.SelfSubjectAccessReview
	err = c.do(ctx, request{
		doing: "ask whether the caller may " + verb + " " + resource, verb: "create", readOnly: true,
		resource: selfReviews, contentType: "application/json", body: body,
	}, &answer)
	return answer.Status.Allowed, err
}
