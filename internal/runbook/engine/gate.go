package engine

import (
	"context"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"reflect"
	"strings"
)

// gate lets a step go ahead when it is approved, and ends the run when it is not. An approval counts for the plan that
// was shown: where the step would now do something else, there is a new plan.
func (s *stepRun) gate(ctx context.Context, q Question) error {
	q.Step, q.Run, q.Runbook, q.Target = s.name, s.id, s.plan.Runbook, s.plan.Target.Name
	q.Subject, q.Why = s.engine.Redact(q.Subject), s.engine.Redact(q.Why)
	q.Current, q.Desired = s.engine.RedactFields(q.Current), s.engine.RedactFields(q.Desired)
	planned := s.plan.Step(s.name)
	seen := planned == nil || planned.Status != runbook.StatusChange ||
		reflect.DeepEqual(runbook.Normalize(planned.Current), runbook.Normalize(q.Current)) &&
			reflect.DeepEqual(runbook.Normalize(planned.Desired), runbook.Normalize(q.Desired))
	if !seen {
		planned.Current, planned.Desired = q.Current, q.Desired
		if err := s.plan.Seal(); err != nil {
			return err
		}
		if _, err := s.write(ctx, s.plan.JournalEntry()); err != nil {
			return err
		}
	}
	now := s.engine.WaitClock().Now()
	if _, ok := s.state.Approved(s.name, s.plan.Fingerprint, now); ok {
		return nil
	}
	approval, ok, why := s.approvals.given(gate{Question: q, fingerprint: s.plan.Fingerprint, seen: seen}, now)
	if !ok && s.approvals.Ask != nil {
		agreed, by, err := s.ask(ctx, q)
		if err != nil {
			return err
		}
		if !agreed {
			return s.awaitPerson(ctx, strings.TrimSpace(q.Why), "refused by "+by)
		}
		approval.Approver, approval.How, approval.Expires, ok = by, "terminal", s.engine.WaitClock().Now().Add(s.approvals.valid()), true
	}
	if !ok {
		return s.awaitPerson(ctx, strings.TrimSpace(q.Why), why)
	}
	approval.Expires = approval.Expires.UTC()
	_, err := s.write(ctx, approval)
	return err
}

// ask asks a person. Runs beside each other ask one question at a time.
func (s *stepRun) ask(ctx context.Context, q Question) (agreed bool, by string, err error) {
	s.engine.askMu.Lock()
	defer s.engine.askMu.Unlock()
	return s.approvals.Ask(ctx, q)
}
