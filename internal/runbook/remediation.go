package runbook

import (
	"cmp"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
)

// Remedy is a runbook that fixes something of a membership, or of a project without which no membership can be read.
type Remedy struct {
	Membership string   `json:"membership,omitempty"` // full resource name
	Project    string   `json:"project,omitempty"`    // projects/P, where there is no Membership
	Runbook    string   `json:"runbook"`
	Findings   []string `json:"findings"`        // codes of the root causes that it is for
	Error      string   `json:"error,omitempty"` // why it could not be planned
}

// Target is the full resource name of what the runbook works on.
func (r Remedy) Target() string { return cmp.Or(r.Membership, r.Project) }

// Remediation is what Remediate found and did.
type Remediation struct {
	Schema int                 `json:"schema"` // ReportSchema
	Before *diagnosis.Report   `json:"before"`
	Rounds []Round             `json:"rounds"`
	After  *diagnosis.Report   `json:"after,omitempty"`   // nil where nothing was run
	ByHand []diagnosis.Finding `json:"by_hand,omitempty"` // root causes that no runbook fixes, at the end
}

// Round is one diagnosis with the runbooks that it asked for.
type Round struct {
	Remedies []Remedy `json:"remedies"`
	Report   *Report  `json:"report,omitempty"` // nil where it was only planned, or refused
}

// ExitCode is 7 or 6 where the last round ended so, 5 where something waits for a person, else that of the last diagnosis.
func (m *Remediation) ExitCode(on diagnosis.FailOn) int {
	for _, code := range []int{ExitThreshold, ExitFailed, ExitApproval} {
		if n := len(m.Rounds); n > 0 && m.Rounds[n-1].Report != nil && m.Rounds[n-1].Report.ExitCode() == code {
			return code
		}
	}
	for _, round := range m.Rounds {
		if round.Report != nil && round.Report.Count(journal.NeedsApprove) > 0 {
			return ExitApproval
		}
	}
	if m.After != nil {
		return m.After.ExitCode(on)
	}
	return m.Before.ExitCode(on)
}
