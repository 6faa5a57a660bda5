package api

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	crmv1 "google.golang.org/api/cloudresourcemanager/v1"
	crmv3 "google.golang.org/api/cloudresourcemanager/v3"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/world"
)

var crmRoutes = []route{
	read("GET", "v1/projects", crmv1.ListProjectsResponse{}, listProjectsV1, "filter", "pageSize", "pageToken"),
	read("GET", "v1/projects/{project}", crmv1.Project{}, getProjectV1),
	read("POST", "v1/projects/{project}:getIamPolicy", crmv1.Policy{}, getIamPolicy),
	write("POST", "v1/projects/{project}:setIamPolicy", crmv1.Policy{}, setIamPolicy("v1")),
	read("POST", "v1/projects/{project}:testIamPermissions", crmv1.TestIamPermissionsResponse{}, testIamPermissions),
	read("GET", "v3/folders/{folder}", crmv3.Folder{}, getFolder),
	read("POST", "v3/folders/{folder}:getIamPolicy", crmv3.Policy{}, getAncestorPolicy("folder")),
	read("POST", "v3/organizations/{organization}:getIamPolicy", crmv3.Policy{}, getAncestorPolicy("organization")),
	read("POST", "v1/projects/{project}:getAncestry", crmv1.GetAncestryResponse{}, getAncestry),
	read("GET", "v3/projects", crmv3.ListProjectsResponse{}, listProjectsV3, "pageSize", "pageToken", "parent", "showDeleted"),
	read("GET", "v3/projects:search", crmv3.SearchProjectsResponse{}, searchProjects, "pageSize", "pageToken", "query"),
	read("GET", "v3/projects/{project}", crmv3.Project{}, getProjectV3),
	read("POST", "v3/projects/{project}:getIamPolicy", crmv3.Policy{}, getIamPolicy),
	write("POST", "v3/projects/{project}:setIamPolicy", crmv3.Policy{}, setIamPolicy("v3")),
	read("POST", "v3/projects/{project}:testIamPermissions", crmv3.TestIamPermissionsResponse{}, testIamPermissions),
}

// errCRMDenied is Resource Manager's answer for a project that the caller may
// not see, that does not exist, or that was deleted: they are the same.
func errCRMDenied(*world.Project) *wire.Error {
	return wire.Denied("The caller does not have permission")
}

// A projectV1 is cloudresourcemanager.v1.Project.
type projectV1 struct {
	ProjectNumber  string            `json:"projectNumber"`
	ProjectID      string            `json:"projectId"`
	LifecycleState string            `json:"lifecycleState"`
	Name           string            `json:"name,omitempty"`
	CreateTime     wire.Timestamp    `json:"createTime"`
	Labels         map[string]string `json:"labels,omitempty"`
	Parent         *world.ResourceID `json:"parent,omitempty"`
}

func newProjectV1(p *world.Project) projectV1 {
	return projectV1{
		ProjectNumber: p.Number(), ProjectID: p.ProjectID, LifecycleState: p.LifecycleState, Name: p.DisplayName,
		CreateTime: p.CreateTime, Labels: p.Labels, Parent: p.Parent,
	}
}

// A projectV3 is cloudresourcemanager.v3.Project.
type projectV3 struct {
	Name        string            `json:"name"`
	Parent      string            `json:"parent,omitempty"`
	ProjectID   string            `json:"projectId"`
	State       string            `json:"state"`
	DisplayName string            `json:"displayName,omitempty"`
	CreateTime  wire.Timestamp    `json:"createTime"`
	UpdateTime  wire.Timestamp    `json:"updateTime,omitzero"`
	DeleteTime  wire.Timestamp    `json:"deleteTime,omitzero"`
	Etag        string            `json:"etag"`
	Labels      map[string]string `json:"labels,omitempty"`
}

func newProjectV3(p *world.Project) projectV3 {
	sum := sha256.Sum256([]byte(p.ProjectID + p.LifecycleState + p.UpdateTime.String()))
	out := projectV3{
		Name: "projects/" + p.Number(), ProjectID: p.ProjectID, State: p.LifecycleState, DisplayName: p.DisplayName,
		CreateTime: p.CreateTime, UpdateTime: p.UpdateTime, DeleteTime: p.DeleteTime, Labels: p.Labels,
		Etag: `W/"` + hex.EncodeToString(sum[:8]) + `"`,
	}
	if p.Parent != nil {
		out.Parent = p.Parent.Type + "s/" + p.Parent.ID
	}
	return out
}

// visibleProject finds a project for projects.get, which alone still answers for a deleted one.
func (c *call) visibleProject() (*world.Project, *wire.Error) {
	if err := c.checkConsumer(c.params["project"]); err != nil {
		return nil, err
	}
	p := c.w.Project(c.params["project"])
	if p == nil || !c.w.Allowed(p, c.who.Email, "resourcemanager.projects.get") {
		return nil, errCRMDenied(p)
	}
	return p, nil
}

func getProjectV1(c *call) (any, *wire.Error) {
	p, err := c.visibleProject()
	if err != nil {
		return nil, err
	}
	return newProjectV1(p), nil
}

func getProjectV3(c *call) (any, *wire.Error) {
	p, err := c.visibleProject()
	if err != nil {
		return nil, err
	}
	return newProjectV3(p), nil
}

func getFolder(c *call) (any, *wire.Error) {
	name := "folders/" + c.params["folder"]
	a, readable := c.w.Ancestor(name, c.who.Email)
	if !readable {
		return nil, errCRMDenied(nil)
	}
	out := struct {
		Name   string `json:"name"`
		Parent string `json:"parent,omitempty"`
		State  string `json:"state"`
	}{Name: name, State: "ACTIVE"}
	if a.Parent != nil {
		out.Parent = a.Parent.Type + "s/" + a.Parent.ID
	}
	return out, nil
}

// getAncestry lists a project, the folders above it, and the organization.
func getAncestry(c *call) (any, *wire.Error) {
	if err := c.decode(&struct{}{}); err != nil {
		return nil, err
	}
	p, err := c.visibleProject()
	if err != nil {
		return nil, err
	}
	type ancestor struct {
		ResourceID world.ResourceID `json:"resourceId"`
	}
	list := []ancestor{{world.ResourceID{Type: "project", ID: p.ProjectID}}}
	for _, id := range c.w.AncestorsOf(p) {
		list = append(list, ancestor{id})
	}
	return map[string]any{"ancestor": list}, nil
}

// readableProjects lists the projects that the caller may see, by id.
func (c *call) readableProjects(deleted bool) []*world.Project {
	var out []*world.Project
	for _, p := range c.w.Projects {
		if (deleted || !p.Deleted()) && c.w.Allowed(p, c.who.Email, "resourcemanager.projects.get") {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b *world.Project) int { return cmp.Compare(a.ProjectID, b.ProjectID) })
	return out
}

// projectFilter understands the terms of Resource Manager's query language that name projects: "projectId:x", "id:x",
// "name:x", "lifecycleState:x", with ":" or "=", joined by AND or spaces.
func projectFilter(query string) (func(*world.Project) bool, *wire.Error) {
	type term struct{ field, value string }
	var terms []term
	for word := range strings.FieldsSeq(query) {
		if strings.EqualFold(word, "AND") {
			continue
		}
		i := strings.IndexAny(word, ":=")
		if i < 0 {
			return nil, wire.Invalid("Invalid filter: %q", word)
		}
		terms = append(terms, term{strings.ToLower(word[:i]), strings.ToLower(strings.Trim(word[i+1:], `"'`))})
	}
	get := func(p *world.Project, field string) (string, bool) {
		switch field {
		case "id", "projectid":
			return p.ProjectID, true
		case "name", "displayname":
			return p.DisplayName, true
		case "state", "lifecyclestate":
			return p.LifecycleState, true
		case "projectnumber":
			return p.Number(), true
		}
		return "", false
	}
	for _, t := range terms {
		if _, ok := get(&world.Project{}, t.field); !ok {
			return nil, wire.Invalid("Invalid filter: field %q cannot be searched", t.field)
		}
	}
	return func(p *world.Project) bool {
		for _, t := range terms {
			have, _ := get(p, t.field)
			have = strings.ToLower(have)
			if prefix, ok := strings.CutSuffix(t.value, "*"); ok {
				if !strings.HasPrefix(have, prefix) {
					return false
				}
			} else if have != t.value {
				return false
			}
		}
		return true
	}, nil
}

func (c *call) searchProjectsBy(query string, deleted bool) ([]*world.Project, *wire.Error) {
	match, err := projectFilter(query)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(c.readableProjects(deleted), func(p *world.Project) bool { return !match(p) }), nil
}

func listProjectsV1(c *call) (any, *wire.Error) {
	list, err := c.searchProjectsBy(c.param("filter"), true)
	if err != nil {
		return nil, err
	}
	list, next, err := onePage(c, list, 500, 1000)
	if err != nil {
		return nil, err
	}
	out := struct {
		Projects      []projectV1 `json:"projects,omitempty"`
		NextPageToken string      `json:"nextPageToken,omitempty"`
	}{NextPageToken: next}
	for _, p := range list {
		out.Projects = append(out.Projects, newProjectV1(p))
	}
	return out, nil
}

func listProjectsV3(c *call) (any, *wire.Error) {
	parent := c.param("parent")
	if parent == "" {
		return nil, wire.Invalid("parent is required")
	}
	deleted := c.boolean("showDeleted")
	list := slices.DeleteFunc(c.readableProjects(deleted), func(p *world.Project) bool { return newProjectV3(p).Parent != parent })
	return c.pageOfProjectsV3(list)
}

func searchProjects(c *call) (any, *wire.Error) {
	list, err := c.searchProjectsBy(c.param("query"), false)
	if err != nil {
		return nil, err
	}
	return c.pageOfProjectsV3(list)
}

func (c *call) pageOfProjectsV3(list []*world.Project) (any, *wire.Error) {
	list, next, err := onePage(c, list, 500, 500)
	if err != nil {
		return nil, err
	}
	out := struct {
		Projects      []projectV3 `json:"projects,omitempty"`
		NextPageToken string      `json:"nextPageToken,omitempty"`
	}{NextPageToken: next}
	for _, p := range list {
		out.Projects = append(out.Projects, newProjectV3(p))
	}
	return out, nil
}

const maxTestPermissions = 100

// testIamPermissions needs no permission itself; none held is {}. For a feature or membership it also answers from the
// project's policy: policies of single resources are not simulated.
func testIamPermissions(c *call) (any, *wire.Error) {
	if err := c.checkConsumer(c.params["project"]); err != nil {
		return nil, err
	}
	p := c.w.Project(c.params["project"])
	if p == nil || p.Deleted() {
		return nil, errCRMDenied(p)
	}
	var req struct {
		Permissions []string `json:"permissions"`
	}
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	if len(req.Permissions) > maxTestPermissions {
		return nil, wire.Invalid("Too many permissions: at most %d can be tested in one call.", maxTestPermissions)
	}
	var held []string
	for _, perm := range req.Permissions {
		if !world.ValidPermission(perm) {
			return nil, wire.Invalid("Permission %s is not valid for this resource.", perm)
		}
		if c.w.Allowed(p, c.who.Email, perm) {
			held = append(held, perm)
		}
	}
	return struct {
		Permissions []string `json:"permissions,omitempty"`
	}{held}, nil
}
