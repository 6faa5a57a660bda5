package diagnosis

import (
	"context"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// SchemaVersion is the version of Report as JSON. It grows when a field changes
// its meaning or goes away; a new field does not change it.
const SchemaVersion = 1

// Report is what a diagnosis found. Its JSON is what --output json writes, and
// docs/schemas/diagnosis.schema.json describes it.
type Report struct {
	Schema   int          `json:"schema"`
	Tool     string       `json:"tool"` // terraform-provider-asm VERSION
	Started  time.Time    `json:"started"`
	Finished time.Time    `json:"finished"`
	Scope    []string     `json:"scope"` // full resource names that were asked for
	Verdict  mesh.Verdict `json:"verdict"`
	Summary  string       `json:"summary"`  // one line for a person
	Subjects []Subject    `json:"subjects"` // fleets, then projects, then memberships and clusters, each sorted by name
	Findings []Finding    `json:"findings"` // roots first, in the order of their causes
	// Suppressed are findings that a suppression covers; they count nowhere.
	Suppressed []Finding `json:"suppressed,omitempty"`
	// Expired are suppressions past their day; what they cover is in Findings.
	Expired []Suppression `json:"expired,omitempty"`
	// Resolved are the fingerprints of the baseline's findings that are gone.
	Resolved []string `json:"resolved,omitempty"`
}

// The types of subjects.
const (
	TypeFleet      = "fleet"
	TypeProject    = "project"
	TypeMembership = "membership"
	TypeCluster    = "cluster" // one that is in no fleet, or was named without its membership

	// Of a report on a plan: resources and data sources, and the configuration's checks, by their addresses.
	TypeResource = "resource"
	TypeCheck    = "check"
)

// Subject is one thing that was looked at.
type Subject struct {
	Name    string            `json:"name"` // full resource name: projects/P, projects/P/locations/L/memberships/M
	Type    string            `json:"type"`
	Parent  string            `json:"parent,omitempty"` // the fleet of a membership
	Verdict mesh.Verdict      `json:"verdict"`
	Summary string            `json:"summary"`
	Checks  []Check           `json:"checks"` // in mesh.Order; those that do not apply are left out
	Facts   map[string]string `json:"facts,omitempty"`
}

// The facts of a membership. Each is left out where it was not read.
const (
	FactCluster        = "cluster"        // full resource name
	FactManagement     = "management"     // MANAGEMENT_AUTOMATIC
	FactControlPlane   = "control_plane"  // ACTIVE
	FactDataPlane      = "data_plane"     // ACTIVE
	FactImplementation = "implementation" // ISTIOD, TRAFFIC_DIRECTOR
	FactModernization  = "modernization"  // how it stands to the move from ISTIOD to TRAFFIC_DIRECTOR, in words
	FactRevisions      = "revisions"      // asm-managed, asm-managed-rapid
	FactReachedBy      = "reached_by"     // Connect Gateway
)

// Status is the outcome of a check.
type Status string

// The outcomes. What could not be read is unknown; what fails because of something else is blocked.
const (
	Met     Status = "met"
	Unmet   Status = "unmet"
	Blocked Status = "blocked"
	Unknown Status = "unknown"
)

// Check is the outcome of one prerequisite or part of the mesh for one subject.
type Check struct {
	Kind   mesh.Kind `json:"kind"`
	Status Status    `json:"status"`
}

// Finding is a finding in the context of its diagnosis.
type Finding struct {
	catalogue.Finding
	// Fingerprint is stable from run to run: the same problem of the same subject
	// has the same one, whatever its message says this time.
	Fingerprint string `json:"fingerprint"`
	// About is the name of the Subject it counts for.
	About string    `json:"about"`
	Kind  mesh.Kind `json:"kind"`
	// BlockedBy are the fingerprints of the root causes; of a root it is empty.
	BlockedBy []string `json:"blocked_by,omitempty"`
	// Waiting is set when the cause is corrected and the mesh has yet to notice.
	Waiting  bool       `json:"waiting,omitempty"`
	Evidence []Evidence `json:"evidence,omitempty"`
	// Culprit is who brought it about, as the audit log shows it.
	Culprit *Culprit `json:"culprit,omitempty"`
	Runbook string   `json:"runbook,omitempty"` // name of the runbook that fixes it
	// New is set when there is a baseline and it does not have this finding.
	New         bool         `json:"new,omitempty"`
	Suppression *Suppression `json:"suppression,omitempty"`

	cause func(context.Context) (mesh.AuditEvent, bool, error) // asks the audit log; nil where it does not show it
	doubt error                                                // why it may not be so, though nothing shows that it is not
	log   string                                               // project whose audit log cause asks
	fleet string                                               // the fleet whose mesh alone it is about, or ""
}

// Root reports whether nothing else explains the finding.
func (f Finding) Root() bool { return len(f.BlockedBy) == 0 }

// Evidence is one thing that was seen.
type Evidence struct {
	Source string `json:"source"` // the API field or log it is from
	Text   string `json:"text"`
}

// Culprit is who changed something, by the audit log.
type Culprit struct {
	Who    string    `json:"who"`              // e-mail address, or principal
	Client string    `json:"client,omitempty"` // user agent, shortened: Terraform 1.16.0
	When   time.Time `json:"when"`
	What   string    `json:"what"` // one line for a person
}

// Suppression says that a finding is known and meant to be left alone.
type Suppression struct {
	Code    catalogue.Code `json:"code"`
	Subject string         `json:"subject"` // a name, or a pattern with *
	Reason  string         `json:"reason"`
	Expires string         `json:"expires"` // 2026-12-31; on the day after it no longer counts
}
