package guard

import (
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// What shuts the mesh's APIs or its agent out, although every grant and every API is in place.

const serviceUsage = "gcp.restrictServiceUsage"

// barred is what a policy does to the mesh's APIs: refused certainly, or perhaps.
type barred struct{ certain, perhaps []string }

func (b barred) all() []string { return append(slices.Clone(b.certain), b.perhaps...) }

// bar adds the APIs that one rule refuses. Which of the mesh's APIs the constraint covers, Google lists and changes; that
// it covers GKE is documented. So an API that an allow list leaves out is refused certainly only where it is GKE's.
func (b *barred) bar(allowed, denied []string, none, conditional bool) {
	for _, service := range mesh.DefaultServices() {
		named := func(list []string) bool {
			return slices.Contains(list, service) || slices.Contains(list, "is:"+service)
		}
		switch certain := none || named(denied) || service == "container.googleapis.com"; {
		case !none && !named(denied) && (len(allowed) == 0 || named(allowed)):
		case certain && !conditional:
			b.certain = append(b.certain, service)
		default:
			b.perhaps = append(b.perhaps, service)
		}
	}
}

// orgPolicy judges google_org_policy_policy.
func orgPolicy(j *judge, c *change, s step) {
	of := func(v value) (b barred) {
		if lastPart(v.get("name").text()) != serviceUsage {
			return b
		}
		for _, rule := range v.at("spec", "rules").items() {
			values := rule.get("values").first()
			b.bar(values.get("allowed_values").texts(), values.get("denied_values").texts(), rule.get("deny_all").text() == "TRUE",
				len(rule.get("condition").items()) > 0)
		}
		return b
	}
	if lastPart(c.after.get("name").text()) == serviceUsage {
		j.barred(c, s, of, c.after.get("spec"), c.after.get("parent"))
	}
}

// listPolicy judges google_project_organization_policy and its like for folders and organizations.
func listPolicy(j *judge, c *change, s step) {
	of := func(v value) (b barred) {
		b.bar(v.at("list_policy", "allow", "values").texts(), v.at("list_policy", "deny", "values").texts(),
			v.at("list_policy", "deny", "all").is(), false)
		return b
	}
	if strings.TrimPrefix(c.after.get("constraint").text(), "constraints/") != serviceUsage {
		return
	}
	where := c.after.get("project")
	if where.text() == "" {
		where = value{raw: iamScope(c.after)}
	}
	j.barred(c, s, of, c.after.get("list_policy"), where)
}

func (j *judge) barred(c *change, s step, of func(value) barred, rules, where value) {
	if s == deletes {
		return
	}
	var before barred
	if c.before.raw != nil {
		before = of(c.before)
	}
	after := of(c.after)
	fresh := func(list []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(service string) bool { return slices.Contains(before.all(), service) })
	}
	certain, perhaps := fresh(after.certain), fresh(after.perhaps)
	e := effect{
		need: need{reach, where.text(), "apis"}, act: takes, code: AccessDenied, subject: where.showOr("a project"),
		reason:  "The organization policy " + serviceUsage + " on " + where.showOr("a project") + " refuses " + strings.Join(certain, ", ") + ".",
		instead: "Allow the APIs of the mesh there: " + strings.Join(mesh.DefaultServices(), ", ") + ".",
	}
	switch {
	case rules.anyUnknown():
		e.act, e.reason = unclear, "What the organization policy "+serviceUsage+" refuses is known only after apply."
	case len(certain) > 0:
	case len(perhaps) > 0:
		e.act = unclear
		e.reason = "The organization policy " + serviceUsage + " on " + where.showOr("a project") + " may refuse " + strings.Join(perhaps, ", "+
			"") + "."
	default:
		return
	}
	j.add(e)
}

// agentServices are the APIs whose permissions the agent's role has.
var agentServices = []string{
	"container", "gkehub", "meshconfig", "mesh", "networkservices", "networksecurity", "trafficdirector", "compute", "connectgateway",
}

// denyPolicy judges google_iam_deny_policy.
func denyPolicy(j *judge, c *change, s step) {
	if s == deletes {
		return
	}
	was := map[string]bool{}
	for _, r := range c.before.get("rules").items() {
		for number := range j.denied(r) {
			was[number] = true
		}
	}
	where := c.after.get("parent")
	e := effect{
		need: need{reach, where.text(), "agent"}, code: AccessDenied, subject: strings.ReplaceAll(where.showOr("a project"), "%2F", "/"),
		instead: "Name the mesh service agent in exception_principals (principal://iam.googleapis.com/projects/-/serviceAccounts/" +
			"service-NUMBER@gcp-sa-servicemesh.iam.gserviceaccount.com).",
	}
	if c.after.get("rules").anyUnknown() {
		e.act, e.reason = unclear, "Whom the deny policy refuses is known only after apply."
		j.add(e)
		return
	}
	for _, r := range c.after.get("rules").items() {
		for number, certain := range j.denied(r) {
			if was[number] {
				continue
			}
			one := e
			one.act, one.reason = unclear, "The deny policy refuses permissions to principals among which the mesh service agent may be."
			if certain {
				one.act, one.reason = takes, "The deny policy refuses permissions of its role to "+agentName(number, c.after.get("rules"))+"."
			}
			j.add(one)
		}
	}
}

// denied are the agents that a rule refuses something that they need: certainly, or perhaps.
func (j *judge) denied(rule value) held {
	r := rule.get("deny_rule").first()
	needed := slices.ContainsFunc(r.get("denied_permissions").texts(), func(p string) bool {
		service, _, _ := strings.Cut(p, ".googleapis.com/")
		return slices.Contains(agentServices, service)
	})
	agents := held{}
	if !needed {
		return agents
	}
	excepted := map[string]bool{}
	for _, p := range r.get("exception_principals").texts() {
		excepted[agentOf("serviceAccount:"+lastPart(p))] = true
	}
	plain := len(r.get("denial_condition").items()) == 0
	for _, p := range r.get("denied_principals").texts() {
		number := agentOf("serviceAccount:" + lastPart(p))
		switch {
		case number != "" && j.ours(number) && !excepted[number]:
			agents[number] = plain
		case strings.HasSuffix(p, "principalSet://goog/public:all") && len(excepted) == 0:
			agents[anyAgent] = false
		}
	}
	return agents
}

// perimeter judges google_access_context_manager_service_perimeter. Managed mesh works within a perimeter that is made
// for it, which a plan does not show.
func perimeter(j *judge, c *change, s step) {
	if s == deletes {
		return
	}
	needed := func(v value) []string {
		return slices.DeleteFunc(v.at("status", "restricted_services").texts(), func(service string) bool { return !required(service) })
	}
	now, projects := needed(c.after), c.after.at("status", "resources").texts()
	added := func(now, was []string) bool {
		return slices.ContainsFunc(now, func(one string) bool { return !slices.Contains(was, one) })
	}
	grows := added(now, needed(c.before)) || added(projects, c.before.at("status", "resources").texts())
	if unknown := c.after.get("status").anyUnknown(); unknown || len(now) > 0 && len(projects) > 0 && grows {
		j.add(effect{
			need: need{reach, "", "perimeter"}, act: unclear, code: AccessDenied, subject: c.after.get("name").showOr("a perimeter"),
			reason: "The service perimeter encloses projects and APIs of the mesh (" + strings.Join(now, ", ") + "); whether the control plane " +
				"and " +
				"the agent are let in is not in the plan.",
			instead: "Try the perimeter with use_explicit_dry_run_spec first, and follow Google's guide on VPC Service Controls for managed mesh.",
		})
	}
}

// perimeterResource judges google_access_context_manager_service_perimeter_resource.
func perimeterResource(j *judge, c *change, s step) {
	if s == deletes {
		return
	}
	project := c.after.get("resource")
	j.add(effect{
		need: need{reach, j.canon(project.text()), "perimeter"}, act: unclear, code: AccessDenied, subject: project.showOr("a project"),
		reason: "It puts " + project.showOr("a project") + " into a service perimeter; which APIs that restricts is not in the plan.",
		instead: "See that the perimeter lets the mesh's APIs and its service agent in (Google's guide on VPC Service Controls for managed " +
			"mesh).",
	})
}

// firewall judges google_compute_firewall: a rule of the mesh that goes, or one that refuses what leaves the nodes.
func firewall(j *judge, c *change, s step) {
	name := c.before.get("name")
	if s == creates {
		name = c.after.get("name")
	}
	open := func(v value) bool {
		return v.raw != nil && !v.get("disabled").is() && len(v.get("allow").items()) > 0 && meshRule(v.get("name").text())
	}
	shut := func(v value) bool {
		everywhere := len(v.get("destination_ranges").texts()) == 0 || slices.Contains(v.get("destination_ranges").texts(), "0.0.0.0/0")
		refuses := slices.ContainsFunc(v.get("deny").items(), func(d value) bool {
			protocol, ports := d.get("protocol").text(), d.get("ports").texts()
			return protocol == "all" || protocol == "tcp" && (len(ports) == 0 || slices.Contains(ports, "443"))
		})
		return v.raw != nil && v.get("direction").text() == "EGRESS" && !v.get("disabled").is() && everywhere && refuses
	}
	e := effect{need: need{reach, "", "firewall"}, act: unclear, code: NetworkCut, subject: name.showOr("a firewall rule")}
	switch {
	case s == deletes && !c.kept() && open(c.before), s == updates && open(c.before) && !open(c.after):
		e.reason = "The firewall rule " + e.subject + " lets something of a mesh through, by its name, and is removed or switched off."
		e.instead = "Keep the rule while clusters of the mesh use the network; pods of one cluster reach those of another only through such a " +
			"rule."
	case s != deletes && shut(c.after) && !shut(c.before):
		e.reason = "The firewall rule " + e.subject + " refuses what leaves the nodes; the proxies reach the control plane and its " +
			"certificates on " +
			"port 443 of Google's APIs."
		e.instead = "Allow egress to Google's APIs (199.36.153.8/30 or the public ranges) on port 443 with a higher priority, in the same " +
			"plan or before."
	default:
		return
	}
	j.add(e)
}

// meshRule reports whether a firewall rule is one of a mesh by its name, as Google's guides call them.
func meshRule(name string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '_' }), func(word string) bool {
		return word == "istio" || word == "mesh" || word == "asm" || word == "istiod"
	})
}

// helm judges helm_release. What a chart contains is not in a plan: only Istio's own charts are known.
func helm(j *judge, c *change, s step) {
	v := c.before
	if s == creates {
		v = c.after
	}
	chart := strings.TrimSuffix(lastPart(v.get("chart").text()), ".tgz")
	istio := strings.Contains(v.get("repository").text(), "istio") || strings.Contains(v.get("chart").text(), "istio") ||
		v.get("namespace").text() == mesh.SystemNamespace
	name := v.get("name").showOr("a release")
	e := effect{need: need{definitions, "", "helm " + v.get("name").text()}, act: unclear, subject: name}
	switch {
	case !istio:
		return
	case s == deletes && (chart == "base" || chart == "istio-base"):
		e.code, e.reason = DefinitionsGone, "It uninstalls the chart "+chart+", which has Istio's custom resource definitions."
		e.instead = "Forget the release: removed { lifecycle { destroy = false } }."
	case s == creates && (chart == "istiod" || chart == "istio-discovery" || chart == "istio"):
		e.code, e.reason = ControlPlaneMore, "It installs a control plane in the cluster ("+chart+"), whose webhooks may inject instead of "+
			"Google's."
		e.instead = "Install it under a revision of its own (revision = …, defaultRevision unset), or leave the control plane to Google."
	default:
		return
	}
	j.add(e)
}
