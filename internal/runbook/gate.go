package runbook

import (
	"context"
	"reflect"
	"strings"
)

// gate lets a step go ahead when it is approved, and ends the run when it is not.
// An approval counts for the plan that was shown: where the step would now do
// something else, there is a new plan.
func (s *stepRun) gate(ctx context.Context, q Question) error {
	q.Step, q.Run, q.Runbook, q.Target = s.name, s.id, s.plan.Runbook, s.plan.Target.Name
	q.Subject, q.Why = s.engine.redact(q.Subject), s.engine.redact(q.Why)
	q.Current, q.Desired = s.engine.redactFields(q.Current), s.engine.redactFields(q.Desired)
	planned := s.plan.step(s.name)
	seen := planned == nil || planned.Status != Change ||
		reflect.DeepEqual(normal(planned.Current), normal(q.Current)) && reflect.DeepEqual(normal(planned.Desired), normal(q.Desired))
	if !seen {
		planned.Current, planned.Desired = q.Current, q.Desired
		if err := s.plan.seal(); err != nil {
			return err
		}
		if _, err := s.write(ctx, s.plan.entry()); err != nil {
			return err
		}
	}
	now := s.engine.clock().Now()
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
		approval.Approver, approval.How, approval.Expires, ok = by, "terminal", s.engine.clock().Now().Add(s.approvals.valid()), true
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
