package api

import (
	"fmt"
	"sync"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/world"
)

// quotas counts calls per minute of simulated time. Cloud Logging's reads are always counted, because its limit of 60 a
// minute and project is one that people meet; the others only with the fault "quota".
type quotas struct {
	mu      sync.Mutex
	windows map[string]*window
}

type window struct {
	minute int64
	used   int
}

// A limit is a published or recorded quota.
type limit struct {
	metric, display, name string
	perMinute             int
}

// limitFor says what a call counts against, and how much it costs.
func limitFor(c *call) (limit, int, bool) {
	write := c.r.Method != "GET" && c.route.write
	switch c.api.Host {
	case wire.HostLogging:
		return limit{"read_requests", "Read requests", "ReadRequestsPerMinutePerProject", 60}, 1, true
	case wire.HostServiceUsage:
		if write && c.route.batch {
			return limit{"mutate_requests", "Mutate requests", "MutateRequestsPerMinutePerProject", 60}, 5, false
		}
		if write {
			return limit{"mutate_requests", "Mutate requests", "MutateRequestsPerMinutePerProject", 60}, 1, false
		}
		return limit{"default_requests", "Read requests", "ReadRequestsPerMinutePerProject", 240}, 1, false
	case wire.HostCRM:
		if write {
			return limit{"write_requests", "Write requests", "WriteRequestsPerMinutePerProject", 600}, 1, false
		}
		return limit{"read_requests", "Read requests", "ReadRequestsPerMinutePerProject", 1200}, 1, false
	}
	return limit{}, 0, false
}

// take counts a call against its quota.
func (q *quotas) take(c *call, consumer *world.Project) *wire.Error {
	l, cost, always := limitFor(c)
	if cost == 0 || (!always && c.w.ActiveFault("quota") == nil) {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.windows == nil {
		q.windows = map[string]*window{}
	}
	key := c.api.Host + "/" + l.metric + "/" + consumer.ProjectID
	minute := c.now.Truncate(time.Minute).Unix()
	w := q.windows[key]
	if w == nil || w.minute != minute {
		w = &window{minute: minute}
		q.windows[key] = w
	}
	if w.used+cost > l.perMinute {
		return errQuota(c.api.Host, consumer, l)
	}
	w.used += cost
	return nil
}

// errQuota is the rate limit body (recorded for Resource Manager; the link is inferred). There is no Retry-After.
func errQuota(service string, consumer *world.Project, l limit) *wire.Error {
	return wire.NewError(wire.StatusResourceExhausted,
		"Quota exceeded for quota metric '%s' and limit '%s per minute' of service '%s' for consumer 'project_number:%s'.",
		l.display, l.display, service, consumer.Number()).
		WithInfo("RATE_LIMIT_EXCEEDED", "googleapis.com", map[string]string{
			"consumer": "projects/" + consumer.Number(), "service": service, "quota_location": "global",
			"quota_metric": service + "/" + l.metric, "quota_limit": l.name, "quota_limit_value": fmt.Sprint(l.perMinute),
		}).
		WithDetails(help("Request a higher quota limit.", "https://cloud.google.com/docs/quotas/help/request_increase"))
}
