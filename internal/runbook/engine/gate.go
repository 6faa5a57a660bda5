package engine

import (
	"context"
	"reflect"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
)

// gate lets a step go ahead when it is approved, and ends the run when it is not. An approval counts for the plan that
// was shown: where the step would now do something else, there is a new plan.
func (s *stepRun) gate(ctx context.Context, q Question) error {
	q.Step, q.Run, q.Runbook, q.Target = s.name, s.id, s.plan.Runbook, s.plan.Target.Name
	q.Subject, q.Why = s.engine.Redact(q.Subject), s.engine.Redact(q.Why)
	q.Current, q.Desired = s.engine.RedactFields(q.Current), s.engine.RedactFields(q.Desired)
	planned := s.plan.Step(s.name)
	same := planned == nil || planned.Status != runbook.StatusChange ||
		reflect.DeepEqual(runbook.Normalize(planned.Current), runbook.Normalize(q.Current)) &&
			reflect.DeepEqual(runbook.Normalize(planned.Desired), runbook.Normalize(q.Desired))
	seen := same && !s.unseen && (planned != nil || s.plan.Step(runbook.BaseName(s.name)+"[...]") != nil)
	if !same {
		planned.Current, planned.Desired = q.Current, q.Desired
		if err := s.plan.Seal(); err != nil {
			return err
		}
		if _, err := s.write(ctx, s.plan.JournalEntry()); err != nil {
			return err
		}
	}
	now := s.engine.WaitClock().Now()
	agreed := journal.Agreed{Start: s.entries[0].Hash, Subject: q.Subject, Current: q.Current, Desired: q.Desired}
	unsigned := false
	genuine := func(a journal.Approval) bool {
		good := a.Run == s.id && s.engine.Signer.Genuine(a, agreed)
		unsigned = unsigned || !good
		return good
	}
	if _, ok := s.state.Approved(s.name, s.plan.Fingerprint, now, genuine); ok {
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
		if why == "" && unsigned {
			why = "the approval in the journal is not signed with this executor's key, or is for something else"
		}
		return s.awaitPerson(ctx, strings.TrimSpace(q.Why), why)
	}
	// Whole seconds are written the same everywhere, and a name is signed as it is kept.
	approval.Run, approval.Expires = s.id, approval.Expires.UTC().Truncate(time.Second)
	approval.Approver = s.engine.Redact(approval.Approver)
	signature, unsignable := s.engine.Signer.Sign(approval, agreed)
	approval.Signature = signature
	if _, err := s.write(ctx, approval); err != nil || unsignable == nil {
		return err
	}
	// It counts now, and not for an executor that resumes the run.
	_, err := s.write(ctx, journal.Note{Step: s.name, Text: "the approval is not signed: " + s.engine.Redact(unsignable.Error())})
	return err
}

// ask asks a person. Runs beside each other ask one question at a time.
func (s *stepRun) ask(ctx context.Context, q Question) (agreed bool, by string, err error) {
	began := s.engine.WaitClock().Now()
	defer func() { s.asked += max(1, s.engine.WaitClock().Now().Sub(began)) }()
	s.engine.askMu.Lock()
	defer s.engine.askMu.Unlock()
	return s.approvals.Ask(ctx, q)
}
