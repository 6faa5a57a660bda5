package control

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// Requests are the exchanges that a simulator has had. The zero value is empty; it is safe for concurrent use.
type Requests struct {
	mu   sync.Mutex
	seen []sim.Exchange
}

// Observe records an exchange; it is for sim.Options.
func (r *Requests) Observe(e sim.Exchange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, e)
}

// All returns the exchanges since the last Forget, in order.
func (r *Requests) All() []sim.Exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.seen)
}

// Writes returns those of All that changed something, or attempted to.
func (r *Requests) Writes() []sim.Exchange {
	return slices.DeleteFunc(r.All(), func(e sim.Exchange) bool { return !IsWrite(e) })
}

// Lines returns each of All as its Line.
func (r *Requests) Lines() (lines []string) {
	for _, e := range r.All() {
		lines = append(lines, Line(e))
	}
	return lines
}

// Count returns how many of Lines contain part.
func (r *Requests) Count(part string) (n int) {
	for _, line := range r.Lines() {
		if strings.Contains(line, part) {
			n++
		}
	}
	return n
}

// Forget drops everything recorded.
func (r *Requests) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = nil
}

// readsByPost are how the paths of requests end that read by POST.
var readsByPost = []string{
	":getIamPolicy", ":testIamPermissions", ":search", "/entries:list", ":generateAccessToken",
	"/selfsubjectaccessreviews", "/selfsubjectrulesreviews", "/selfsubjectreviews",
}

// IsWrite reports whether a request changes something of the world, or attempts to.
func IsWrite(e sim.Exchange) bool {
	if e.Method == http.MethodGet || e.Method == http.MethodHead || e.Host == "oauth2.googleapis.com" {
		return false
	}
	return !slices.ContainsFunc(readsByPost, func(end string) bool { return strings.HasSuffix(e.Path, end) })
}

// Line is an exchange as "METHOD HOST/PATH STATUS".
func Line(e sim.Exchange) string {
	return e.Method + " " + e.Host + e.Path + " " + strconv.Itoa(e.Status)
}
