package sim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
)

// An Exchange is one request to an API and its answer, for whoever observes
// the server.
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

// A served request is what GET /_sim/requests tells of an exchange.
type served struct {
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
	maxServed      = 100_000
	maxServedBytes = 64 << 20 // of bodies, all together
	maxServedBody  = 64 << 10 // of one body
)

// A journal keeps the latest requests in a ring: request k is at k modulo
// the size.
type journal struct {
	mu    sync.Mutex
	ring  []served
	total int // how many there were
	bytes int // of bodies that are kept
	bare  int // requests before this one have lost their bodies
}

func (j *journal) add(s served) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(s.Body) > maxServedBody || !json.Valid(s.Body) {
		s.Body = nil
	}
	if len(j.ring) < maxServed {
		j.ring = append(j.ring, s)
	} else {
		old := &j.ring[j.total%maxServed]
		j.bytes -= len(old.Body)
		*old = s
	}
	j.total++
	j.bytes += len(s.Body)
	for j.bare = max(j.bare, j.oldest()); j.bytes > maxServedBytes; j.bare++ {
		old := &j.ring[j.bare%maxServed]
		j.bytes -= len(old.Body)
		old.Body = nil
	}
}

func (j *journal) oldest() int { return max(0, j.total-maxServed) }

// all lists what is kept, the oldest first, and says whether older ones were
// dropped.
func (j *journal) all() ([]served, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := make([]served, 0, len(j.ring))
	for k := j.oldest(); k < j.total; k++ {
		s := j.ring[k%maxServed]
		u := url.URL{Scheme: "https", Host: s.Host, Path: s.Path, RawQuery: s.Query}
		s.URL = u.String()
		out = append(out, s)
	}
	return out, j.oldest() > 0
}

func (j *journal) clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ring, j.total, j.bytes, j.bare = nil, 0, 0, 0
}
