package lang

import (
	"cmp"
	"slices"

	"github.com/hashicorp/hcl/v2"
)

// Problem is a diagnostic of an error at a position.
func Problem(summary, detail string, where hcl.Range) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: &where}
}

func warning(summary, detail string, where hcl.Range) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: summary, Detail: detail, Subject: &where}
}

// Tidy orders diagnostics by their place, drops repetitions and bounds their
// number. A value that an expression uses twice is reported of once.
func Tidy(diags hcl.Diagnostics) hcl.Diagnostics {
	slices.SortStableFunc(diags, func(a, b *hcl.Diagnostic) int {
		if a.Subject == nil || b.Subject == nil {
			return cmp.Compare(boolInt(a.Subject != nil), boolInt(b.Subject != nil))
		}
		return cmp.Or(cmp.Compare(a.Subject.Filename, b.Subject.Filename), cmp.Compare(a.Subject.Start.Byte, b.Subject.Start.Byte),
			cmp.Compare(a.Severity, b.Severity))
	})
	type key struct {
		summary, detail string
		where           hcl.Range
	}
	seen, kept := map[key]bool{}, hcl.Diagnostics(nil)
	for _, d := range diags {
		k := key{summary: d.Summary, detail: d.Detail}
		if d.Subject != nil {
			k.where = *d.Subject
		}
		if seen[k] {
			continue
		}
		seen[k] = true
		if len(kept) == maxErrors {
			more := &hcl.Diagnostic{
				Severity: hcl.DiagWarning,
				Summary:  "Too many messages",
				Detail:   "There are more messages. Correct these first.",
			}
			if diags.HasErrors() {
				more.Severity = hcl.DiagError
			}
			return append(kept, more)
		}
		kept = append(kept, d)
	}
	return kept
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
