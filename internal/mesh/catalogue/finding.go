package catalogue

import (
	"cmp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"slices"
)

// Severity says how much a finding matters; the words are those of the GKE Hub API's conditions, in lower case.
type Severity string

// The severities, gravest first.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Info    Severity = "info"
)

var gravity = map[Severity]int{Error: 0, Warning: 1, Info: 2}

// Finding is one thing that a check found out about one subject.
type Finding struct {
	Code     Code     `json:"code"`
	Severity Severity `json:"severity"`
	Subject  string   `json:"subject"` // full resource name
	// Detail is the name of what the finding is about where its code covers many:
	// a condition's code, a stop code, a state of the control or data plane. It
	// decides what the finding follows from, and its runbook.
	Detail      string `json:"detail,omitempty"`
	Message     string `json:"message"` // what is wrong there, with the API's own words
	Remediation string `json:"remediation"`
	FixedBy     string `json:"fixed_by,omitempty"` // the Terraform resource that corrects it
	DocURL      string `json:"doc_url,omitempty"`
	// Meant is the full resource name that was probably meant, where the subject does not exist.
	Meant string `json:"-"`
	// Verdict is what the finding alone makes of its subject. Severity says less:
	// a warning may be Degraded, Provisioning or Unknown.
	Verdict mesh.Verdict `json:"-"`
}

// Code is a finding's stable name, in kebab-case.
type Code string

// NewFinding makes a finding with the severity, remedy and links of its kind.
func NewFinding(code Code, subject, message string) Finding {
	d := Describe(code)
	verdict := verdictOf[d.Severity]
	switch code {
	case Unreadable, NotConfigured, UnlistedValue, MeshAbsent: // what cannot be told is not merely degraded
		verdict = mesh.Unknown
	}
	return Finding{
		Code: code, Severity: d.Severity, Subject: subject, Message: message, Remediation: d.Remedy,
		FixedBy: d.FixedBy, DocURL: d.DocURL, Verdict: verdict,
	}
}

// Compare puts what is gravest first, for sorting.
func (s Severity) Compare(other Severity) int { return cmp.Compare(gravity[s], gravity[other]) }

// verdictOf is the verdict of a finding that does not bring its own.
var verdictOf = map[Severity]mesh.Verdict{Error: mesh.Unhealthy, Warning: mesh.Degraded, Info: mesh.Healthy}

// SortFindings orders findings by subject, then roots first, then by text, so
// that the same facts always give the same list.
func SortFindings(findings []Finding) {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Subject, b.Subject), Describe(a.Code).Kind.Compare(Describe(b.Code).Kind), cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.Message, b.Message))
	})
}
