package prereq

import (
	"context"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// An Attributor is a prerequisite whose changes the audit log of Google Cloud shows; the row of its kind says Audited.
type Attributor interface {
	// WhoChanged returns who last brought about finding f of state s; found is false where the log does not show it.
	WhoChanged(ctx context.Context, s State, f catalogue.Finding) (who mesh.AuditEvent, found bool, err error)
}

// auditPatience bounds the search for a culprit: a plan goes on without one.
const auditPatience = 10 * time.Second

// Audited reports whether the audit log shows who brought a finding of a prerequisite about. A finding of another kind,
// as node pools beside a workload pool, is changed by other calls.
func Audited(p Prerequisite, f catalogue.Finding) bool {
	_, attributes := p.(Attributor)
	return attributes && catalogue.Describe(f.Code).Kind == p.Kind()
}

// Cause returns who brought a finding of a prerequisite about, as far as the audit log
// shows it. No access to the log is no failure: err is for a log line only.
func Cause(ctx context.Context, p Prerequisite, s State, f catalogue.Finding) (who mesh.AuditEvent, found bool, err error) {
	if !Audited(p, f) {
		return mesh.AuditEvent{}, false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, auditPatience)
	defer cancel()
	return p.(Attributor).WhoChanged(ctx, s, f)
}
