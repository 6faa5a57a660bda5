package sim

import (
	"strings"
)

// Every call of a Google API is made by a consumer project, in which the API
// must be enabled. It is the project of X-Goog-User-Project, if the caller
// may use that. Without the header it is the project in the URL: a
// simplification, since for a service account it is really the account's own
// project, and for a person without a quota project Google's.

// errServiceDisabled is the current generation of that answer (recorded
// 2025-2026): five metadata keys, LocalizedMessage and Help.
func errServiceDisabled(service, consumer string) *apiError {
	e := denied("%s", serviceDisabledText(service, consumer))
	e.listed("usageLimits", "accessNotConfigured", "https://console.developers.google.com").info("SERVICE_DISABLED", "googleapis.com", map[string]string{
		"service": service, "consumer": "projects/" + consumer, "serviceTitle": serviceTitle(service),
		"containerInfo": consumer, "activationUrl": activationURL(service, consumer),
	})
	return e.with(
		map[string]any{"@type": "type.googleapis.com/google.rpc.LocalizedMessage", "locale": "en-US", "message": e.message},
		help("Google developers console API activation", activationURL(service, consumer)),
	)
}

func help(description, url string) map[string]any {
	return map[string]any{
		"@type": "type.googleapis.com/google.rpc.Help",
		"links": []any{map[string]any{"description": description, "url": url}},
	}
}

// errUserProjectDenied is the refusal of X-Goog-User-Project (recorded).
func errUserProjectDenied(service, project string) *apiError {
	url := "https://console.developers.google.com/iam-admin/iam/project?project=" + project
	return denied("Caller does not have required permission to use project %s. Grant the caller the roles/serviceusage.serviceUsageConsumer role, "+
		"or a custom role with the serviceusage.services.use permission, by visiting %s and then retry. "+
		"Propagation of the new permission may take a few minutes.", project, url).
		with(help("Google developer console IAM admin", url)).
		info("USER_PROJECT_DENIED", "googleapis.com", map[string]string{"service": service, "consumer": "projects/" + project})
}

// errConsumerInvalid is about a project that is unknown or shut down.
func errConsumerInvalid(service, project string) *apiError {
	return denied("Permission denied on resource project %s.", project).
		with(help("Google developers console", "https://console.developers.google.com")).
		info("CONSUMER_INVALID", "googleapis.com", map[string]string{
			"service": service, "consumer": "projects/" + project, "containerInfo": project,
		})
}

// gate lets a call through to its API, or says why not.
func (c *call) gate(urlProject string) *apiError {
	service, consumer, ref := c.api.host, c.w.project(urlProject), urlProject
	if quota := c.r.Header.Get("X-Goog-User-Project"); quota != "" {
		quota = strings.TrimPrefix(quota, "projects/")
		consumer, ref = c.w.project(quota), quota
		if consumer == nil || consumer.deleted() || !c.w.allowed(consumer, c.who.Email, "serviceusage.services.use") {
			return errUserProjectDenied(service, quota)
		}
	} else if consumer == nil || consumer.deleted() {
		if service == hostCRM {
			return nil // Resource Manager says itself what it says of such projects
		}
		return errConsumerInvalid(service, ref)
	} else {
		ref = consumer.number()
	}
	if consumer.seenState(service, c.now) != serviceEnabled && !c.ungated {
		return errServiceDisabled(service, ref)
	}
	return c.quota.take(c, consumer)
}

// authorize is the way into a project for most handlers: the gate, then the
// permission. refuse makes the API's own words for "denied".
func (c *call) authorize(ref, permission string, refuse func(p *Project) *apiError) (*Project, *apiError) {
	if err := c.gate(ref); err != nil {
		return nil, err
	}
	p := c.w.project(ref)
	if p == nil || p.deleted() || !c.w.allowed(p, c.who.Email, permission) {
		if c.record != nil {
			c.record.Denied = true
		}
		return nil, refuse(p)
	}
	return p, nil
}
