package guard

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// agentMember is a mesh service agent as a member. IAM compares e-mail addresses without regard to case; a deleted
// agent is another member ("deleted:serviceAccount:…").
var agentMember = regexp.MustCompile(`^(?i:serviceAccount):(?i:service)-([0-9]+)@(?i:gcp-sa-servicemesh\.iam\.gserviceaccount\.com)$`)

// agentOf is the number of the fleet whose agent a member is, or "".
func agentOf(member string) string {
	if m := agentMember.FindStringSubmatch(strings.TrimSpace(member)); m != nil {
		return m[1]
	}
	return ""
}

// held is how agents hold the role: plainly (true), or under a condition only (false).
type held map[string]bool

func agentsIn(members []string) held {
	agents := held{}
	for _, m := range members {
		if number := agentOf(m); number != "" {
			agents[number] = true
		}
	}
	return agents
}

// policyBinding is a binding of a policy document.
type policyBinding struct {
	Role      string          `json:"role"`
	Members   []string        `json:"members"`
	Condition json.RawMessage `json:"condition,omitempty"`
}

type policyDocument struct {
	Bindings []policyBinding `json:"bindings"`
}

// onlyAgents is policy_data without the bindings of other roles and without other members. What is no policy stays as it
// is.
func onlyAgents(data string) string {
	var policy policyDocument
	if json.Unmarshal([]byte(data), &policy) != nil {
		return data
	}
	policy.Bindings = slices.DeleteFunc(policy.Bindings, func(b policyBinding) bool { return b.Role != mesh.AgentRole })
	for i := range policy.Bindings {
		policy.Bindings[i].Members = slices.DeleteFunc(policy.Bindings[i].Members, func(m string) bool { return agentOf(m) == "" })
	}
	raw, err := json.Marshal(policy)
	if err != nil {
		return data
	}
	return string(raw)
}

// policyAgents reads policy_data. One role may be in several bindings; it holds their union.
func policyAgents(data string) (held, error) {
	var policy policyDocument
	if err := json.Unmarshal([]byte(data), &policy); err != nil {
		return nil, err
	}
	agents := held{}
	for _, b := range policy.Bindings {
		if b.Role != mesh.AgentRole {
			continue
		}
		plain := len(b.Condition) == 0 || string(b.Condition) == "null"
		for number := range agentsIn(b.Members) {
			agents[number] = agents[number] || plain
		}
	}
	return agents, nil
}

// grants are the agents to which a resource of this type gives the role plainly, and where.
func grants(kind string, v value) (where string, agents held) {
	switch where = iamScope(v); strings.TrimPrefix(strings.TrimPrefix(kind, "google_"), "asm_") {
	case "project_iam_policy":
		agents, _ = policyAgents(v.get("policy_data").text())
	case "project_iam_binding":
		if v.get("role").text() == mesh.AgentRole && !conditional(v) {
			agents = agentsIn(v.get("members").texts())
		}
	case "project_iam_member", "service_agent_binding":
		if role := v.get("role").text(); (role == mesh.AgentRole || role == "" && v.get("granted").is()) && !conditional(v) {
			agents = agentsIn([]string{v.get("member").text()})
		}
	}
	return where, agents
}

// conditional reports whether a grant has a condition: it then owns the role under that condition only.
func conditional(v value) bool {
	c := v.get("condition")
	return len(c.items()) > 0 || c.anyUnknown()
}

// iamScope is the project, folder or organization that a resource is about.
func iamScope(v value) string {
	if p := v.get("project"); p.text() != "" {
		return p.text()
	}
	if f := v.get("folder").text(); f != "" {
		return "folders/" + lastPart(f)
	}
	if o := v.get("org_id").text(); o != "" {
		return "organizations/" + lastPart(o)
	}
	return ""
}

// shownScope is iamScope for a reader.
func shownScope(v value) string {
	for _, name := range []string{"project", "folder", "org_id"} {
		if a := v.get(name); a.text() != "" {
			return a.show()
		}
	}
	return "a project that is known after apply"
}

const keepGrant = "Keep the grant: list the agent there, or grant the role with asm_service_agent_binding (for a fleet: its " +
	"project's number names the agent, provider::asm::service_agent) and change nothing else that owns it. To hand the grant over, " +
	"forget it first: removed { lifecycle { destroy = false } }."

func (j *judge) roleEffect(a act, number string, on, from value, code catalogue.Code, reason string) {
	j.add(effect{
		need: agentNeed(j.canon(iamScope(on)), number), act: a, code: code, subject: mesh.AgentRole + " on " + shownScope(on),
		reason: reason + " " + mesh.AgentRole + " from " + agentName(number, from) + " on " + shownScope(on) + ".", instead: keepGrant,
	})
}

// authoritative judges an owner of all members: of the project (a policy) or of the role (a binding). was and now are
// the agents before and after; a nil map is not known.
func (j *judge) authoritative(c *change, s step, source string, read func(value) held) {
	from, to := c.before.get(source), c.after.get(source)
	var was, now held
	if s != creates {
		if was = read(c.before); was == nil {
			was = held{anyAgent: true} // it cannot be read
		}
	}
	if s == deletes {
		j.lost(was, held{}, c.before, from, "It takes")
		return
	}
	now = read(c.after)
	where := c.after
	if s == creates {
		if !j.projectOnly(where) {
			return // a folder's own policy is seldom what carries the grant, and the plan does not say
		}
		if j.born[j.canon(iamScope(where))] {
			return
		}
		was = j.expected(where, now)
	}
	switch {
	case now == nil:
		for number := range was {
			j.roleEffect(unclear, number, where, from, catalogue.BindingMissing, "Its members are known only after apply; it may take")
		}
		return
	case iamScope(where) == "":
		if len(agentsPlain(now)) == 0 {
			j.roleEffect(unclear, anyAgent, where, to, catalogue.BindingMissing, "Its project is known only after apply; it may take")
		}
		return
	}
	j.lost(was, now, where, to, "It is authoritative, and takes")
}

// projectOnly reports whether v is about a project.
func (j *judge) projectOnly(v value) bool {
	return v.get("folder").raw == nil && v.get("org_id").raw == nil && !v.get("folder").anyUnknown() && !v.get("org_id").anyUnknown()
}

// expected are the agents that must hold the role where an authoritative resource is created: what it replaces is not
// in the plan.
func (j *judge) expected(where value, now held) held {
	all := held{}
	for number := range j.holders[j.canon(iamScope(where))] {
		if j.ours(number) {
			all[number] = true
		}
	}
	for _, f := range j.fleets {
		if f.Number != "" {
			all[f.Number] = true
		}
	}
	if len(all) > 1 && len(j.fleets) > 1 {
		// The project belongs to one of the fleets.
		for number := range all {
			if now[number] {
				return held{number: true}
			}
		}
		return held{anyAgent: true}
	}
	if len(all) == 0 {
		for number, plain := range now {
			if plain {
				return held{number: true}
			}
		}
		all[anyAgent] = true
	}
	return all
}

// lost compares the agents before and after a step.
func (j *judge) lost(was, now held, where, from value, how string) {
	for _, number := range sorted(was) {
		if number != anyAgent && !j.ours(number) {
			continue
		}
		plain, still := now[number]
		if number == anyAgent && len(now) > 0 {
			plain, still = len(agentsPlain(now)) > 0, true
		}
		switch {
		case plain:
		case still && was[number]:
			j.roleEffect(takes, number, where, from, catalogue.BindingConditional, "It leaves the role only under a condition, and takes the "+
				"plain grant of")
		case still:
		case was[number]:
			j.roleEffect(takes, number, where, from, catalogue.BindingMissing, how)
		default:
			j.roleEffect(unclear, number, where, from, catalogue.BindingMissing, "It takes a grant that has a condition, and so may take")
		}
	}
	for _, number := range agentsPlain(now) {
		j.roleEffect(gives, number, where, from, catalogue.BindingMissing, "")
	}
}

func agentsPlain(h held) []string {
	var all []string
	for _, number := range sorted(h) {
		if h[number] {
			all = append(all, number)
		}
	}
	return all
}

func sorted(h held) []string {
	var all []string
	for number := range h {
		all = append(all, number)
	}
	slices.Sort(all)
	return all
}

// iamPolicy judges google_*_iam_policy. Destroying it sets an empty policy, also within a replacement.
func iamPolicy(j *judge, c *change, s step) {
	j.authoritative(c, s, "policy_data", func(v value) held {
		data := v.get("policy_data")
		if data.isUnknown() || data.text() == "" {
			return nil
		}
		agents, err := policyAgents(data.text())
		if err != nil {
			return nil
		}
		return agents
	})
}

// iamBinding judges google_*_iam_binding: it owns all members of one role, or of the role under its condition.
func iamBinding(j *judge, c *change, s step) {
	v := c.after
	if s == deletes {
		v = c.before
	}
	role := v.get("role")
	if conditional(v) || role.text() != mesh.AgentRole && !role.isUnknown() {
		return
	}
	if role.isUnknown() {
		if s == creates && len(agentsIn(v.get("members").texts())) == 0 && j.projectOnly(v) {
			j.roleEffect(unclear, anyAgent, v, v.get("members"), catalogue.BindingMissing, "Its role is known only after apply; it may take")
		}
		return
	}
	j.authoritative(c, s, "members", func(v value) held {
		if v.get("members").anyUnknown() {
			return nil // a set that is unknown in part is unknown as a whole
		}
		return agentsIn(v.get("members").texts())
	})
}

// iamMember judges google_*_iam_member: one member of one role.
func iamMember(j *judge, c *change, s step) {
	v := c.after
	if s == deletes {
		v = c.before
	}
	number := agentOf(v.get("member").text())
	if number == "" || !j.ours(number) || v.get("role").text() != mesh.AgentRole || conditional(v) {
		return
	}
	if s == deletes {
		j.roleEffect(takes, number, v, v.get("member"), catalogue.BindingMissing, "It takes")
		return
	}
	j.roleEffect(gives, number, v, v.get("member"), catalogue.BindingMissing, "")
}

// iamMemberRemove judges google_project_iam_member_remove, which takes away on create. Its destroy does nothing.
func iamMemberRemove(j *judge, c *change, s step) {
	if s == deletes {
		return
	}
	role, member := c.after.get("role"), c.after.get("member")
	number := agentOf(member.text())
	mayBe := (role.text() == mesh.AgentRole || role.isUnknown()) && (number != "" || member.isUnknown())
	switch {
	case !mayBe, j.born[j.canon(iamScope(c.after))], number != "" && !j.ours(number):
	case role.isUnknown() || member.isUnknown():
		j.roleEffect(unclear, anyAgent, c.after, member, catalogue.BindingMissing, "It removes a grant that is known only after apply; it may "+
			"take")
	case c.after.get("project").isUnknown():
		j.roleEffect(unclear, number, c.after, member, catalogue.BindingMissing, "Its project is known only after apply; it may take")
	default:
		j.roleEffect(takes, number, c.after, member, catalogue.BindingMissing, "Creating it takes")
	}
}
