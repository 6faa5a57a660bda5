package api

import (
	"net/url"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/world"
)

const maxBatchEnable = 20

func enableService(c *call) (any, *wire.Error) {
	name := c.params["service"]
	if err := c.decode(&struct{}{}); err != nil {
		return nil, err
	}
	// Service Usage can switch itself on again; otherwise a project that has
	// it off could not be repaired without another quota project.
	c.skipServiceCheck = name == wire.HostServiceUsage && c.r.Header.Get("X-Goog-User-Project") == ""
	if p := c.w.Project(c.params["project"]); p != nil {
		resource := "projects/" + p.ProjectID + "/services/" + name
		c.record = world.NewServiceRecord(p, c.who, "EnableService", "serviceusage.services.enable", resource, map[string]any{"name": resource})
	}
	p, err := c.authorize(c.params["project"], "serviceusage.services.enable", errServiceDenied("enable", name))
	if err != nil {
		return nil, err
	}
	if !p.KnowsService(name) {
		return nil, errServiceUnknown(name)
	}
	if p.ServiceEnabled(name) {
		c.record = nil // nothing was changed
		return noop(serviceResponse("google.api.serviceusage.v1.EnableServiceResponse", c, p, name, world.ServiceEnabled)), nil
	}
	if err := c.checkActivation(p); err != nil {
		return nil, err
	}
	return c.startServices(p, "EnableService", "p2", name, &world.Effect{Kind: world.EffectServices, Enable: p.WithDependencies(name)},
		c.w.Timings.Enable), nil
}

func batchEnableServices(c *call) (any, *wire.Error) {
	var req struct {
		ServiceIDs []string `json:"serviceIds"`
	}
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	if p := c.w.Project(c.params["project"]); p != nil {
		c.record = world.NewServiceRecord(p, c.who, "BatchEnableServices", "serviceusage.services.enable", "projects/"+p.ProjectID,
			map[string]any{"parent": "projects/" + p.ProjectID, "serviceIds": req.ServiceIDs})
	}
	p, err := c.authorize(c.params["project"], "serviceusage.services.enable", errServiceDenied("enable", req.ServiceIDs...))
	if err != nil {
		return nil, err
	}
	if len(req.ServiceIDs) == 0 || len(req.ServiceIDs) > maxBatchEnable {
		return nil, wire.Invalid("Between 1 and %d services can be enabled in one call.", maxBatchEnable)
	}
	var unknown []string
	allOn := true
	for _, n := range req.ServiceIDs {
		if !p.KnowsService(n) {
			unknown = append(unknown, n)
		}
		allOn = allOn && p.ServiceEnabled(n)
	}
	if len(unknown) > 0 {
		return nil, errServiceUnknown(unknown...) // all or nothing
	}
	if allOn {
		c.record = nil
		return noop(typed("google.api.serviceusage.v1.BatchEnableServicesResponse", map[string]any{})), nil
	}
	if err := c.checkActivation(p); err != nil {
		return nil, err
	}
	return c.startServices(p, "BatchEnableServices", "p2", "",
		&world.Effect{Kind: world.EffectServices, Enable: p.WithDependencies(req.ServiceIDs...)}, c.w.Timings.Enable), nil
}

func disableService(c *call) (any, *wire.Error) {
	var req struct {
		DisableDependentServices bool   `json:"disableDependentServices"`
		CheckIfServiceHasUsage   string `json:"checkIfServiceHasUsage"`
	}
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	if err := wire.EnumUsageCheck.Check("check_if_service_has_usage", req.CheckIfServiceHasUsage); err != nil {
		return nil, err
	}
	name := c.params["service"]
	if p := c.w.Project(c.params["project"]); p != nil {
		resource := "projects/" + p.ProjectID + "/services/" + name
		request := map[string]any{"name": resource}
		if req.DisableDependentServices {
			request["disableDependentServices"] = true
		}
		c.record = world.NewServiceRecord(p, c.who, "DisableService", "serviceusage.services.disable", resource, request)
	}
	p, err := c.authorize(c.params["project"], "serviceusage.services.disable", errServiceDenied("disable", name))
	if err != nil {
		return nil, err
	}
	if !p.KnowsService(name) {
		return nil, errServiceUnknown(name)
	}
	if !p.ServiceEnabled(name) {
		c.record = nil
		return noop(serviceResponse("google.api.serviceusage.v1.DisableServiceResponse", c, p, name, world.ServiceDisabled)), nil
	}
	dependents := p.Dependents(name)
	if len(dependents) > 0 && !req.DisableDependentServices {
		return nil, errHasDependents(name, dependents)
	}
	if req.CheckIfServiceHasUsage == "CHECK" && hasUsage(p, name) {
		return nil, errHasUsage(name)
	}
	if err := c.checkActivation(p); err != nil {
		return nil, err
	}
	return c.startServices(p, "DisableService", "p17", name, &world.Effect{Kind: world.EffectServices, Disable: append(dependents, name)},
		c.w.Timings.Disable), nil
}

// noop is the operation of a call that had nothing to change.
func noop(response any) lroBody {
	return lroBody{Name: "operations/noop.DONE_OPERATION", Done: true, Response: response}
}

// startServices starts an operation on services. The id's prefix says which kind it is (recorded).
func (c *call) startServices(p *world.Project, method, prefix, target string, e *world.Effect, takes wire.Duration) lroBody {
	name := "operations/acat." + prefix + "-" + p.Number() + "-" + world.UUIDFor(c.w.NewOperationName(c.now))
	op := c.begin(&world.Operation{
		API: wire.HostServiceUsage, Name: name, Project: p.ProjectID, Type: method, Target: target, Effect: e,
	}, takes)
	if target != "" {
		state := world.ServiceEnabled
		if len(e.Disable) > 0 {
			state = world.ServiceDisabled
		}
		op.Audit.Response = map[string]any{"service": map[string]any{"name": "projects/" + p.Number() + "/services/" + target, "state": state}}
	}
	return lroBody{Name: op.Name}
}

// hasUsage reports whether resources of a service exist.
func hasUsage(p *world.Project, name string) bool {
	switch name {
	case wire.HostContainer:
		return len(p.Clusters) > 0
	case wire.HostHub:
		return p.Fleet != nil && len(p.Fleet.Memberships) > 0
	}
	return false
}

// checkActivation refuses a second change of a project's services while one is under way; other services of the same
// project may change together only in one batch (text from Terraform's retries).
func (c *call) checkActivation(p *world.Project) *wire.Error {
	if c.w.ActiveFault("activation-conflict") != nil && c.w.HasRunningOperation(wire.HostServiceUsage, p) {
		return wire.Invalid("Another activation or deactivation is in progress for project %s.", p.Number())
	}
	return nil
}

// errHasDependents is recorded.
func errHasDependents(name string, dependents []string) *wire.Error {
	list := strings.Join(dependents, ",")
	subject := "?error_code=100001&service_name=" + url.QueryEscape(name)
	for _, d := range dependents {
		subject += "&services=" + url.QueryEscape(d)
	}
	return wire.FailedPrecondition("The service %s is depended on by the following active service(s): %s; "+
		"Please specify disable_dependent_services=true "+
		"if you want to proceed with disabling all services.\nHelp Token: %s", name, list, helpToken(name)).
		WithDetails(preconditionFailure(subject)).
		WithInfo("COMMON_SU_SERVICE_HAS_DEPENDENT_SERVICES", wire.HostServiceUsage, map[string]string{"service_name": name, "services": list})
}

// errHasUsage has a recorded reason and an inferred message.
func errHasUsage(name string) *wire.Error {
	return wire.FailedPrecondition("Could not turn off service, as it still has resources in use: %s.\nHelp Token: %s", name, helpToken(name)).
		WithInfo("COMMON_SU_SERVICES_HAVE_RESOURCES_DEACTIVATION_SUV1", wire.HostServiceUsage, map[string]string{"service_name": name})
}
