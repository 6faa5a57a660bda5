package sim

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/api"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
)

var discardLog = log.New(io.Discard, "", 0)

type connKey struct{}

// withConnection remembers a request's connection, which the fault "cut" resets.
func withConnection(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// Handler serves everything on one address: a CONNECT or an absolute URL comes from a client of the proxy; a path is a
// plain request to an API, or to the control API below /_sim/.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodConnect:
			s.connect(w, r)
		case r.URL.IsAbs():
			s.serveAPI(w, r, "proxy", r.URL.Hostname(), r.URL)
		case r.URL.Path == "/_sim" || strings.HasPrefix(r.URL.Path, "/_sim/"):
			s.control(w, r)
		case strings.HasPrefix(r.URL.Path, clusterPrefix):
			s.servePlainCluster(w, r)
		default:
			s.servePlain(w, r)
		}
	})
}

// servePlain serves /<host of the API>/<path>.
func (s *Server) servePlain(w http.ResponseWriter, r *http.Request) {
	host, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	if api.Find(host) == nil {
		writeReply(w, api.JSON(http.StatusNotFound, map[string]any{
			"error": "there is no simulated API at " + r.URL.Path,
			"usage": "APIs are at " + s.URL() + "/<host>/<path>, and as themselves through the proxy; the control is below " + s.URL() + "/_sim/",
			"hosts": api.Hosts(),
		}))
		return
	}
	u := *r.URL
	u.RawPath = "/" + rest
	u.Path, _ = url.PathUnescape(u.RawPath)
	s.serveAPI(w, r, "plain", host, &u)
}

// serveAPI answers one request to a simulated API.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request, door, host string, u *url.URL) {
	a := s.findAPI(host)
	if a == nil {
		http.Error(w, unknownHostMessage(host), http.StatusBadGateway)
		return
	}
	body, err := readBody(r)
	if err != nil {
		writeReply(w, api.Reply{Status: http.StatusBadRequest, ContentType: "text/plain; charset=UTF-8", Body: []byte(err.Error() + "\n")})
		return
	}
	// Handlers read the API's own path, however the request came.
	in := r.Clone(r.Context())
	in.URL = u
	s.pause(r.Context(), s.options.Latency)
	rep, damage, who := s.exchange(in, a, host, body)
	s.note(in, door, host, body, rep, who)
	s.mu.Lock()
	w.Header().Set("Date", s.world.Now().UTC().Format(http.TimeFormat)) // the clock of the world's logs
	s.mu.Unlock()
	if rep.Watch != nil {
		s.stream(w, r, rep, damage)
		return
	}
	switch damage {
	case "cut":
		cut(w, r, rep)
	case "malformed":
		rep.Body = rep.Body[:len(rep.Body)/2]
		writeReply(w, rep)
	default:
		writeReply(w, rep)
	}
}

// exchange answers a request and returns the damage that a fault does to the answer, and the caller.
func (s *Server) exchange(r *http.Request, a *api.API, host string, body []byte) (rep api.Reply, damage, who string) {
	if a.Host == wire.HostOAuth {
		return api.ServeToken(r, body), "", ""
	}
	s.mu.Lock()
	d := api.Delay(s.world, host, r)
	s.mu.Unlock()
	s.pause(r.Context(), d)

	s.mu.Lock()
	defer s.mu.Unlock()
	return s.apis.Serve(s.world, a, host, r, body)
}

// note logs a request and calls the observer with the intended answer, before a fault damages it.
func (s *Server) note(r *http.Request, door, host string, body []byte, rep api.Reply, who string) {
	now := time.Now()
	s.requests.add(loggedRequest{
		Time: wire.At(now), Door: door, Method: r.Method, Host: host, Path: r.URL.Path, Query: r.URL.RawQuery,
		Caller: who, UserAgent: r.UserAgent(), Status: rep.Status, Body: body,
	})
	if s.options.Observe == nil {
		return
	}
	s.options.Observe(Exchange{
		Time: now, Door: door, Caller: who, UserAgent: r.UserAgent(), Method: r.Method, Host: host,
		Path: r.URL.Path, RawQuery: r.URL.RawQuery, RequestHeader: r.Header.Clone(), RequestBody: body,
		Status: rep.Status, ResponseHeader: header(rep), ResponseBody: rep.Body,
	})
}

// header are the headers of every answer (golden, agrees with recorded bodies): no Retry-After, no X-RateLimit.
func header(rep api.Reply) http.Header {
	h := http.Header{}
	h.Set("Content-Type", rep.ContentType)
	h.Set("Server", "ESF")
	h.Set("Vary", "Origin, X-Origin, Referer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(rep.Body)))
	return h
}

func writeReply(w http.ResponseWriter, rep api.Reply) {
	for k, v := range header(rep) {
		w.Header()[k] = v
	}
	w.WriteHeader(rep.Status)
	_, _ = w.Write(rep.Body)
}

// cut sends half of an answer and resets the connection.
func cut(w http.ResponseWriter, r *http.Request, rep api.Reply) {
	for k, v := range header(rep) {
		w.Header()[k] = v
	}
	w.WriteHeader(rep.Status)
	_, _ = w.Write(rep.Body[:len(rep.Body)/2])
	_ = http.NewResponseController(w).Flush()
	conn, _ := r.Context().Value(connKey{}).(net.Conn)
	for {
		outer, ok := conn.(interface{ NetConn() net.Conn }) // TLS, and what it reads from
		if !ok {
			break
		}
		conn = outer.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // close with a reset
		_ = tcp.Close()
	}
	panic(http.ErrAbortHandler)
}

func unknownHostMessage(host string) string {
	return "the simulator does not simulate " + host + " and connects to nothing else; it simulates " + strings.Join(api.Hosts(), ", ")
}
