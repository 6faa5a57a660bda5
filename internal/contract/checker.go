package contract

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
)

// An Exchange is a request and the answer to it.
type Exchange struct {
	Method       string // GET, ...
	Host         string // of the API; a port is ignored
	Path         string // from the slash after the host, escaped or not
	RawQuery     string
	RequestBody  []byte
	Status       int
	ResponseBody []byte
}

// A Part is the part of an exchange in which a problem is.
type Part string

// The parts of an exchange.
const (
	URL          Part = "URL"
	Query        Part = "query"
	RequestBody  Part = "request body"
	ResponseBody Part = "response body"
)

// A Problem is one way in which an exchange differs from what Google describes.
type Problem struct {
	Document string // the API and its version, such as "gkehub:v1"; empty when the host is of none
	Method   string // the id, such as "gkehub.projects.locations.features.get"; empty when there is none
	Part     Part
	Path     string // in a body, the JSON path, such as "$.state.code"; in a query, the parameter's name
	Message  string
	Exchange string // method, URL and status
}

// InRequest reports whether the client is to blame, rather than the server.
func (p Problem) InRequest() bool { return p.Part != ResponseBody }

// String returns the problem on one line.
func (p Problem) String() string {
	var b strings.Builder
	if p.Method != "" {
		fmt.Fprintf(&b, "%s (%s): ", p.Method, p.Document)
	}
	b.WriteString(string(p.Part))
	if p.Path != "" {
		b.WriteString(" " + p.Path)
	}
	fmt.Fprintf(&b, " %s [%s]", p.Message, p.Exchange)
	return b.String()
}

// A Call is a method that was seen.
type Call struct {
	Document string // such as "gkehub:v1"
	Method   string // the id
}

// Seen counts the exchanges of a method.
type Seen struct {
	OK     int // answered with a 2xx, so that the response was held against the method's schema
	Failed int
}

// A Checker checks exchanges and remembers which methods it has seen. It is safe for concurrent use.
type Checker struct {
	newEnums bool
	hosts    map[string][]*document

	mu      sync.Mutex
	ignored []string
	seen    map[Call]Seen
}

// An Option changes what a [Checker] accepts.
type Option func(*Checker)

// AllowNewEnums makes a [Checker] accept values of enumerations that the documents do not list in responses,
// for tests of what a client does with those of the future.
func AllowNewEnums() Option { return func(c *Checker) { c.newEnums = true } }

// New returns a Checker for Cloud Resource Manager v1 and v3, Service Usage v1 and v1beta1, Container v1,
// GKE Hub v1 and v2 with their alpha and beta versions, Logging v2 and IAM Credentials v1. It returns an
// error when the documents cannot be found (see [Dir]) or use a feature that this package does not check.
func New(options ...Option) (*Checker, error) {
	docs, err := documents()
	if err != nil {
		return nil, err
	}
	c := &Checker{hosts: make(map[string][]*document), seen: make(map[Call]Seen)}
	for _, option := range options {
		option(c)
	}
	for _, d := range docs {
		urls := []string{d.RootURL, d.MTLSRootURL}
		for _, e := range d.Endpoints {
			urls = append(urls, e.URL)
		}
		for _, text := range urls {
			u, err := url.Parse(text)
			if err != nil {
				return nil, fmt.Errorf("discovery document %s: %w", d.ID, err)
			}
			c.hosts[u.Host] = append(c.hosts[u.Host], d)
		}
	}
	return c, nil
}

// Ignore makes the Checker accept everything on a host that no document describes, and on that host with
// the prefix of a region: connectgateway.googleapis.com covers us-central1-connectgateway.googleapis.com.
func (c *Checker) Ignore(host string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ignored = append(c.ignored, hostname(host))
}

func (c *Checker) ignores(host string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, ignored := range c.ignored {
		if host == ignored || strings.HasSuffix(host, "-"+ignored) {
			return true
		}
	}
	return false
}

// hostname returns a host in lower case and without a port.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(host)
}

// Calls returns how often each method was seen, by method id, whatever the answer. APIs of several versions
// have the same ids in each; [Checker.Seen] distinguishes them.
func (c *Checker) Calls() map[string]int {
	calls := make(map[string]int)
	for call, seen := range c.Seen() {
		calls[call.Method] += seen.OK + seen.Failed
	}
	return calls
}

// Seen returns how often each method of each document was seen.
func (c *Checker) Seen() map[Call]Seen {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := make(map[Call]Seen, len(c.seen))
	for call, n := range c.seen {
		seen[call] = n
	}
	return seen
}

func (c *Checker) remember(call Call, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.seen[call]
	if ok {
		n.OK++
	} else {
		n.Failed++
	}
	c.seen[call] = n
}

// Check returns what is wrong with an exchange, which is nothing when it conforms.
func (c *Checker) Check(e Exchange) []Problem {
	host := hostname(e.Host)
	k := &check{exchange: e, docs: c.hosts[host]}
	if len(k.docs) == 0 {
		if !c.ignores(host) {
			k.add(URL, "", "is of a host that no discovery document describes")
		}
		return k.problems
	}
	k.route()
	if k.method != nil {
		c.remember(Call{k.doc.ID, k.method.ID}, succeeded(e.Status))
		k.query()
		k.request()
	}
	k.response(c.newEnums)
	return k.problems
}

func succeeded(status int) bool { return status >= 200 && status < 300 }
