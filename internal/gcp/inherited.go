package gcp

import (
	"context"
	"errors"
	"strings"

	"cloud.google.com/go/iam/apiv1/iampb"
)

// Inherited looks for a member's role in the policies of the folders and the organization above a project, which a project
// inherits. holder is the nearest one that grants it without a condition, as folders/123, or "". err says that one of them
// could not be read, so that it may grant the role all the same.
func (c *Client) Inherited(ctx context.Context, project, role, member string) (holder string, err error) {
	above, err := c.ancestors(ctx, project)
	unread := []error{err}
	for _, name := range above {
		policy, err := c.policies.get(ctx, name, func(ctx context.Context) (*iampb.Policy, error) {
			policy := &iampb.Policy{}
			request := &iampb.GetIamPolicyRequest{Options: &iampb.GetPolicyOptions{RequestedPolicyVersion: policyVersion}}
			return policy, c.iam(ctx, name, project, "getIamPolicy", request, policy)
		})
		switch {
		case err != nil:
			unread = append(unread, failed(err, "read the IAM policy of "+name, "resourcemanager.folders.getIamPolicy"))
		case Grant(policy, role, member).Granted:
			return name, nil
		}
	}
	return "", errors.Join(unread...)
}

// maxAncestors is more than folders are nested: Resource Manager allows ten levels.
const maxAncestors = 12

// ancestors are the folders and the organization above a project, the nearest first (cloudresourcemanager v3, projects.get
// and folders.get). Where a folder may not be read, the error follows those below it.
func (c *Client) ancestors(ctx context.Context, project string) (names []string, err error) {
	p, err := c.Project(ctx, project)
	if err != nil {
		return nil, err
	}
	for at := p.Parent; at != "" && len(names) < maxAncestors; {
		names = append(names, at)
		if !strings.HasPrefix(at, "folders/") {
			break
		}
		folder, err := c.crm.Folders.Get(at).Context(chargedTo(ctx, project)).Do()
		if err != nil {
			return names, failed(err, "read "+at, "resourcemanager.folders.get")
		}
		at = folder.Parent
	}
	return names, nil
}
