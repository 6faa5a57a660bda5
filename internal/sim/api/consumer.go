package api

import (
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/world"
)

// Every call of a Google API is made by a consumer project, in which the API must be enabled. It is the project of
// X-Goog-User-Project, if the caller may use that. Without the header it is the project in the URL: a simplification,
// since for a service account it is really the account's own project, and for a person without a quota project Google's.

// errServiceDisabled is the current generation of that answer (recorded
// 2025-2026): five metadata keys, LocalizedMessage and Help.
func errServiceDisabled(service, consumer string) *wire.Error {
	e := wire.Denied("%s", world.ServiceDisabledText(service, consumer))
	e.InErrors("usageLimits", "accessNotConfigured", "https://console.developers.google.com").
		WithInfo("SERVICE_DISABLED", "googleapis.com", map[string]string{
			"service": service, "consumer": "projects/" + consumer, "serviceTitle": world.ServiceTitle(service),
			"containerInfo": consumer, "activationUrl": world.ActivationURL(service, consumer),
		})
	return e.WithDetails(map[string]any{"@type": "type.googleapis.com/google.rpc.LocalizedMessage", "locale": "en-US", "message": e.Message},
		help("Google developers console API activation", world.ActivationURL(service, consumer)))
}

func help(description, url string) map[string]any {
	return map[string]any{
		"@type": "type.googleapis.com/google.rpc.Help",
		"links": []any{map[string]any{"description": description, "url": url}},
	}
}

// errUserProjectDenied is the refusal of X-Goog-User-Project (recorded).
func errUserProjectDenied(service, project string) *wire.Error {
	url := "https://console.developers.google.com/iam-admin/iam/project?project=" + project
	return wire.Denied("Caller does not have required permission to use project %s. "+
		"Grant the caller the roles/serviceusage.serviceUsageConsumer role, "+
		"or a custom role with the serviceusage.services.use permission, by visiting %s and then retry. "+
		"Propagation of the new permission may take a few minutes.", project, url).
		WithDetails(help("Google developer console IAM admin", url)).
		WithInfo("USER_PROJECT_DENIED", "googleapis.com", map[string]string{"service": service, "consumer": "projects/" + project})
}

// errConsumerInvalid is about a project that is unknown or shut down.
func errConsumerInvalid(service, project string) *wire.Error {
	return wire.Denied("Permission denied on resource project %s.", project).
		WithDetails(help("Google developers console", "https://console.developers.google.com")).
		WithInfo("CONSUMER_INVALID", "googleapis.com", map[string]string{
			"service": service, "consumer": "projects/" + project, "containerInfo": project,
		})
}

// checkConsumer refuses a call whose consumer project is unusable, has the API disabled or has exceeded its quota.
func (c *call) checkConsumer(urlProject string) *wire.Error {
	service, consumer, ref := c.api.Host, c.w.Project(urlProject), urlProject
	if quota := c.r.Header.Get("X-Goog-User-Project"); quota != "" {
		quota = strings.TrimPrefix(quota, "projects/")
		consumer, ref = c.w.Project(quota), quota
		if consumer == nil || consumer.Deleted() || !c.w.Allowed(consumer, c.who.Email, "serviceusage.services.use") {
			return errUserProjectDenied(service, quota)
		}
	} else if consumer == nil || consumer.Deleted() {
		if service == wire.HostCRM {
			return nil // Resource Manager says itself what it says of such projects
		}
		return errConsumerInvalid(service, ref)
	} else {
		ref = consumer.Number()
	}
	if consumer.ServiceStateAt(service, c.now) != world.ServiceEnabled && !c.skipServiceCheck {
		return errServiceDisabled(service, ref)
	}
	return c.quota.take(c, consumer)
}

// authorize finds the project of a call for most handlers: first the consumer is checked, then the permission. refuse
// makes the API's own refusal.
func (c *call) authorize(ref, permission string, refuse func(p *world.Project) *wire.Error) (*world.Project, *wire.Error) {
	if err := c.checkConsumer(ref); err != nil {
		return nil, err
	}
	p := c.w.Project(ref)
	if p == nil || p.Deleted() || !c.w.Allowed(p, c.who.Email, permission) {
		if c.record != nil {
			c.record.Denied = true
		}
		return nil, refuse(p)
	}
	return p, nil
}
