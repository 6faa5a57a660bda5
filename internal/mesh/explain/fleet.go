package explain

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/text"
)

// The keys of GKE Hub's answers about the mesh, by which such an answer, or an excerpt of one, is recognised.
const (
	keyControlPlane = "controlPlaneManagement"
	keyDataPlane    = "dataPlaneManagement"
	keyStates       = "membershipStates"
	keySpecs        = "membershipSpecs"
)

func isFleet(m map[string]any) bool {
	for _, key := range []string{keyControlPlane, keyDataPlane, keyStates} {
		if _, found := m[key]; found {
			return true
		}
	}
	_, description := m["description"].(string)
	_, code := m["code"].(string)
	if state, isState := m["state"].(map[string]any); isState && len(m) <= 3 { // an excerpt: "state: code: … description: …"
		_, code = state["code"].(string)
		_, description = state["description"].(string)
	}
	if code && description {
		return true
	}
	for _, c := range listAt(m, "conditions") {
		if severity := stringAt(c, "severity"); severity != "" && stringAt(c, "code") != "" {
			return true
		}
	}
	return false
}

// member is what an answer says about one membership, or about the fleet where subject is "".
type member struct {
	subject    string
	project    string // of the feature's name
	management string // from its spec; "" where the text does not have it
	specs      map[string]any
	ofMesh     bool // the structure around this part is that of the mesh feature
}

// fleet reads an answer of GKE Hub about the mesh, in its v1 and v2 form: "gcloud container fleet mesh describe",
// "fleet features describe", or an excerpt of one.
func (e *explainer) fleet(tree any, in member) {
	switch v := tree.(type) {
	case []any:
		for _, item := range v {
			e.fleet(item, in)
		}
	case map[string]any:
		if otherFeature(v) {
			return
		}
		_, feature := v["servicemesh"]
		if name, _ := v["name"].(string); strings.HasSuffix(name, "/features/servicemesh") {
			feature, in.project = true, strings.Split(name, "/")[1]
		}
		in.ofMesh = in.ofMesh || feature || v[keyControlPlane] != nil || v[keyDataPlane] != nil
		if name, _ := v["name"].(string); strings.Contains(name, "/memberships/") {
			in.subject = strings.TrimSuffix(name, "/features/servicemesh")
			in.ofMesh = in.ofMesh || in.subject != name
			in.management = stringAt(v, "spec", "mesh", "management") + stringAt(v, "spec", "servicemesh", "management")
		}
		if specs, found := v[keySpecs].(map[string]any); found {
			in.specs = specs
		}
		e.about(in.subject)
		if in.subject == "" && in.project != "" {
			e.named["project"] = in.project
		}
		e.featureState(v, in)
		e.planes(v, in)
		e.conditionList(listAt(v, "conditions"), in)
		e.memberState(v, in)
		e.spec(v, in)
		for _, key := range slices.Sorted(maps.Keys(v)) {
			switch key {
			case keyStates:
				states, _ := v[key].(map[string]any)
				for _, name := range slices.Sorted(maps.Keys(states)) {
					_, err := mesh.ParseMembership(name)
					one := member{subject: name, specs: in.specs, ofMesh: err == nil}
					one.management = stringAt(specOf(in.specs, name), "mesh", "management")
					e.fleet(states[name], one)
				}
			case keySpecs, "fleetDefaultMemberConfig", "labels", keyControlPlane, keyDataPlane, "conditions":
			case "membershipStatesUnreachable", "unreachable":
			default:
				e.fleet(v[key], in)
			}
		}
	}
}

// otherFeature reports whether a map is of another feature of the fleet, all of which report in one form.
func otherFeature(m map[string]any) bool {
	name, _ := m["name"].(string)
	if i := strings.Index(name, "/features/"); i >= 0 && !strings.HasPrefix(name[i:], "/features/servicemesh") {
		return true
	}
	for _, key := range []string{"configmanagement", "policycontroller", "identityservice", "multiclusteringress", "clusterupgrade",
		"fleetobservability", "rbacrolebindingactuation", "workloadcertificate", "appdevexperience"} {
		if _, found := m[key]; found {
			return true
		}
	}
	return false
}

// specOf is the spec of the membership that a state belongs to. Both maps have names with the project's number as keys.
func specOf(specs map[string]any, name string) any {
	if spec, found := specs[name]; found {
		return spec
	}
	want, err := mesh.ParseMembership(name)
	for _, key := range slices.Sorted(maps.Keys(specs)) {
		if m, parsed := mesh.ParseMembership(key); parsed == nil && err == nil && m.Name == want.Name && m.Location == want.Location {
			return specs[key]
		}
	}
	return nil
}

// featureState reads the state of the feature itself.
func (e *explainer) featureState(m map[string]any, in member) {
	resource, reported := m["resourceState"].(map[string]any)
	if !reported || in.subject != "" {
		return
	}
	switch state := stringAt(resource, "state"); state {
	case mesh.StateActive:
	case "ENABLING", "UPDATING", "SERVICE_UPDATING", "DISABLING":
		x := e.claim(catalogue.FeatureNotReady, "", "resourceState.state: "+state)
		x.Severity = catalogue.Warning
	default:
		e.unlisted("resourceState.state", state)
	}
}

// planes reads the states of both planes.
func (e *explainer) planes(m map[string]any, in member) {
	control, hasControl := m[keyControlPlane]
	data, hasData := m[keyDataPlane]
	if !hasControl && !hasData {
		return
	}
	state := stringAt(control, "state")
	if in.management != mesh.ManagementAutomatic && unmanaged(control, hasControl) && unmanaged(data, hasData) {
		e.unmanagedMember(m, in.management)
		return
	}
	if hasControl {
		e.plane(catalogue.ControlPlaneState, keyControlPlane, control)
	}
	if hasData && (stringAt(data, "state") != "" || state == mesh.StateActive || !hasControl) {
		e.plane(catalogue.DataPlaneState, keyDataPlane, data)
	}
	implementation := stringAt(control, "implementation")
	switch implementation {
	case "", mesh.ImplementationTrafficDirector, "IMPLEMENTATION_UNSPECIFIED":
	case mesh.ImplementationIstiod:
		e.claim(catalogue.ImplementationLegacy, implementation, "implementation: "+implementation)
	case mesh.ImplementationUpdating:
		e.claim(catalogue.ImplementationMoving, "", "implementation: "+implementation)
	default:
		e.unlisted(keyControlPlane+".implementation", implementation)
	}
}

// unmanaged reports whether a plane says that it is not enabled.
func unmanaged(plane any, present bool) bool {
	return !present || stringAt(plane, "state") == mesh.StateDisabled
}

// unmanagedMember explains a membership both planes of which are DISABLED: as published, that is what the fleet reports
// about a cluster that was never put under mesh management.
func (e *explainer) unmanagedMember(m map[string]any, management string) {
	said := ""
	for _, plane := range []string{keyControlPlane, keyDataPlane} {
		for _, d := range listAt(m, plane, "details") {
			said += " " + stringAt(d, "details")
		}
	}
	x := e.claim(catalogue.NotManaged, management, strings.TrimSpace("both planes are DISABLED."+said))
	if x.Variables == nil {
		return
	}
	x.Means = "The cluster is a member of the fleet, and managed mesh was never turned on for it: the fleet reports both planes as " +
		"DISABLED. " +
		"That is no failure of the mesh."
	x.command = enableMember
}

// wellCodes are codes in the details of a plane that is ACTIVE.
var wellCodes = []string{"", catalogue.CodeOK, catalogue.CodeRevisionReady, mesh.StateActive}

func (e *explainer) plane(code catalogue.Code, key string, plane any) {
	state := stringAt(plane, "state")
	evidence := key + ".state: " + state
	var passages []string
	for _, d := range listAt(plane, "details") {
		name, says := stringAt(d, "code"), stringAt(d, "details")
		evidence += strings.TrimRight(" ("+name+": "+says, ": ") + ")"
		passages = append(passages, says)
		if state == mesh.StateActive && !slices.Contains(wellCodes, name) {
			e.unlisted(key+".details[].code of a plane that is ACTIVE", name)
		}
	}
	if _, known := catalogue.DescribeState(state); !known {
		e.unlisted(key+".state", state)
	} else {
		e.state(code, state, evidence, 0)
	}
	e.leaves(passages)
}

func (e *explainer) conditionList(list []any, in member) {
	var passages []string
	for _, c := range list {
		code, severity, details := stringAt(c, "code"), stringAt(c, "severity"), stringAt(c, "details")
		if code == "" || severity == "" && details == "" {
			continue // a condition of something else
		}
		info, known := catalogue.DescribeCondition(code)
		evidence := strings.TrimSuffix("condition "+code+" (severity "+severity+"): "+details, ": ")
		if !known && !in.ofMesh {
			continue // other APIs report conditions of this form, too
		}
		if !known {
			x := e.claim(catalogue.ConditionReported, code, evidence)
			if x.Variables != nil {
				x.Title, x.Established = "Condition "+code+", which is not known here", false
				x.Means = strings.TrimSpace("The mesh reports a condition that this version does not know. " + details)
				x.setSeverity(severity)
			}
			continue
		}
		x := e.conditionFound(info, evidence, 0)
		x.setSeverity(severity)
		if link := stringAt(c, "documentationLink"); link != "" && x.Variables != nil {
			x.DocURL = link
		}
		passages = append(passages, details)
	}
	e.leaves(passages)
}

// setSeverity takes over the API's own severity. One that is not known is no reason to say that nothing is wrong.
func (x *Explanation) setSeverity(severity string) {
	switch severity {
	case "ERROR", "WARNING", "INFO":
		x.Severity = catalogue.Severity(strings.ToLower(severity))
	default:
		x.Severity = catalogue.Warning
	}
}

// memberState reads the code and description that a membership, or the feature, has beside its planes.
func (e *explainer) memberState(m map[string]any, in member) {
	state, _ := m["state"].(map[string]any)
	if state == nil {
		state = m
	}
	code, hasCode := state["code"].(string)
	description := stringAt(state, "description")
	if !hasCode && description == "" {
		return
	}
	kind, field := catalogue.MembershipState, "state.code"
	if in.subject == "" && in.specs != nil {
		kind, field = catalogue.FeatureNotReady, "state.state.code"
	}
	if text.IsRevisionsUnhealthy(description) {
		kind = catalogue.RevisionsUnhealthy
	}
	evidence := strings.Trim(field+": "+code+", "+description, ", ")
	if !in.ofMesh && !isAboutMesh(description) {
		return // the other features of a fleet report in the same form
	}
	switch code {
	case "OK", "", "CODE_UNSPECIFIED":
		e.leaves([]string{description})
	case "ERROR", "WARNING":
		before := len(e.found)
		e.leaves([]string{description})
		if !slices.ContainsFunc(e.found[before:], func(x Explanation) bool { return x.Severity != catalogue.Info }) || code == "ERROR" {
			x := e.claim(kind, "", evidence)
			x.setSeverity(code)
			x.adds(description)
		}
	default:
		if hasCode && isState(code) {
			e.unlisted(field, code)
		}
	}
}

// isState reports whether a word has the form of a value of an enum.
func isState(word string) bool { return word != "" && word == strings.ToUpper(word) }

// spec reads what was asked for.
func (e *explainer) spec(m map[string]any, in member) {
	for _, name := range slices.Sorted(maps.Keys(in.specs)) {
		spec, here := m[keySpecs].(map[string]any)
		if !here {
			return
		}
		e.about(name)
		if origin := stringAt(spec[name], "origin", "type"); origin == "FLEET_OUT_OF_SYNC" {
			e.claim(catalogue.MembershipOutOfSync, "", "origin.type: "+origin)
		}
		switch management := stringAt(spec[name], "mesh", "management"); management {
		case mesh.ManagementManual, mesh.ManagementNotInstalled:
			e.claim(catalogue.NotManaged, management, "management: "+management)
		}
	}
	e.about(in.subject)
}

// unlisted explains a value that is missing or is in no list.
func (e *explainer) unlisted(field, value string) {
	evidence := field + " is not reported"
	if value != "" {
		evidence = fmt.Sprintf("%s is %q, which this version does not know", field, value)
	}
	x := e.claim(catalogue.UnlistedValue, field, evidence)
	if x.Variables != nil {
		x.Means = "The text does not say whether this part works: " + evidence + "."
	}
}
