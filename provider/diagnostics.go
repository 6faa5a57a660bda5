package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// addError is how every failure of a resource reaches the user.
func addError(diags *diag.Diagnostics, summary string, err error) {
	detail := err.Error()
	var expired *wait.Expired
	switch {
	case errors.As(err, &expired) && errors.Is(err, context.Canceled):
		summary, detail = "Interrupted", detail+"\n\nThe next plan shows what was already changed; nothing is lost."
	case errors.Is(err, context.Canceled):
		summary, detail = "Interrupted", "Stopped before it was finished. The next plan shows what was already changed; nothing is lost."
	case errors.As(err, &expired):
		detail += "\n\nRaise the timeout in the resource's timeouts block if it needs longer, and apply again: what is done already is not " +
			"repeated."
	}
	if _, disabled := apierr.Disabled(err); disabled {
		detail += "\n\nWhere an asm_project_services of this configuration enables it, apply that first: terraform apply -target=ADDRESS."
	}
	diags.AddError(summary, sentence(detail))
}

// warnOfLeft says what a destroy leaves, because somebody else has changed it since.
func warnOfLeft(ctx context.Context, diags *diag.Diagnostics, p prereq.Prerequisite, change prereq.Change) {
	s, err := p.Check(ctx, true)
	if err != nil {
		return // the undo reads the same, and fails
	}
	if left := prereq.ChangedByOthers(s, change); len(left) > 0 {
		diags.AddWarning("Not restored: somebody else changed it ("+p.Subject()+")", sentence(strings.Join(left, "; "))+
			" It stays as it is.")
	}
}

// warnOfDrift says why a resource is about to change: what is missing, what that does to the mesh, and who took it away
// as far as the audit log shows. The words are right both in a plan and while it is applied.
func warnOfDrift(ctx context.Context, diags *diag.Diagnostics, p prereq.Prerequisite, s prereq.State, lost []catalogue.Finding) {
	if len(lost) == 0 {
		return
	}
	var b strings.Builder
	var details []string
	for _, f := range lost {
		b.WriteString(strings.TrimSpace(sentence(f.Message)+" "+cause(ctx, p, s, f)) + "\n")
		details = append(details, f.Detail)
	}
	d := catalogue.Describe(lost[0].Code)
	fmt.Fprintf(&b, "\n%s This configuration corrects it.", d.Means)
	// The title names the project or cluster: Terraform folds warnings of one title into the first of them.
	diags.AddWarning("Drift: "+d.Lost(details...)+" ("+p.Subject()+")", b.String())
}

// cause says who brought a finding about, or nothing where no log shows it.
func cause(ctx context.Context, p prereq.Prerequisite, s prereq.State, f catalogue.Finding) string {
	if !prereq.Audited(p, f) {
		return ""
	}
	start := time.Now()
	who, found, err := prereq.Cause(ctx, p, s, f)
	if err != nil {
		tflog.Debug(ctx, "the audit log could not be read",
			map[string]any{"subject": p.Subject(), "error": err.Error(), "ms": time.Since(start).Milliseconds()})
		return "Who changed it is not known: " + unreadLog(err)
	}
	if !found {
		return "The audit log of the last 30 days does not show who changed it."
	}
	said := "Changed " + who.String() + "."
	if hint := who.Hint(); hint != "" && f.Code == catalogue.BindingMissing {
		said += " " + hint
	}
	return said
}

// unreadLog says why the audit log does not show who made a change.
func unreadLog(err error) string {
	var truncated *gcp.AuditTruncatedError
	switch {
	case errors.As(err, &truncated):
		return truncated.Error() + "."
	case errors.Is(err, context.DeadlineExceeded):
		return "the audit log did not answer in time."
	}
	what, _ := apierr.Describe(err)
	return strings.TrimSuffix(what, ".") + "."
}
