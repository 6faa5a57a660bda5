package sim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
)

// An Exchange is one request to an API and its answer, as Options.Observe gets it.
type Exchange struct {
	Time           time.Time
	Door           string // "plain" or "proxy"
	Caller         string
	UserAgent      string
	Method         string
	Host           string
	Path           string
	RawQuery       string
	RequestHeader  http.Header
	RequestBody    []byte
	Status         int
	ResponseHeader http.Header
	ResponseBody   []byte
}

// A loggedRequest is an entry of GET /_sim/requests.
type loggedRequest struct {
	Time      wire.Timestamp  `json:"time"`
	Door      string          `json:"door"`
	Method    string          `json:"method"`
	URL       string          `json:"url"` // made when it is asked for
	Host      string          `json:"host"`
	Path      string          `json:"path"`
	Query     string          `json:"query,omitempty"`
	Caller    string          `json:"caller,omitempty"`
	UserAgent string          `json:"userAgent,omitempty"`
	Status    int             `json:"status"`
	Body      json.RawMessage `json:"requestBody,omitempty"`
}

const (
	maxLoggedRequests = 100_000
	maxLoggedBytes    = 64 << 20 // of bodies, all together
	maxLoggedBody     = 64 << 10 // of one body
)

// A requestLog keeps the latest requests in a ring: request k is at k modulo the size.
type requestLog struct {
	mu    sync.Mutex
	ring  []loggedRequest
	total int // how many there were
	bytes int // of bodies that are kept
	bare  int // requests before this one have lost their bodies
}

func (j *requestLog) add(s loggedRequest) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(s.Body) > maxLoggedBody || !json.Valid(s.Body) {
		s.Body = nil
	}
	if len(j.ring) < maxLoggedRequests {
		j.ring = append(j.ring, s)
	} else {
		old := &j.ring[j.total%maxLoggedRequests]
		j.bytes -= len(old.Body)
		*old = s
	}
	j.total++
	j.bytes += len(s.Body)
	for j.bare = max(j.bare, j.oldest()); j.bytes > maxLoggedBytes; j.bare++ {
		old := &j.ring[j.bare%maxLoggedRequests]
		j.bytes -= len(old.Body)
		old.Body = nil
	}
}

func (j *requestLog) oldest() int { return max(0, j.total-maxLoggedRequests) }

// all lists what is kept, the oldest first, and says whether older ones were dropped.
func (j *requestLog) all() ([]loggedRequest, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := make([]loggedRequest, 0, len(j.ring))
	for k := j.oldest(); k < j.total; k++ {
		s := j.ring[k%maxLoggedRequests]
		u := url.URL{Scheme: "https", Host: s.Host, Path: s.Path, RawQuery: s.Query}
		s.URL = u.String()
		out = append(out, s)
	}
	return out, j.oldest() > 0
}

func (j *requestLog) clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ring, j.total, j.bytes, j.bare = nil, 0, 0, 0
}
