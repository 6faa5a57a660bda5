package api

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/api/serviceusage/v1"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/world"
)

var serviceUsageRoutes = []route{
	read("GET", "v1/projects/{project}/services", serviceusage.ListServicesResponse{}, listServices, "filter", "pageSize", "pageToken"),
	read("GET", "v1/projects/{project}/services:batchGet", serviceusage.BatchGetServicesResponse{}, batchGetServices, "names"),
	{method: "POST", path: "v1/projects/{project}/services:batchEnable", answer: serviceusage.Operation{}, handle: batchEnableServices,
		write: true, batch: true},
	read("GET", "v1/projects/{project}/services/{service}", serviceusage.GoogleApiServiceusageV1Service{}, getService),
	write("POST", "v1/projects/{project}/services/{service}:enable", serviceusage.Operation{}, enableService),
	write("POST", "v1/projects/{project}/services/{service}:disable", serviceusage.Operation{}, disableService),
	read("GET", "v1/operations/{operation}", serviceusage.Operation{}, getServiceOperation),
	read("GET", "v1beta1/operations/{operation}", serviceusage.Operation{}, getServiceOperation),
	{method: "POST", path: "v1beta1/projects/{project}/services/{service}:generateServiceIdentity", answer: serviceusage.Operation{},
		handle: generateServiceIdentity, write: true, noBody: true},
}

const maxBatchGet = 30

// A service is serviceusage.v1.Service. Its names have the project's number, whatever the caller wrote (recorded).
type service struct {
	Name   string         `json:"name"`
	Config *serviceConfig `json:"config,omitempty"`
	State  string         `json:"state"`
	Parent string         `json:"parent"`
}

type serviceConfig struct {
	Name           string         `json:"name"`
	Title          string         `json:"title,omitempty"`
	Documentation  *documentation `json:"documentation,omitempty"`
	Quota          *struct{}      `json:"quota,omitempty"`
	Authentication *struct{}      `json:"authentication,omitempty"`
	Usage          *usage         `json:"usage,omitempty"`
	Monitoring     *struct{}      `json:"monitoring,omitempty"`
}

type documentation struct {
	Summary string `json:"summary,omitempty"`
}

type usage struct {
	Requirements []string `json:"requirements,omitempty"`
}

func (c *call) service(p *world.Project, name string) service {
	return service{
		Name: "projects/" + p.Number() + "/services/" + name, Parent: "projects/" + p.Number(),
		State: p.ServiceStateAt(name, c.now),
		Config: &serviceConfig{
			Name: name, Title: world.ServiceTitle(name), Documentation: &documentation{Summary: world.ServiceTitle(name) + "."},
			Quota: &struct{}{}, Authentication: &struct{}{}, Monitoring: &struct{}{},
			Usage: &usage{Requirements: []string{"serviceusage.googleapis.com/tos/cloud"}},
		},
	}
}

// errServiceUnknown is the answer for a service that is not there or that
// the caller may not see (reason recorded, subject inferred).
func errServiceUnknown(names ...string) *wire.Error {
	list := strings.Join(names, ",")
	return wire.Denied("Not found or permission denied for service(s): %s.\nHelp Token: %s", list, helpToken(list)).
		WithDetails(preconditionFailure("?error_code=220002&services="+list)).
		WithInfo("SERVICE_CONFIG_NOT_FOUND_OR_PERMISSION_DENIED", wire.HostServiceUsage, map[string]string{"services": list})
}

// preconditionFailure is the detail of Service Usage's refusals.
func preconditionFailure(subject string) map[string]any {
	return map[string]any{
		"@type":      "type.googleapis.com/google.rpc.PreconditionFailure",
		"violations": []any{map[string]any{"type": "googleapis.com", "subject": subject}},
	}
}

// helpToken is opaque text that Service Usage appends to its messages.
func helpToken(seed string) string {
	return "A" + strings.ReplaceAll(world.UUIDFor(seed), "-", "") + "sim"
}

// errServiceDenied makes Service Usage's refusal (reason recorded, message inferred).
func errServiceDenied(verb string, names ...string) func(*world.Project) *wire.Error {
	return func(*world.Project) *wire.Error {
		list := strings.Join(names, ", ")
		return wire.Denied("Permission denied to %s service [%s]\nHelp Token: %s", verb, list, helpToken(verb+list)).
			WithDetails(preconditionFailure("110002")).
			WithInfo("AUTH_PERMISSION_DENIED", wire.HostServiceUsage, nil)
	}
}

func getService(c *call) (any, *wire.Error) {
	name := c.params["service"]
	p, err := c.authorize(c.params["project"], "serviceusage.services.get", errServiceDenied("get", name))
	if err != nil {
		return nil, err
	}
	if !p.KnowsService(name) {
		return nil, errServiceUnknown(name)
	}
	return c.service(p, name), nil
}

func listServices(c *call) (any, *wire.Error) {
	p, err := c.authorize(c.params["project"], "serviceusage.services.list", errServiceDenied("list", "services"))
	if err != nil {
		return nil, err
	}
	want := ""
	switch filter := strings.ReplaceAll(c.param("filter"), " ", ""); filter {
	case "":
	case "state:ENABLED", "state=ENABLED":
		want = world.ServiceEnabled
	case "state:DISABLED", "state=DISABLED":
		want = world.ServiceDisabled
	default:
		return nil, wire.Invalid("Invalid filter %q: only state:ENABLED and state:DISABLED are supported.", filter)
	}
	names := p.ServiceNames()
	if want != "" {
		names = slices.DeleteFunc(names, func(n string) bool { return p.ServiceStateAt(n, c.now) != want })
	}
	names, next, err := onePage(c, names, 50, 200)
	if err != nil {
		return nil, err
	}
	out := struct {
		Services      []service `json:"services,omitempty"`
		NextPageToken string    `json:"nextPageToken,omitempty"`
	}{NextPageToken: next}
	for _, n := range names {
		out.Services = append(out.Services, c.service(p, n))
	}
	return out, nil
}

// batchGetServices answers in the order of the request (inferred).
func batchGetServices(c *call) (any, *wire.Error) {
	names := c.query["names"]
	p, err := c.authorize(c.params["project"], "serviceusage.services.get", errServiceDenied("get", names...))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, wire.Invalid("At least one service name is required.").WithInfo("SU_MISSING_NAMES", wire.HostServiceUsage, nil)
	}
	if len(names) > maxBatchGet {
		return nil, wire.Invalid("Too many names: at most %d services can be read in one call.", maxBatchGet)
	}
	out := struct {
		Services []service `json:"services,omitempty"`
	}{}
	for _, full := range names {
		part := strings.Split(full, "/")
		if len(part) != 4 || part[0] != "projects" || part[2] != "services" || c.w.Project(part[1]) != p {
			return nil, wire.Invalid("Service name %q does not match the parent projects/%s.", full, c.params["project"])
		}
		if !p.KnowsService(part[3]) {
			return nil, errServiceUnknown(part[3])
		}
		out.Services = append(out.Services, c.service(p, part[3]))
	}
	return out, nil
}

// generateServiceIdentity creates an API's service agent; done at once. Which service yields gcp-sa-servicemesh is not
// documented: mesh is inferred, meshconfig's gcp-sa-meshconfig is recorded.
func generateServiceIdentity(c *call) (any, *wire.Error) {
	name := c.params["service"]
	p, err := c.authorize(c.params["project"], "serviceusage.services.enable", errServiceDenied("generate service identity for", name))
	if err != nil {
		return nil, err
	}
	if !p.KnowsService(name) {
		return nil, errServiceUnknown(name)
	}
	body := map[string]string{}
	if id := c.w.GenerateIdentity(p, name); id != nil {
		body["email"], body["uniqueId"] = id.Email, id.UniqueID
		c.w.Changed(p, c.now)
	}
	return lroBody{
		Name: "operations/finished.DONE_OPERATION", Done: true,
		Response: typed("google.api.serviceusage.v1beta1.ServiceIdentity", body),
	}, nil
}

// getServiceOperation reads an operation by the rest of its name.
func getServiceOperation(c *call) (any, *wire.Error) {
	id := c.params["operation"]
	name := "operations/" + id
	if id == "noop.DONE_OPERATION" || id == "finished.DONE_OPERATION" {
		return nil, wire.Invalid("Invalid operation name %s.", name) // never to be polled
	}
	op := c.w.Operation(wire.HostServiceUsage, name)
	if op == nil {
		return nil, wire.NotFound("Operation %s was not found.", name)
	}
	// The URL names no project, so there is none that could have the API off.
	c.skipServiceCheck = c.r.Header.Get("X-Goog-User-Project") == ""
	p, err := c.authorize(op.Project, "serviceusage.operations.get", func(*world.Project) *wire.Error {
		return wire.Denied("Permission denied to get operation [%s]", name)
	})
	if err != nil {
		return nil, err
	}
	return c.serviceOperation(p, op), nil
}

// serviceOperation writes an operation as Service Usage does: the name only until it is done (recorded).
func (c *call) serviceOperation(p *world.Project, op *world.Operation) lroBody {
	out := lroBody{Name: op.Name, Done: op.Done}
	if !op.Done {
		return out
	}
	out.Metadata = emptyAny()
	if op.Error != nil {
		out.Error = op.Error
		return out
	}
	const v1 = "google.api.serviceusage.v1."
	switch e := op.Effect; {
	case op.Type == "BatchEnableServices":
		services, names := []service{}, []string{}
		for _, n := range e.Enable {
			s := c.service(p, n)
			s.Config, s.State = nil, world.ServiceEnabled
			services = append(services, s)
			names = append(names, fmt.Sprintf("services/%s/projectSettings/%s", n, p.Number()))
		}
		out.Metadata = typed(v1+"OperationMetadata", map[string]any{"resourceNames": names})
		out.Response = typed(v1+"BatchEnableServicesResponse", map[string]any{"services": services})
	case len(e.Enable) > 0:
		out.Response = serviceResponse(v1+"EnableServiceResponse", c, p, op.Target, world.ServiceEnabled)
	default:
		out.Response = serviceResponse(v1+"DisableServiceResponse", c, p, op.Target, world.ServiceDisabled)
	}
	return out
}

func serviceResponse(message string, c *call, p *world.Project, name, state string) any {
	s := c.service(p, name)
	s.State = state
	return typed(message, map[string]any{"service": s})
}
