package report_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

var began = time.Date(2026, 11, 22, 13, 37, 0, 0, time.UTC)

// render writes r in a format, and fails the test when that fails.
func render(t testing.TB, format report.Format, r *diagnosis.Report, o report.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Write(&b, format, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func empty() *diagnosis.Report {
	return &diagnosis.Report{Schema: diagnosis.SchemaVersion, Tool: "terraform-provider-asm 0.5.0", Started: began,
		Finished: began.Add(3 * time.Second), Verdict: mesh.Healthy, Summary: "healthy: 2 membership(s): 2 healthy"}
}

func checks(statuses map[mesh.Kind]diagnosis.Status) []diagnosis.Check {
	var list []diagnosis.Check
	for _, k := range []mesh.Kind{mesh.APIs, mesh.ServiceAgentGrant, mesh.ClusterPool, mesh.MembershipIdentity, mesh.MeshManagement,
		mesh.ControlPlane, mesh.DataPlane} {
		status, set := statuses[k]
		if !set {
			status = diagnosis.Met
		}
		list = append(list, diagnosis.Check{Kind: k, Status: status})
	}
	return list
}

func healthy() *diagnosis.Report {
	r := empty()
	r.Scope = []string{"projects/shop-fleet"}
	r.Subjects = []diagnosis.Subject{
		{Name: "projects/shop-fleet", Type: diagnosis.TypeFleet, Verdict: mesh.Healthy, Summary: "healthy: 2 membership(s): 2 healthy"},
		{Name: member("shop-fleet", "europe-west1", "cart"), Type: diagnosis.TypeMembership, Parent: "projects/shop-fleet",
			Verdict: mesh.Healthy, Summary: "healthy", Checks: checks(nil)},
		{Name: member("shop-fleet", "us-east1", "search"), Type: diagnosis.TypeMembership, Parent: "projects/shop-fleet",
			Verdict: mesh.Healthy, Summary: "healthy", Checks: checks(nil), Facts: map[string]string{diagnosis.FactControlPlane: "ACTIVE"}},
	}
	return r
}

func member(project, location, name string) string {
	return "projects/" + project + "/locations/" + location + "/memberships/" + name
}

// broken has one of everything: a root with two consequences, a root that is
// corrected, one that cannot be read, a note, a suppression, something resolved.
func broken() *diagnosis.Report {
	r := healthy()
	cart, search := r.Subjects[1].Name, r.Subjects[2].Name
	r.Verdict, r.Summary = mesh.Unhealthy, "unhealthy: 3 membership(s): 1 unhealthy, 1 unknown, 1 provisioning; the service agent's role was "+
		"taken away"
	r.Subjects[0].Verdict = mesh.Unhealthy
	r.Subjects = append(r.Subjects[:1:1],
		diagnosis.Subject{Name: "projects/net-host", Type: diagnosis.TypeProject, Verdict: mesh.Unhealthy, Summary: "unhealthy",
			Checks: []diagnosis.Check{{Kind: mesh.APIs, Status: diagnosis.Met}, {Kind: mesh.ServiceAgentGrant, Status: diagnosis.Unmet}}},
		diagnosis.Subject{Name: cart, Type: diagnosis.TypeMembership, Parent: "projects/shop-fleet", Verdict: mesh.Unhealthy,
			Summary: "unhealthy: Revision(s) reporting unhealthy",
			Checks:  checks(map[mesh.Kind]diagnosis.Status{mesh.ControlPlane: diagnosis.Blocked, mesh.DataPlane: diagnosis.Blocked})},
		diagnosis.Subject{Name: search, Type: diagnosis.TypeMembership, Parent: "projects/shop-fleet", Verdict: mesh.Provisioning,
			Summary: "provisioning", Checks: checks(map[mesh.Kind]diagnosis.Status{mesh.ControlPlane: diagnosis.Unmet})},
		diagnosis.Subject{Name: member("shop-fleet", "us-east1", "wish"), Type: diagnosis.TypeMembership, Parent: "projects/shop-fleet",
			Verdict: mesh.Unknown, Summary: "cannot tell: gkehub.features.get is missing on projects/shop-fleet",
			Checks: checks(map[mesh.Kind]diagnosis.Status{mesh.ControlPlane: diagnosis.Unknown, mesh.DataPlane: diagnosis.Unknown})},
	)
	r.Findings = []diagnosis.Finding{
		{
			Finding: catalogue.Finding{Code: catalogue.BindingMissing, Severity: catalogue.Error, Subject: "projects/net-host",
				Message:     "service-1234@gcp-sa-servicemesh.iam.gserviceaccount.com lacks roles/anthosservicemesh.serviceAgent on projects/net-host.",
				Remediation: "Grant the role to the agent.", FixedBy: "asm_service_agent_binding",
				DocURL: "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"},
			Fingerprint: "f-binding", About: "projects/net-host", Kind: mesh.ServiceAgentGrant, Runbook: "restore-service-agent-binding", New: true,
			Evidence: []diagnosis.Evidence{{Source: "cloudresourcemanager projects.getIamPolicy, bindings[]",
				Text: "no binding of roles/anthosservicemesh.serviceAgent"}},
			Culprit: &diagnosis.Culprit{Who: "ci@shop-infra.iam.gserviceaccount.com", Client: "Terraform 1.16.0",
				When: began.Add(-90 * time.Minute), What: "removed the binding with SetIamPolicy; the usual culprit is google_project_iam_policy"},
		},
		{
			Finding: catalogue.Finding{Code: catalogue.ControlPlaneState, Severity: catalogue.Warning, Subject: search,
				Message: "The control plane is PROVISIONING since 13:20.", Remediation: "Wait."},
			Fingerprint: "f-wait", About: search, Kind: mesh.ControlPlane, Waiting: true,
		},
		{
			Finding: catalogue.Finding{Code: catalogue.Unreadable, Severity: catalogue.Warning, Subject: member("shop-fleet", "us-east1", "wish"),
				Message: "403: gkehub.features.get is missing.", Remediation: "Grant roles/gkehub.viewer."},
			Fingerprint: "f-unread", About: member("shop-fleet", "us-east1", "wish"), Kind: mesh.FleetFeature,
		},
		{
			Finding: catalogue.Finding{Code: catalogue.RevisionsSeveral, Severity: catalogue.Info, Subject: cart,
				Message:     "asm-managed, asm-managed-rapid",
				Remediation: "Nothing while a move is under way."},
			Fingerprint: "f-several", About: cart, Kind: mesh.ControlPlane,
		},
		{
			Finding: catalogue.Finding{Code: catalogue.RevisionsUnhealthy, Severity: catalogue.Error, Subject: cart,
				Message: "Revision(s) reporting unhealthy", Remediation: "Restore the binding.", FixedBy: "asm_service_agent_binding"},
			Fingerprint: "f-revisions", About: cart, Kind: mesh.ControlPlane, BlockedBy: []string{"f-binding"},
		},
		{
			Finding: catalogue.Finding{Code: catalogue.DataPlaneState, Detail: "FAILED_PRECONDITION", Severity: catalogue.Error, Subject: cart,
				Message: "The data plane is FAILED_PRECONDITION.", Remediation: "See the state."},
			Fingerprint: "f-data", About: cart, Kind: mesh.DataPlane, BlockedBy: []string{"f-binding"},
		},
	}
	r.Suppressed = []diagnosis.Finding{{
		Finding: catalogue.Finding{Code: catalogue.NodePoolNoMetadata, Severity: catalogue.Warning,
			Subject: "projects/shop/locations/europe-west1/clusters/cart", Message: "pool batch runs without GKE_METADATA",
			Remediation: "Change the pool."},
		Fingerprint: "f-pool", About: cart, Kind: mesh.NodePoolMetadata, Suppression: &diagnosis.Suppression{Code: catalogue.NodePoolNoMetadata,
			Subject: "*", Reason: "the batch pool has no mesh workloads", Expires: "2026-12-31"},
	}}
	r.Expired = []diagnosis.Suppression{{Code: catalogue.Unreadable, Subject: "*/wish", Reason: "moving", Expires: "2026-11-01"}}
	r.Resolved = []string{"f-gone"}
	return r
}

// fleet has n clusters in a few fleets: those of the first fleet suffer from a
// shared root, and of the others some of a hundred have a root of their own, cannot be read or wait.
func fleet(n int) *diagnosis.Report {
	r := empty()
	r.Verdict = mesh.Unhealthy
	counts := map[mesh.Verdict]int{}
	locations := []string{"europe-west1", "us-central1", "us-east4", "asia-northeast1"}
	fleets := min(5, 1+n/100)
	for i := range fleets {
		name := fmt.Sprintf("projects/fleet-%d", i)
		r.Scope = append(r.Scope, name)
		r.Subjects = append(r.Subjects, diagnosis.Subject{Name: name, Type: diagnosis.TypeFleet, Verdict: mesh.Unhealthy, Summary: "unhealthy"})
	}
	root := diagnosis.Finding{
		Finding: catalogue.Finding{Code: catalogue.BindingMissing, Severity: catalogue.Error, Subject: "projects/fleet-0",
			Message:     "service-1234@gcp-sa-servicemesh.iam.gserviceaccount.com lacks roles/anthosservicemesh.serviceAgent on projects/fleet-0.",
			Remediation: "Grant the role to the agent, and find the authoritative configuration that removes it.",
			FixedBy:     "asm_service_agent_binding"},
		Fingerprint: "binding", About: "projects/fleet-0", Kind: mesh.ServiceAgentGrant, Runbook: "restore-service-agent-binding", New: true,
		Culprit: &diagnosis.Culprit{Who: "ci@shop-infra.iam.gserviceaccount.com", Client: "Terraform 1.16.0",
			When: began.Add(-90 * time.Minute), What: "removed the binding with SetIamPolicy"},
		Evidence: []diagnosis.Evidence{{Source: "cloudresourcemanager projects.getIamPolicy, bindings[]", Text: "no binding of the role"}},
	}
	r.Findings = append(r.Findings, root)
	var after []diagnosis.Finding // consequences come last
	for i := range n {
		project := fmt.Sprintf("fleet-%d", i*fleets/n)
		location := locations[i*4*fleets/n%4]
		short := fmt.Sprintf("cluster-%05d", i)
		name := member(project, location, short)
		s := diagnosis.Subject{Name: name, Type: diagnosis.TypeMembership, Parent: "projects/" + project, Verdict: mesh.Healthy,
			Summary: "healthy", Checks: checks(nil), Facts: map[string]string{
				diagnosis.FactCluster: "projects/shop/locations/" + location + "/clusters/" + short, diagnosis.FactControlPlane: "ACTIVE",
				diagnosis.FactDataPlane: "ACTIVE", diagnosis.FactRevisions: "asm-managed"}}
		finding := func(code catalogue.Code, severity catalogue.Severity, kind mesh.Kind, message string, blockedBy ...string) diagnosis.Finding {
			return diagnosis.Finding{
				Finding:     catalogue.Finding{Code: code, Severity: severity, Subject: name, Message: message, Remediation: remedies[code]},
				Fingerprint: fmt.Sprintf("%032x", i*100+len(after)%7+len(r.Findings)), About: name, Kind: kind, BlockedBy: blockedBy,
			}
		}
		switch {
		case fleets == 1 && i%5 == 0, fleets > 1 && i*fleets/n == 0:
			s.Verdict, s.Summary = mesh.Unhealthy, "unhealthy: Revision(s) reporting unhealthy"
			s.Checks = checks(map[mesh.Kind]diagnosis.Status{mesh.ControlPlane: diagnosis.Blocked, mesh.DataPlane: diagnosis.Blocked})
			after = append(after, finding(catalogue.RevisionsUnhealthy, catalogue.Error, mesh.ControlPlane,
				short+" says: Revision(s) reporting unhealthy",
				"binding"),
				finding(catalogue.DataPlaneState, catalogue.Error, mesh.DataPlane, "The data plane of "+short+" is FAILED_PRECONDITION.", "binding"))
		case i%97 == 3:
			s.Verdict, s.Summary = mesh.Unhealthy, "unhealthy: no workload pool"
			s.Checks = checks(map[mesh.Kind]diagnosis.Status{mesh.ClusterPool: diagnosis.Unmet, mesh.MembershipIdentity: diagnosis.Blocked,
				mesh.ControlPlane: diagnosis.Blocked})
			pool := finding(catalogue.PoolMissing, catalogue.Error, mesh.ClusterPool, "Cluster "+short+" has no workload pool.")
			pool.Fingerprint = "pool-" + short
			pool.Runbook = "enable-workload-identity"
			r.Findings = append(r.Findings, pool)
			after = append(after, finding(catalogue.IdentityMissing, catalogue.Error, mesh.MembershipIdentity,
				"The membership "+short+" has no identity provider.", pool.Fingerprint),
				finding(catalogue.ControlPlaneState, catalogue.Error, mesh.ControlPlane, "The control plane of "+short+" is FAILED_PRECONDITION.",
					pool.Fingerprint))
		case i%101 == 7:
			s.Verdict, s.Summary = mesh.Unknown, "cannot tell: the cluster did not answer within 30s"
			s.Checks = checks(map[mesh.Kind]diagnosis.Status{mesh.ControlPlane: diagnosis.Unknown, mesh.DataPlane: diagnosis.Unknown})
			r.Findings = append(r.Findings, finding(catalogue.Unreadable, catalogue.Warning, mesh.ControlPlane, short+" did not answer within 30s."))
		case i%53 == 11:
			s.Verdict, s.Summary = mesh.Degraded, "degraded: proxies need attention"
			s.Checks = checks(map[mesh.Kind]diagnosis.Status{mesh.DataPlane: diagnosis.Unmet})
			r.Findings = append(r.Findings, finding(catalogue.ProxiesFailed, catalogue.Warning, mesh.ProxyUpgrades,
				"3 pods of Deployment shop/cart on "+short+" could not be upgraded."))
		case i%131 == 5:
			s.Verdict, s.Summary = mesh.Provisioning, "provisioning since 13:30"
			f := finding(catalogue.ControlPlaneState, catalogue.Warning, mesh.ControlPlane, "The control plane of "+short+" is PROVISIONING.")
			f.Waiting = true
			r.Findings = append(r.Findings, f)
		}
		counts[s.Verdict]++
		r.Subjects = append(r.Subjects, s)
	}
	for i := range r.Findings {
		r.Findings[i].Fingerprint = unique(r.Findings[i].Fingerprint, i)
	}
	for i := range after {
		after[i].Fingerprint = unique(after[i].Fingerprint, len(r.Findings)+i)
	}
	slices.SortStableFunc(r.Findings, func(a, b diagnosis.Finding) int {
		return slices.Index(mesh.Order(), a.Kind) - slices.Index(mesh.Order(), b.Kind)
	})
	r.Findings = append(r.Findings, after...)
	r.Summary = fmt.Sprintf("unhealthy: %d membership(s): %d unhealthy, %d unknown, %d degraded, %d provisioning, %d healthy", n,
		counts[mesh.Unhealthy], counts[mesh.Unknown], counts[mesh.Degraded], counts[mesh.Provisioning], counts[mesh.Healthy])
	return r
}

var remedies = map[catalogue.Code]string{
	catalogue.PoolMissing:     "Set the cluster's workload pool to PROJECT_ID.svc.id.goog.",
	catalogue.IdentityMissing: "Turn on the cluster's workload pool, then set the membership's authority.",
	catalogue.Unreadable:      "Look whether the cluster is up, then read again.",
	catalogue.ProxiesFailed:   "Restart the workloads that own the pods, after you have removed the obstacle that is named, such as a budget.",
	catalogue.ControlPlaneState: "Correct the prerequisites first; " +
		"then read the ControlPlaneRevision: kubectl describe controlplanerevision -n istio-system.",
	catalogue.DataPlaneState:     "See the state.",
	catalogue.RevisionsUnhealthy: "Restore the binding with asm_service_agent_binding.",
}

// unique leaves the fingerprints alone that consequences name.
func unique(fingerprint string, i int) string {
	if fingerprint == "binding" || strings.HasPrefix(fingerprint, "pool-") {
		return fingerprint
	}
	return fmt.Sprintf("%032x", i)
}

// hostile has s everywhere.
func hostile(s string) *diagnosis.Report {
	f := diagnosis.Finding{
		Finding: catalogue.Finding{Code: catalogue.Code(s), Severity: catalogue.Severity(s), Subject: s, Detail: s, Message: s, Remediation: s,
			FixedBy: s, DocURL: s},
		Fingerprint: s + "1", About: s, Kind: mesh.Kind(s), Evidence: []diagnosis.Evidence{{Source: s, Text: s}},
		Culprit: &diagnosis.Culprit{Who: s, Client: s, What: s, When: began}, Runbook: s, New: true,
	}
	note := f
	note.Severity, note.Fingerprint = catalogue.Info, s+"2"
	waits := f
	waits.Severity, waits.Waiting, waits.Fingerprint = catalogue.Error, true, s+"3"
	blocked := f
	blocked.BlockedBy, blocked.Fingerprint = []string{s + "1", s + "3"}, s+"4"
	stray := f
	stray.BlockedBy, stray.Fingerprint = []string{s}, s+"5"
	hidden := f
	hidden.Fingerprint, hidden.Suppression = s+"6", &diagnosis.Suppression{Code: catalogue.Code(s), Subject: s, Reason: s, Expires: s}
	return &diagnosis.Report{
		Schema: 1, Tool: s, Started: began, Finished: began, Scope: []string{s}, Verdict: mesh.Verdict(s), Summary: s,
		Subjects: []diagnosis.Subject{
			{Name: s, Type: diagnosis.TypeMembership, Parent: s, Verdict: mesh.Unknown, Summary: s,
				Checks: []diagnosis.Check{{Kind: mesh.Kind(s), Status: diagnosis.Status(s)}, {Kind: mesh.APIs, Status: diagnosis.Blocked}},
				Facts:  map[string]string{s: s}},
			{Name: s + "/b", Type: s, Verdict: mesh.Verdict(s), Summary: s},
		},
		Findings: []diagnosis.Finding{f, note, waits, blocked, stray}, Suppressed: []diagnosis.Finding{hidden},
		Expired: []diagnosis.Suppression{*hidden.Suppression}, Resolved: []string{s},
	}
}

// nasty are texts that break out of something.
var nasty = map[string]string{
	"script":    `</script><script>alert(1)</script><img src=x onerror=alert(1)>`,
	"quotes":    `"'` + "`" + `\ \" {{.}} ${x} %s %d`,
	"ansi":      "\x1b[31mred\x1b[0m \x1b]0;title\x07 \u009b1m",
	"nul":       "a\x00b\x01c\x7f",
	"invalid":   "a\xff\xfe\xc3(b",
	"rtl":       "abc \u202egnp.exe\u202c \u2066x\u2069 שלום",
	"lines":     "first\nsecond\r\nthird\u2028fourth\n\n# heading\n- item",
	"markdown":  "| a | b |\n|---|---| **x** [x](javascript:alert(1)) ![i](http://x/y) @everyone #1 <!-- --> </details> ~~~ ``` $x$",
	"xml":       "]]>&amp;<![CDATA[ \ufffe \uffff \ud7ff",
	"long":      strings.Repeat("ab é世界 ", 4_000),
	"unbroken":  strings.Repeat("x", 50_000),
	"empty":     "",
	"backslash": `a\|b\`,
	"metric":    "a\"} 1\nasm_x{b=\"c\\",
}
