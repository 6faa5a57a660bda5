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
		detail += "\n\nRaise the timeout in the resource's timeouts block if it needs longer, and apply again: what is done already is not repeated."
	}
	if _, disabled := apierr.Disabled(err); disabled {
		detail += "\n\nWhere an asm_project_services of this configuration enables it, apply that first: terraform apply -target=ADDRESS."
	}
	diags.AddError(summary, sentence(detail))
}

// loss is one thing that a prerequisite lost, and how to ask the audit log for it.
type loss struct {
	finding catalogue.Finding
	subject string // as prereq.Cause wants it
}

// warnOfDrift tells why a resource is about to change: what is missing, what that
// does to the mesh, and who took it away as far as the audit log tells. The words
// are right both in a plan and while it is applied.
func warnOfDrift(ctx context.Context, diags *diag.Diagnostics, data *Data, p prereq.Prerequisite, s prereq.State, losses []loss) {
	if len(losses) == 0 {
		return
	}
	var b strings.Builder
	for _, l := range losses {
		b.WriteString(strings.TrimSpace(sentence(l.finding.Message)+" "+cause(ctx, data, p, s, l)) + "\n")
	}
	fmt.Fprintf(&b, "\n%s This configuration corrects it.", catalogue.Describe(losses[0].finding.Code).Means)
	diags.AddWarning(driftTitle(p, losses), b.String())
}

// driftTitle names the project or cluster: Terraform folds warnings of one title
// into the first of them.
func driftTitle(p prereq.Prerequisite, losses []loss) string {
	what := "changed"
	switch losses[0].finding.Code {
	case catalogue.BindingMissing:
		what = "the mesh service agent lost its role"
	case catalogue.BindingConditional:
		what = "the mesh service agent holds its role only under a condition"
	case catalogue.BindingDeleted:
		what = "the role is granted to a deleted mesh service agent"
	case catalogue.ServiceDisabled:
		what = losses[0].subject + " was disabled"
		if len(losses) > 1 {
			what = fmt.Sprintf("%d APIs were disabled", len(losses))
		}
	case catalogue.PoolMissing, catalogue.PoolWrong:
		what = "the workload pool was changed"
	case catalogue.IdentityMissing, catalogue.IdentityWrong:
		what = "the identity provider was changed"
	case catalogue.ManagementDiffers:
		what = "the mesh management was changed"
	case catalogue.InjectionLabel:
		what = "the injection labels were changed"
	case catalogue.ProxyUnmanaged:
		what = "the management of the data plane was changed"
	}
	return "Drift: " + what + " (" + p.Subject() + ")"
}

// cause says who did it, or nothing when that cannot be told.
func cause(ctx context.Context, data *Data, p prereq.Prerequisite, s prereq.State, l loss) string {
	if data == nil || data.Client == nil || !prereq.Audited(p) {
		return ""
	}
	start := time.Now()
	who, found, err := prereq.Cause(ctx, data.Client, p, s, l.subject)
	if err != nil {
		tflog.Debug(ctx, "the audit log could not be read", map[string]any{"subject": p.Subject(), "error": err.Error(), "ms": time.Since(start).Milliseconds()})
		return "Who changed it is not known: the audit log could not be read (it takes logging.logEntries.list)."
	}
	if !found {
		return "The audit log of the last 30 days does not show who changed it."
	}
	said := "Changed " + who.String() + "."
	if hint := who.Hint(); hint != "" && l.finding.Code == catalogue.BindingMissing {
		said += " " + hint
	}
	return said
}
