package api

import (
	"strings"
	"time"

	"google.golang.org/api/gkehub/v1"
	hubv2 "google.golang.org/api/gkehub/v2"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/world"
)

var hubRoutes = concat(
	hubVersion("v1"), hubVersion("v1alpha"), hubVersion("v1beta"), hubV2("v2"), hubV2("v2alpha"), hubV2("v2beta"),
)

func concat(lists ...[]route) []route {
	var out []route
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

// hubVersion are the methods of gkehub v1. gcloud's tracks use v1alpha and
// v1beta, which are the same for what is simulated.
func hubVersion(v string) []route {
	const at = "/projects/{project}/locations/{location}/"
	return []route{
		read("GET", v+at+"features", gkehub.ListFeaturesResponse{}, listFeatures, "filter", "orderBy", "pageSize", "pageToken",
			"returnPartialSuccess"),
		write("POST", v+at+"features", gkehub.Operation{}, idempotent(createFeature), "featureId", "requestId"),
		read("GET", v+at+"features/{feature}", gkehub.Feature{}, getFeature, "returnPartialSuccess"),
		write("PATCH", v+at+"features/{feature}", gkehub.Operation{}, idempotent(patchFeature), "updateMask", "requestId"),
		write("DELETE", v+at+"features/{feature}", gkehub.Operation{}, idempotent(deleteFeature), "force", "requestId"),
		read("POST", v+at+"features/{feature}:testIamPermissions", gkehub.TestIamPermissionsResponse{}, testIamPermissions),
		read("GET", v+at+"memberships", gkehub.ListMembershipsResponse{}, listMemberships, "filter", "orderBy", "pageSize", "pageToken"),
		write("POST", v+at+"memberships", gkehub.Operation{}, idempotent(createMembership), "membershipId", "requestId"),
		read("GET", v+at+"memberships/{membership}", gkehub.Membership{}, getMembership),
		write("PATCH", v+at+"memberships/{membership}", gkehub.Operation{}, idempotent(patchMembership), "updateMask", "requestId"),
		write("DELETE", v+at+"memberships/{membership}", gkehub.Operation{}, idempotent(deleteMembership), "force", "requestId"),
		read("POST", v+at+"memberships/{membership}:testIamPermissions", gkehub.TestIamPermissionsResponse{}, testIamPermissions),
		read("GET", v+at+"operations", gkehub.ListOperationsResponse{}, listHubOperations, "filter", "pageSize", "pageToken",
			"returnPartialSuccess"),
		read("GET", v+at+"operations/{operation}", gkehub.Operation{}, getHubOperation),
		write("POST", v+at+"operations/{operation}:cancel", gkehub.Empty{}, cancelHubOperation),
	}
}

// hubV2 are the methods of gkehub v2: one feature of one membership each.
func hubV2(v string) []route {
	const at = "/projects/{project}/locations/{location}/"
	return []route{
		read("GET", v+at+"memberships/{membership}/features", hubv2.ListMembershipFeaturesResponse{}, listMembershipFeatures, "filter",
			"orderBy", "pageSize", "pageToken"),
		read("GET", v+at+"memberships/{membership}/features/{feature}", hubv2.MembershipFeature{}, getMembershipFeature),
		write("PATCH", v+at+"memberships/{membership}/features/{feature}", gkehub.Operation{}, idempotent(patchMembershipFeature),
			"allowMissing", "requestId", "updateMask"),
		write("DELETE", v+at+"memberships/{membership}/features/{feature}", gkehub.Operation{}, idempotent(deleteMembershipFeature), "requestId"),
		read("GET", v+at+"operations/{operation}", gkehub.Operation{}, getHubOperation),
	}
}

// version is the API version in the call's path.
func (c *call) version() string {
	v, _, _ := strings.Cut(c.route.path, "/")
	return v
}

// resource is the call's resource name, the project as the caller wrote it.
func (c *call) resource(rest string) string {
	return "projects/" + c.params["project"] + "/locations/" + c.params["location"] + "/" + rest
}

// errHubDenied is the hub's refusal (recorded).
func errHubDenied(permission, resource string) func(*world.Project) *wire.Error {
	return func(*world.Project) *wire.Error {
		return wire.Denied("Permission '%s' denied on '%s'", permission, resource).
			WithInfo("IAM_PERMISSION_DENIED", wire.HostHub, map[string]string{"permission": permission, "resource": resource})
	}
}

// errHubNotFound is one of two candidate forms: seen for a sibling of features.
func errHubNotFound(resource string) *wire.Error {
	return wire.NotFound("Resource '%s' was not found", resource)
}

// authorizeHub finds the fleet project of a call, after the permission.
func (c *call) authorizeHub(permission, rest string) (*world.Project, *wire.Error) {
	return c.authorize(c.params["project"], permission, errHubDenied(permission, c.resource(rest)))
}

// hubOperation writes an operation as the hub does.
func (c *call) hubOperation(p *world.Project, op *world.Operation) lroBody {
	meta := map[string]any{"createTime": op.Start, "target": op.Target, "verb": op.Verb, "apiVersion": op.Version}
	out := lroBody{Name: op.Name, Done: op.Done}
	if op.Done {
		meta["endTime"] = op.End
		switch {
		case op.Error != nil:
			out.Error = op.Error
		case op.Verb == "delete":
			out.Response = emptyAny()
		default:
			out.Response = c.hubResponse(p, op)
		}
	}
	if op.Cancelled {
		meta["cancelRequested"] = true
	}
	out.Metadata = typed("google.cloud.gkehub."+op.Version+".OperationMetadata", meta)
	return out
}

func (c *call) hubResponse(p *world.Project, op *world.Operation) any {
	prefix := "google.cloud.gkehub." + op.Version + "."
	e := op.Effect
	switch {
	case strings.HasPrefix(op.Version, "v2"):
		if ft, m := p.Fleet.Feature(e.FeatureID), p.Fleet.Membership(e.Key); ft != nil && m != nil {
			return typed(prefix+"MembershipFeature", c.membershipFeature(p, ft, m, e.FeatureID))
		}
	case e.Kind == world.EffectMembership:
		if m := p.Fleet.Membership(e.Key); m != nil {
			return typed(prefix+"Membership", membershipAnswer(m, p.ProjectID))
		}
	default:
		if ft := p.Fleet.Feature(e.FeatureID); ft != nil {
			return typed(prefix+"Feature", c.featureHead(p, ft, e.FeatureID))
		}
	}
	return emptyAny()
}

// startHub starts an operation on the fleet.
func (c *call) startHub(p *world.Project, verb, target string, e *world.Effect, takes wire.Duration) lroBody {
	location := c.params["location"]
	name := "projects/" + p.ProjectID + "/locations/" + location + "/operations/" + c.w.NewOperationName(c.now)
	op := c.begin(&world.Operation{
		API: wire.HostHub, Name: name, Project: p.ProjectID, Location: location, Verb: verb, Version: c.version(),
		Target: target, Effect: e, RequestID: c.param("requestId"),
	}, takes)
	return c.hubOperation(p, op)
}

// requestMemory is how long a requestId is remembered (discovery: at least 60 minutes).
const requestMemory = time.Hour

// idempotent answers a repeated requestId with the operation of the first request.
func idempotent(handle handler) handler {
	return func(c *call) (any, *wire.Error) {
		id := c.param("requestId")
		if id == "" {
			return handle(c)
		}
		p, err := c.authorizeHub("gkehub.operations.get", "operations")
		if err != nil {
			return nil, err
		}
		for _, op := range c.w.Operations {
			if op.API == wire.HostHub && op.RequestID == id && op.Project == p.ProjectID && c.now.Sub(op.Start.Time) < requestMemory {
				return c.hubOperation(p, op), nil
			}
		}
		return handle(c)
	}
}

func (c *call) hubOperationFor(permission string) (*world.Project, *world.Operation, *wire.Error) {
	p, err := c.authorizeHub(permission, "operations/"+c.params["operation"])
	if err != nil {
		return nil, nil, err
	}
	op := c.w.Operation(wire.HostHub, "projects/"+p.ProjectID+"/locations/"+c.params["location"]+"/operations/"+c.params["operation"])
	if op == nil {
		return nil, nil, errHubNotFound(c.resource("operations/" + c.params["operation"]))
	}
	return p, op, nil
}

func getHubOperation(c *call) (any, *wire.Error) {
	p, op, err := c.hubOperationFor("gkehub.operations.get")
	if err != nil {
		return nil, err
	}
	return c.hubOperation(p, op), nil
}

func listHubOperations(c *call) (any, *wire.Error) {
	p, err := c.authorizeHub("gkehub.operations.list", "operations")
	if err != nil {
		return nil, err
	}
	var list []lroBody
	for _, op := range c.w.Operations {
		if op.API == wire.HostHub && op.Project == p.ProjectID && (c.params["location"] == "-" || op.Location == c.params["location"]) {
			list = append(list, c.hubOperation(p, op))
		}
	}
	list, next, err := onePage(c, list, 0, 0)
	if err != nil {
		return nil, err
	}
	return struct {
		Operations    []lroBody `json:"operations,omitempty"`
		NextPageToken string    `json:"nextPageToken,omitempty"`
	}{list, next}, nil
}

func cancelHubOperation(c *call) (any, *wire.Error) {
	if err := c.decode(&struct{}{}); err != nil {
		return nil, err
	}
	_, op, err := c.hubOperationFor("gkehub.operations.cancel")
	if err != nil {
		return nil, err
	}
	if !op.Done {
		c.w.Cancel(op, c.now, "Operation was cancelled.")
	}
	return struct{}{}, nil
}
