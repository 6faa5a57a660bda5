package planreport

import (
	"regexp"
	"slices"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// dataSources joins what this provider's data sources found. prior_state has them
// as the plan read them, those that are nested in checks included.
func (j *join) dataSources(plan *tfjson.Plan) {
	if plan.PriorState != nil && plan.PriorState.Values != nil {
		j.module(plan.PriorState.Values.RootModule)
	}
	if plan.PlannedValues != nil {
		j.module(plan.PlannedValues.RootModule)
	}
	for _, rc := range plan.ResourceChanges {
		if rc == nil || rc.Change == nil || rc.Mode != tfjson.DataResourceMode || !ours(rc.Type) || j.has(rc.Address) {
			continue
		}
		f := catalogue.NewFinding(catalogue.Unreadable, rc.Address, rc.Address+" is read during apply, so the plan does not have what it finds")
		f.Verdict, f.Remediation = mesh.Unknown, "Apply, then plan again: the data source waits for a change that is planned."
		j.subject(rc.Address, diagnosis.TypeResource, mesh.Unknown, "unknown: it is read during apply")
		j.add(rc.Address, f)
	}
}

func (j *join) module(m *tfjson.StateModule) {
	if m == nil {
		return
	}
	for _, r := range m.Resources {
		if r != nil && r.Mode == tfjson.DataResourceMode && ours(r.Type) && !j.has(r.Address) {
			j.dataSource(r.Address, scrubbed(r.AttributeValues, r.SensitiveValues))
		}
	}
	for _, child := range m.ChildModules {
		j.module(child)
	}
}

// statuses are the verdicts that stand for those of asm_prerequisites.
var statuses = map[string]mesh.Verdict{"met": mesh.Healthy, "unmet": mesh.Unhealthy, "unknown": mesh.Unknown}

func (j *join) dataSource(address string, v values) {
	verdict, known := known(v.text("verdict"))
	if !known {
		if verdict, known = statuses[v.text("status")]; !known {
			if v.raw["findings"] == nil && v.raw["prerequisites"] == nil {
				return // not read yet; dataSources notes it where that matters
			}
			verdict = mesh.Unknown
		}
	}
	j.subject(address, diagnosis.TypeResource, verdict, v.text("summary"))
	j.alias(v)
	owners := map[string]mesh.Verdict{} // of memberships, by name
	for _, m := range objectsOf(v.raw["memberships"]) {
		owners[m.text("name")], _ = knownVerdict(m)
	}
	list := objectsOf(v.raw["findings"])
	for _, p := range objectsOf(v.raw["prerequisites"]) {
		list = append(list, objectsOf(p.raw["findings"])...)
	}
	wrong := false
	for _, one := range list {
		of := verdict
		if owner, found := owners[one.text("subject")]; found {
			of = owner
		}
		f := j.finding(one, of)
		wrong = wrong || f.Severity != catalogue.Info
		seen := j.saw(address, one, f)
		switch seen.Code {
		case catalogue.BindingMissing, catalogue.BindingConditional, catalogue.BindingDeleted: // a grant is to the agent of one fleet
			seen.reach = append(seen.reach, v.text("fleet_project"))
		}
	}
	if bad := verdict == mesh.Unhealthy || verdict == mesh.Unknown || verdict == mesh.Degraded; bad && !wrong {
		// Findings that this version cannot read must not make it look well.
		f := catalogue.NewFinding(catalogue.MembershipState, address, v.text("summary"))
		if verdict == mesh.Unknown {
			f = catalogue.NewFinding(catalogue.Unreadable, address, v.text("summary"))
		}
		f.Verdict = verdict
		j.add(address, f)
	}
}

func knownVerdict(v values) (mesh.Verdict, bool) { return known(v.text("verdict")) }

func known(verdict string) (mesh.Verdict, bool) {
	v := mesh.Verdict(verdict)
	return v, slices.Contains([]mesh.Verdict{mesh.Healthy, mesh.Provisioning, mesh.Degraded, mesh.Unknown, mesh.Unhealthy}, v)
}

var kebab = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// undecided are the codes whose warnings say that something is not known.
var undecided = []catalogue.Code{
	catalogue.Unreadable, catalogue.NotConfigured, catalogue.UnlistedValue, catalogue.MembershipNotReported, catalogue.CheckUndecided,
}

// finding is a finding of a data source, as provider/finding.go writes it. of is
// the verdict of what it is about, which says more than the severity of a warning.
// An earlier version wrote no detail: such a condition or stop follows from nothing.
func (j *join) finding(v values, of mesh.Verdict) catalogue.Finding {
	f := catalogue.NewFinding(catalogue.Code(v.text("code")), v.text("subject"), v.text("message"))
	if !kebab.MatchString(string(f.Code)) {
		f = catalogue.NewFinding(catalogue.Unreadable, f.Subject, f.Message)
	}
	severities := []catalogue.Severity{catalogue.Error, catalogue.Warning, catalogue.Info}
	if s := catalogue.Severity(v.text("severity")); slices.Contains(severities, s) {
		f.Severity = s
	}
	if text := v.text("remediation"); text != "" {
		f.Remediation = text
	}
	f.FixedBy, f.DocURL, f.Detail = v.text("fixed_by"), v.text("doc_url"), v.text("detail")
	switch f.Severity {
	case catalogue.Error:
		f.Verdict = mesh.Unhealthy
	case catalogue.Info:
		f.Verdict = mesh.Healthy
	default:
		f.Verdict = mesh.Degraded
		switch waiting, _ := v.flag("waiting"); {
		case slices.Contains(undecided, f.Code):
			f.Verdict = mesh.Unknown
		case waiting, of == mesh.Provisioning, f.Detail == mesh.StateProvisioning:
			f.Verdict = mesh.Provisioning
		}
	}
	return f
}
