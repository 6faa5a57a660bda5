package cluster

import (
	"sync"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// quota remembers in which projects the quota of Connect Gateway is exhausted. All clusters of a fleet share that quota: once
// one request is refused, sending the others at once would only have them refused, too.
type quota struct {
	clock wait.Clock

	mu    sync.Mutex
	until map[string]time.Time // by project
}

func newQuota(clock wait.Clock) *quota { return &quota{clock: clock, until: map[string]time.Time{}} }

// exhausted notes a refusal; pause is how long the gateway asks to wait, or 0.
func (q *quota) exhausted(project string, pause time.Duration) {
	until := q.clock.Now().Add(max(pause, time.Second))
	q.mu.Lock()
	defer q.mu.Unlock()
	if until.After(q.until[project]) {
		q.until[project] = until
	}
}

// hold is how long a request that takes the quota of a project is held back.
func (q *quota) hold(project string) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	until, noted := q.until[project]
	if !noted {
		return 0
	}
	return until.Sub(q.clock.Now())
}
