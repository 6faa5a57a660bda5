package gcp

import (
	"context"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// Project is a Google Cloud project (cloudresourcemanager v3, projects.get).
type Project struct {
	ID     string
	Number string
	Parent string // folders/123 or organizations/123; "" for a project without an organization
	Active bool   // false while it is pending deletion
}

// Project returns the project with this id or number. Google answers 403 both
// for a project that the caller may not see and for one that does not exist.
func (c *Client) Project(ctx context.Context, project string) (Project, error) {
	p, err := c.projects.get(ctx, project, func(ctx context.Context) (Project, error) {
		p, err := c.crm.Projects.Get("projects/" + project).Context(chargedTo(ctx, project)).Do()
		if err != nil {
			return Project{}, err
		}
		return Project{ID: p.ProjectId, Number: strings.TrimPrefix(p.Name, "projects/"), Parent: p.Parent,
			Active: p.State == "ACTIVE"}, nil
	})
	return p, failed(err, "read project "+project, "resourcemanager.projects.get")
}

// ProjectNumber is the number of a project; for a project given by number it costs no request.
func (c *Client) ProjectNumber(ctx context.Context, project string) (string, error) {
	if mesh.IsProjectNumber(project) {
		return project, nil
	}
	p, err := c.Project(ctx, project)
	return p.Number, err
}

// ProjectID is the id of a project; for a project given by id it costs no request.
func (c *Client) ProjectID(ctx context.Context, project string) (string, error) {
	if !mesh.IsProjectNumber(project) {
		return project, nil
	}
	p, err := c.Project(ctx, project)
	return p.ID, err
}

// ProjectGone reports whether a project is known to be deleted: it still answers
// and says so. Any doubt, a refusal among them, is false.
func (c *Client) ProjectGone(ctx context.Context, project string) bool {
	p, err := c.Project(ctx, project)
	return err == nil && !p.Active
}
