package sim

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/api"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/world"
)

// control is what is below /_sim/: it steers the simulation and is no API of
// Google's. It needs no token; the server listens on loopback only.
func (s *Server) control(w http.ResponseWriter, r *http.Request) {
	if why := foreign(r); why != "" {
		writeReply(w, controlError(http.StatusForbidden, why))
		return
	}
	path := strings.Trim(strings.TrimPrefix(r.URL.Path, "/_sim"), "/")
	fault, isFault := strings.CutPrefix(path, "faults/")
	var rep api.Reply
	switch {
	case path == "world" && r.Method == http.MethodGet:
		rep = s.getWorld()
	case path == "world" && r.Method == http.MethodPut:
		rep = s.putWorld(r)
	case path == "requests" && r.Method == http.MethodGet:
		list, truncated := s.requests.all()
		if truncated {
			w.Header().Set("X-Sim-Truncated", "true")
		}
		rep = api.CompactJSON(http.StatusOK, list)
	case path == "requests" && r.Method == http.MethodDelete:
		s.requests.clear()
		rep = api.JSON(http.StatusOK, struct{}{})
	case path == "clock" && r.Method == http.MethodGet:
		rep = s.clock(0)
	case path == "clock" && r.Method == http.MethodPost:
		rep = s.advance(r.URL.Query())
	case path == "faults" && r.Method == http.MethodGet:
		rep = s.listFaults()
	case isFault && r.Method == http.MethodPut:
		rep = s.fault(fault, r.URL.Query(), (*world.World).Activate)
	case isFault && r.Method == http.MethodDelete:
		rep = s.fault(fault, r.URL.Query(), (*world.World).Deactivate)
	default:
		rep = controlError(http.StatusNotFound, "there is no "+r.Method+" "+r.URL.Path+"; there are GET and PUT /_sim/world, GET /_sim/faults, "+
			"PUT and DELETE /_sim/faults/NAME, GET and DELETE /_sim/requests, GET /_sim/clock, POST /_sim/clock?advance=DURATION")
	}
	writeReply(w, rep)
}

// foreign says why a request comes from a page of another site, or "". A browser on the same machine reaches loopback,
// too: by a name that its owner lets point here, or by a request that the page sends across sites.
func foreign(r *http.Request) string {
	if !loopback(r.Host) {
		return "the host " + r.Host + " is no address of this machine; the control is at 127.0.0.1 and localhost"
	}
	origin := r.Header.Get("Origin")
	if u, err := url.Parse(origin); origin != "" && (err != nil || u.Scheme != "http" || u.Host != r.Host) {
		return "a page of " + origin + " may not steer the simulator"
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
		return "a page of another site may not steer the simulator"
	}
	return ""
}

// loopback reports whether a Host header names this machine by its loopback address or as localhost.
func loopback(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	address, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return name == "localhost" || err == nil && address.IsLoopback()
}

func controlError(status int, message string) api.Reply {
	return api.JSON(status, map[string]string{"error": message})
}

// lock locks the world, advances it to the present and returns it with the time and the function that unlocks it.
func (s *Server) lock() (*world.World, time.Time, func()) {
	s.mu.Lock()
	now := s.world.Now()
	s.world.AdvanceTo(now)
	return s.world, now, s.mu.Unlock
}

func (s *Server) getWorld() api.Reply {
	w, _, unlock := s.lock()
	defer unlock()
	return api.CompactJSON(http.StatusOK, w)
}

// putWorld replaces the world. After an invalid document it changes nothing.
func (s *Server) putWorld(r *http.Request) api.Reply {
	body, err := readWorldBody(r)
	if err != nil {
		return controlError(http.StatusBadRequest, err.Error())
	}
	next, err := world.Decode(body)
	if err != nil {
		return controlError(http.StatusBadRequest, err.Error())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	next.TrackAll(next.Now())
	if err := s.writeKubeconfig(next); err != nil {
		return controlError(http.StatusInternalServerError, err.Error())
	}
	s.world = next
	return api.JSON(http.StatusOK, struct{}{})
}

// clock advances the simulated time and runs what is due.
func (s *Server) clock(advance time.Duration) api.Reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Duration(s.world.Clock.Offset)+advance > world.MaxClockOffset {
		return controlError(http.StatusBadRequest, "the clock cannot be more than "+world.MaxClockOffset.String()+" ahead")
	}
	s.world.Clock.Offset += wire.Duration(advance)
	now := s.world.Now()
	s.world.AdvanceTo(now)
	return api.JSON(http.StatusOK, map[string]any{"now": wire.At(now)})
}

func (s *Server) advance(q url.Values) api.Reply {
	d, err := time.ParseDuration(q.Get("advance"))
	if err != nil || d < 0 {
		return controlError(http.StatusBadRequest, "advance must be a duration such as 15m, not "+q.Get("advance"))
	}
	return s.clock(d)
}

func (s *Server) listFaults() api.Reply {
	type row struct {
		world.Fault
		Active bool               `json:"active"`
		As     *world.ActiveFault `json:"as,omitempty"`
	}
	w, _, unlock := s.lock()
	defer unlock()
	var out []row
	for _, f := range world.Faults() {
		as := w.ActiveFault(f.Name)
		out = append(out, row{Fault: f, Active: as != nil, As: as})
	}
	return api.JSON(http.StatusOK, out)
}

// fault switches a fault on or off.
func (s *Server) fault(name string, q url.Values, do func(*world.World, string, map[string]string, time.Time) error) api.Reply {
	params := map[string]string{}
	for k := range q {
		params[k] = q.Get(k)
	}
	w, now, unlock := s.lock()
	defer unlock()
	status := http.StatusBadRequest
	if world.CheckFault(name) != nil {
		status = http.StatusNotFound
	}
	if err := do(w, name, params, now); err != nil {
		return controlError(status, err.Error())
	}
	return api.JSON(http.StatusOK, struct{}{})
}

// maxWorld bounds a world document: a hundred thousand clusters are about 300 MB.
const maxWorld = 512 << 20

func readWorldBody(r *http.Request) ([]byte, error) {
	body, err := readLimited(r, maxWorld)
	if err == nil && len(body) == 0 {
		err = errors.New("the body must be a world document, as GET /_sim/world answers it")
	}
	return body, err
}
