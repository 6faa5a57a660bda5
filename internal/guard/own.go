package guard

import (
	"slices"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// keepsOnDestroy reports whether destroying a resource of this provider leaves the cloud as it is; ABANDON is its default.
func keepsOnDestroy(c *change) bool { return c.before.get("deletion_policy").text() != "DELETE" }

const abandon = "Set deletion_policy = \"ABANDON\" and apply that first, or forget the resource with removed { lifecycle { destroy = " +
	"false } }."

// ownBinding judges asm_service_agent_binding. Its create writes nothing where it sees the grant.
func ownBinding(j *judge, c *change, s step) {
	v := c.after
	if s == deletes {
		v = c.before
	}
	number := agentOf(v.get("member").text())
	if n := v.get("fleet_project_number").text(); number == "" && n != "" {
		number = n
	}
	if number == "" {
		number = anyAgent
	}
	switch {
	case number != anyAgent && !j.ours(number):
	case s != deletes:
		j.roleEffect(gives, number, v, v.get("member"), catalogue.BindingMissing, "")
	case !keepsOnDestroy(c):
		j.roleEffect(takes, number, v, v.get("member"), catalogue.BindingMissing, "With deletion_policy DELETE, it takes")
	}
}

// ownServices judges asm_project_services. Which APIs it enabled itself, and so disables again, is in its private state
// and not in the plan: all of them count.
func ownServices(j *judge, c *change, s step) {
	v := c.after
	if s == deletes {
		v = c.before
	}
	services := v.get("services").texts()
	if len(services) == 0 && !v.get("services").anyUnknown() {
		services = mesh.DefaultServices()
	}
	slices.Sort(services)
	for _, service := range services {
		if !required(service) {
			continue
		}
		if s != deletes {
			j.apiEffect(gives, v, service, "")
		} else if !keepsOnDestroy(c) {
			j.apiEffect(takes, v, service, "With deletion_policy DELETE, it disables those APIs on "+v.get("project").show()+" that it enabled "+
				"itself.")
		}
	}
}

// ownManagement judges asm_mesh_management.
func ownManagement(j *judge, c *change, s step) {
	v := c.before
	if s == creates {
		v = c.after
	}
	name := v.get("membership")
	if m, err := mesh.ParseMembership(name.text()); err == nil && j.foreign(m.Project) {
		return
	}
	if s == deletes {
		j.restores(c, managementNeed(name.text(), ""), catalogue.ManagementDiffers, name.show(), "management of the membership "+
			""+name.show())
		return
	}
	j.managed(c, s, v, managementNeed(name.text(), ""), func(v value) value { return v.get("management") })
}

// restores judges a destroy that restores what was before the resource: that is in its private state, not in the plan.
func (j *judge) restores(c *change, n need, code catalogue.Code, subject, what string) {
	if keepsOnDestroy(c) {
		return
	}
	j.add(effect{
		need: n, act: unclear, code: code, subject: subject,
		reason:  "With deletion_policy DELETE, it restores the " + what + " as it was before the resource; what that was is not in the plan.",
		instead: abandon,
	})
}

// ownInjection judges asm_namespace_injection.
func ownInjection(j *judge, c *change, s step) {
	v := c.before
	if s == creates {
		v = c.after
	}
	ns := v.get("namespace")
	n := need{injection, "", ns.text()}
	switch s {
	case deletes:
		j.restores(c, n, catalogue.InjectionLabel, ns.show(), "injection labels of the namespace "+ns.show())
	case creates:
		j.add(effect{need: n, act: gives, code: catalogue.InjectionLabel, subject: ns.show()})
	default:
		labels := func(v value) map[string]string {
			return map[string]string{mesh.LabelRevision: v.get("revision").text(), mesh.LabelInjection: v.get("istio_injection").text()}
		}
		unknown := c.after.get("revision").isUnknown() || c.after.get("istio_injection").isUnknown()
		secret := c.before.get("revision").sensitive() || c.after.get("revision").sensitive()
		j.labels(labels(c.before), labels(c.after), unknown, ns, secret)
	}
}

// ownDataPlane judges asm_managed_data_plane.
func ownDataPlane(j *judge, c *change, s step) {
	v := c.before
	if s == creates {
		v = c.after
	}
	on := v.get("namespace")
	if on.text() == "" {
		on = v.get("revision")
	}
	n := need{dataPlane, "", on.text()}
	was, now := c.before.get("managed"), c.after.get("managed")
	switch {
	case s == deletes:
		j.restores(c, n, catalogue.ProxyUnmanaged, on.show(), "annotation of "+on.show())
	case s == updates && was.is() && now.raw == false:
		j.add(effect{
			need: n, act: takes, code: catalogue.ProxyUnmanaged, subject: on.show(),
			reason: "It switches the managed data plane off for " + on.show() + ".", instead: "Keep managed = true.",
		})
	case s == updates && was.is() && now.isUnknown():
		j.add(effect{
			need: n, act: unclear, code: catalogue.ProxyUnmanaged, subject: on.show(),
			reason: "Whether the data plane of " + on.show() + " stays managed is known only after apply.", instead: "Keep managed = true.",
		})
	}
}

// ownPool judges asm_workload_pool.
func ownPool(j *judge, c *change, s step) {
	name := c.before.get("cluster")
	if s == deletes {
		where := name.text()
		if link, err := mesh.ParseCluster(where); err == nil {
			where = j.canon(link.Project) + "/" + link.Name
		}
		j.restores(c, need{pool, where, ""}, catalogue.PoolMissing, name.show(), "workload pool of "+name.show())
	}
}

// ownIdentity judges asm_membership_identity.
func ownIdentity(j *judge, c *change, s step) {
	name := c.before.get("membership")
	if s == deletes {
		j.restores(c, need{identity, "", lastPart(name.text())}, catalogue.IdentityMissing, name.show(), "identity provider of "+name.show())
	}
}
