package diagnosis

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// findWaiting marks findings that remain only because the mesh has not noticed yet that their cause is corrected, and
// all that these bring about. What remains for longer than it may is explained by nothing that merely waits.
func (r *run) findWaiting(ctx context.Context) {
	decided := make([]bool, len(r.findings))
	var decide func(i int)
	decide = func(i int) {
		if decided[i] {
			return
		}
		decided[i] = true
		f := &r.findings[i]
		for _, p := range r.causes[i] {
			decide(p)
		}
		explained := slices.ContainsFunc(r.causes[i], func(p int) bool { return !r.findings[p].Waiting })
		if f.Severity == catalogue.Info || explained {
			return
		}
		var when, until time.Time
		waiting, _ := catalogue.Waiting(f.Code, r.now, r.now) // else of a kind that is read afresh
		if waiting {
			when = r.correctedAt(ctx, f)
			waiting, until = catalogue.Waiting(f.Code, when, r.now)
		}
		switch {
		case waiting:
		case !when.IsZero():
			r.causes[i] = nil
			return
		case len(r.causes[i]) > 0: // it goes with what brings it about
			f.wait()
			return
		default:
			return
		}
		f.wait()
		f.Evidence = append(f.Evidence, Evidence{Source: "Cloud Audit Logs", Text: fmt.Sprintf(
			"what brings this about was corrected at %s; the mesh notices by %s",
			when.UTC().Format(time.RFC3339), until.UTC().Format(time.RFC3339))})
	}
	for i := range r.findings {
		decide(i)
	}
}

// wait marks a finding as one that goes away by itself. What is unknown stays unknown meanwhile.
func (f *Finding) wait() {
	f.Waiting, f.Severity = true, catalogue.Warning
	if f.Verdict != mesh.Unknown {
		f.Verdict = mesh.Provisioning
	}
}

// correctedAt is when what can bring a finding about was last corrected.
func (r *run) correctedAt(ctx context.Context, f *Finding) (when time.Time) {
	for _, c := range r.corrections(ctx, f.About) {
		if c.when.After(when) && f.FollowsFrom(c.of) {
			when = c.when
		}
	}
	return when
}
