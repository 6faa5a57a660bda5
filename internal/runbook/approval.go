package runbook

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// ApprovalFile is what a pipeline writes to let a run go ahead: approvals bound to the plan of one fingerprint.
type ApprovalFile struct {
	Fingerprint string    `json:"fingerprint"`
	Approver    string    `json:"approver"`
	Expires     time.Time `json:"expires"`
	Steps       []string  `json:"steps"` // none: every step of the plan
}

// ReadApprovals reads an approval file. All of its mistakes are told at once.
func ReadApprovals(from io.Reader) (*ApprovalFile, error) {
	d := json.NewDecoder(from)
	d.DisallowUnknownFields()
	var f ApprovalFile
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("it is not an approval: %w; "+
			"one looks like {\"fingerprint\": ..., \"approver\": ..., \"expires\": \"2026-12-31T12:00:00Z\", \"steps\": [...]}", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("it is not an approval: there is more after its end")
	}
	var wrong []error
	if len(f.Fingerprint) != 64 {
		wrong = append(wrong, errors.New("fingerprint: it must be that of the plan, 64 characters; plan.json has it"))
	}
	if f.Approver == "" {
		wrong = append(wrong, errors.New("approver: it is empty"))
	}
	if f.Expires.IsZero() {
		wrong = append(wrong, errors.New("expires: an approval needs a time when it ends"))
	}
	return &f, errors.Join(wrong...)
}
