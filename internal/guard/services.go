package guard

import (
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// required reports whether managed mesh needs an API.
func required(service string) bool { return slices.Contains(mesh.DefaultServices(), service) }

// dependents are the APIs of the mesh that Google disables along with another one. That container depends on compute is
// recorded, in Service Usage's own refusal.
var dependents = map[string]string{"compute.googleapis.com": "container.googleapis.com"}

// foundations are APIs that Google's own services build on. Which of the mesh's APIs depend on which of them is inferred,
// so disabling one with its dependents is unknown.
var foundations = []string{
	"anthos", "artifactregistry", "autoscaling", "cloudapis", "cloudresourcemanager", "containerfilesystem", "containerregistry", "dns",
	"gkebackup", "gkeconnect", "iam", "iamcredentials", "logging", "monitoring", "multiclustermetering", "networkconnectivity", "oslogin",
	"pubsub", "servicecontrol", "servicemanagement", "serviceusage", "stackdriver", "storage-api", "storage-component", "sts",
}

const keepAPI = "Keep the API: set disable_on_destroy = false (or deletion_policy = \"ABANDON\") and apply that first, or forget the " +
	"resource " +
	"with removed { lifecycle { destroy = false } }."

func (j *judge) apiEffect(a act, on value, service, reason string) {
	j.add(effect{
		need: need{api, j.canon(on.get("project").text()), service}, act: a, code: apiCode(service),
		subject: service + " on " + on.get("project").showOr("a project"), reason: reason, instead: keepAPI,
	})
}

// projectService judges google_project_service. Its destroy disables the API only with disable_on_destroy, which is false
// since version 6 and stands in the state of older ones as true.
func projectService(j *judge, c *change, s step) {
	v := c.after
	if s == deletes {
		v = c.before
	}
	service := strings.TrimPrefix(v.get("service").text(), "services/")
	shown, on := v.get("service").showOr("an API"), v.get("project").showOr("its project")
	if s != deletes {
		if required(service) {
			j.apiEffect(gives, v, service, "")
		}
		return
	}
	if c.kept() || !v.get("disable_on_destroy").is() {
		return
	}
	if required(service) {
		j.apiEffect(takes, v, service, "It disables "+shown+" on "+on+" (disable_on_destroy is true in the state).")
		return
	}
	if !v.get("disable_dependent_services").is() {
		return // Google refuses while a service of the mesh depends on it
	}
	if along, known := dependents[service]; known {
		j.apiEffect(takes, v, along, "It disables "+shown+" on "+on+" with disable_dependent_services, and "+along+
			" along with it, which depends on it.")
		return
	}
	if slices.Contains(foundations, strings.TrimSuffix(service, ".googleapis.com")) {
		j.add(effect{
			need: need{api, j.canon(v.get("project").text()), "dependents of " + service}, act: unclear, code: catalogue.ServiceDisabled,
			subject: "the APIs on " + on + " that depend on " + shown,
			reason: "It disables " + shown + " on " + on + " with disable_dependent_services, and every API that depends on it; whether one of " +
				"the " +
				"mesh's does is not in the plan.",
			instead: "Remove disable_dependent_services: Google then refuses where an API of the mesh depends on it. " + keepAPI,
		})
	}
}

// billing judges google_billing_project_info, whose destroy takes the billing account away.
func billing(j *judge, c *change, s step) {
	was, now := c.before.get("billing_account"), c.after.get("billing_account")
	if s == creates || s == deletes && c.kept() || was.text() == "" || s == updates && (now.isUnknown() || now.text() != "") {
		return
	}
	id := c.before.get("project")
	j.add(effect{
		need: need{project, j.canon(id.text()), "billing"}, act: takes, code: BillingGone, subject: id.show(),
		reason: "It takes the billing account from the project " + id.show() + ".", instead: "Keep billing_account. " + forget,
	})
}

// projectOf judges google_project.
func projectOf(j *judge, c *change, s step) {
	id := c.before.get("project_id")
	if s == creates {
		return
	}
	where := j.canon(id.text())
	if s == deletes {
		if c.kept() || c.before.get("skip_delete").is() {
			return
		}
		j.add(effect{
			need: need{project, where, ""}, act: takes, code: catalogue.ProjectDeleted, subject: id.show(),
			reason: "It deletes the project " + id.show() + ".",
			instead: "Set deletion_policy = \"PREVENT\" (or \"ABANDON\") and apply that first, or forget the resource with removed { lifecycle { " +
				"destroy = false } }.",
		})
		return
	}
	was, now := c.before.get("billing_account"), c.after.get("billing_account")
	if was.text() != "" && !now.isUnknown() && now.text() == "" {
		j.add(effect{
			need: need{project, where, "billing"}, act: takes, code: BillingGone, subject: id.show(),
			reason: "It takes the billing account from the project " + id.show() + ".", instead: "Keep billing_account.",
		})
	}
}
