package sim

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"
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
	Time      Timestamp       `json:"time"`
	Door      string          `json:"door"`
	Method    string          `json:"method"`
	URL       string          `json:"url"`
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

// A journal keeps the latest requests.
type journal struct {
	mu        sync.Mutex
	list      []served
	first     int // index of the oldest in list, once it is full
	bytes     int
	truncated bool
}

func (j *journal) add(s served) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(s.Body) > maxServedBody || !json.Valid(s.Body) {
		s.Body = nil
	}
	j.bytes += len(s.Body)
	if len(j.list) < maxServed {
		j.list = append(j.list, s)
	} else {
		j.bytes -= len(j.list[j.first].Body)
		j.list[j.first] = s
		j.first = (j.first + 1) % maxServed
		j.truncated = true
	}
	// Over the limit the oldest lose their bodies, one for each new one.
	for i := 0; j.bytes > maxServedBytes && i < len(j.list); i++ {
		old := &j.list[(j.first+i)%len(j.list)]
		j.bytes -= len(old.Body)
		old.Body = nil
	}
}

// all lists what is kept, the oldest first, and says whether older ones were
// dropped.
func (j *journal) all() ([]served, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := make([]served, 0, len(j.list))
	out = append(out, j.list[j.first:]...)
	return append(out, j.list[:j.first]...), j.truncated
}

func (j *journal) clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.list, j.first, j.bytes, j.truncated = nil, 0, 0, false
}
