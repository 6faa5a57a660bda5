package gcp

import (
	"context"
	"errors"
	"net/http"
	"slices"

	crm "google.golang.org/api/cloudresourcemanager/v3"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
)

// maxTestPermissions is how many permissions projects.testIamPermissions takes.
const maxTestPermissions = 100

// TestPermissions returns which of these permissions the caller lacks on a project, sorted (cloudresourcemanager v3,
// projects.testIamPermissions). The call itself takes none. The API refuses a whole question for one permission that it
// does not know on projects; such a permission does not count as missing.
func (c *Client) TestPermissions(ctx context.Context, project string, permissions []string) (missing []string, err error) {
	wanted := slices.Compact(slices.Sorted(slices.Values(permissions)))
	for chunk := range slices.Chunk(wanted, maxTestPermissions) {
		lacking, err := c.testPermissions(ctx, project, chunk)
		if err != nil {
			return nil, err
		}
		missing = append(missing, lacking...)
	}
	return missing, nil
}

// testPermissions asks about sorted permissions at once. Where the API refuses, it asks about either half.
func (c *Client) testPermissions(ctx context.Context, project string, wanted []string) (missing []string, err error) {
	answer, err := c.crm.Projects.TestIamPermissions("projects/"+project, &crm.TestIamPermissionsRequest{Permissions: wanted}).
		Context(chargedTo(ctx, project)).Do()
	err = failed(err, "ask for the caller's permissions on project "+project, "")
	var e *apierr.Error
	if errors.As(err, &e) && e.Code == http.StatusBadRequest {
		if len(wanted) == 1 {
			return nil, nil
		}
		for _, half := range [][]string{wanted[:len(wanted)/2], wanted[len(wanted)/2:]} {
			lacking, err := c.testPermissions(ctx, project, half)
			if err != nil {
				return nil, err
			}
			missing = append(missing, lacking...)
		}
		return missing, nil
	}
	if err != nil {
		return nil, err
	}
	for _, permission := range wanted {
		if !slices.Contains(answer.Permissions, permission) {
			missing = append(missing, permission)
		}
	}
	return missing, nil
}
