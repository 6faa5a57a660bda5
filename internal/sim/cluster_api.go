package sim

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/kube"
)

// A cluster's own API server, by its endpoint: through the proxy under the
// addresses that the container API gives, and on the plain door below
// /_cluster/PROJECT/LOCATION/NAME/.

// clusterPrefix begins the clusters' paths on the plain door.
const clusterPrefix = "/_cluster/"

// clusterAPI serves every cluster's endpoint.
var clusterAPI = &api{host: "kubernetes", serve: serveEndpoint}

// A clusterRef is a cluster and the project that it is in.
type clusterRef struct {
	project *Project
	cluster *Cluster
}

// findAPI finds the API of a host, clusters included.
func (s *Server) findAPI(host string) *api {
	if a := findAPI(host); a != nil {
		return a
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.world.clusterByEndpoint(host).cluster != nil {
		return clusterAPI
	}
	return nil
}

// clusterByEndpoint finds a cluster by its public address or its DNS name, or
// by PROJECT/LOCATION/NAME.
func (w *World) clusterByEndpoint(host string) clusterRef {
	host = strings.ToLower(host)
	if part := strings.Split(host, "/"); len(part) == 3 {
		if p := w.project(part[0]); p != nil {
			return clusterRef{p, p.cluster(part[1], part[2])}
		}
		return clusterRef{}
	}
	found, ok := w.endpoints[host]
	if ok && found.project.cluster(found.cluster.Location, found.cluster.Name) == found.cluster {
		return found
	}
	w.endpoints = map[string]clusterRef{}
	for _, p := range w.Projects {
		for _, c := range p.Clusters {
			for _, name := range c.endpointNames() {
				w.endpoints[name] = clusterRef{p, c}
			}
		}
	}
	return w.endpoints[host]
}

// endpointNames are what a cluster can be called by from outside.
func (c *Cluster) endpointNames() []string {
	var out []string
	if c.Endpoint != "" {
		out = append(out, c.Endpoint)
	}
	if e := c.ControlPlaneEndpointsConfig; e != nil && e.DNSEndpointConfig != nil && e.DNSEndpointConfig.Endpoint != "" {
		out = append(out, strings.ToLower(e.DNSEndpointConfig.Endpoint))
	}
	return out
}

// servePlainCluster serves /_cluster/PROJECT/LOCATION/NAME/<path>.
func (s *Server) servePlainCluster(w http.ResponseWriter, r *http.Request) {
	part := strings.SplitN(strings.TrimPrefix(r.URL.EscapedPath(), clusterPrefix), "/", 4)
	if len(part) < 3 {
		writeReply(w, controlError(http.StatusNotFound, "clusters are at "+s.URL()+clusterPrefix+"PROJECT/LOCATION/NAME/"))
		return
	}
	host := strings.Join(part[:3], "/")
	if s.findAPI(host) == nil {
		writeReply(w, controlError(http.StatusNotFound, "there is no cluster "+host+" in the world"))
		return
	}
	u := *r.URL
	u.RawPath = "/" + strings.Join(part[3:], "")
	u.Path, _ = url.PathUnescape(u.RawPath)
	s.serveAPI(w, r, "plain", host, &u)
}

// serveEndpoint answers at a cluster's endpoint. A caller without a token of
// this world is not known there.
func serveEndpoint(c *call, authErr *apiError) reply {
	ref := c.w.clusterByEndpoint(c.host)
	if ref.cluster == nil { // went away since the host was looked up
		return jsonReply(http.StatusBadGateway, controlBody("the cluster is gone"))
	}
	if authErr != nil {
		return kubeReply(kube.Unauthorized())
	}
	return c.serveKube(ref.project, ref.cluster, ref.project, c.r.URL.EscapedPath())
}

func controlBody(message string) map[string]string { return map[string]string{"error": message} }

// serveKube hands a request to the cluster. Who may do what in it is read
// from IAM on the cluster's project and on the fleet's: a simplification,
// since a gateway role alone gives no right in the cluster.
func (c *call) serveKube(p *Project, cl *Cluster, fleet *Project, path string) reply {
	k := c.w.kube(p, cl, c.now)
	holds := func(permissions ...string) bool {
		for _, perm := range permissions {
			if c.w.allowed(p, c.who.Email, perm) || c.w.allowed(fleet, c.who.Email, perm) {
				return true
			}
		}
		return false
	}
	out := k.Serve(&kube.Request{
		Method: c.r.Method, Path: path, Query: c.query, Header: c.r.Header, Body: c.body, User: c.who.Email,
		Allowed: func(write bool) bool {
			if write {
				return holds("container.pods.update", "gkehub.gateway.patch")
			}
			return holds("container.pods.list", "gkehub.gateway.get")
		},
	})
	c.w.kube(p, cl, c.now) // controllers react at once, not when the next one asks
	return kubeReply(out)
}

func kubeReply(r kube.Response) reply {
	return reply{status: r.Status, contentType: r.ContentType, body: r.Body, watch: r.Watch}
}

// watchEvery is how often a watch looks for changes.
const watchEvery = 50 * time.Millisecond

// stream serves a watch until the client leaves, its time is over, the world
// is replaced or the server ends. Of a damaged one the first half is "{": a
// stream has no middle.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, rep reply, damage string) {
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		rep.watch.Close()
	}()
	if damage != "" {
		rep.body = []byte("{}")
		if damage == "cut" {
			cut(w, r, rep)
		}
		rep.body = rep.body[:1]
		writeReply(w, rep)
		return
	}
	w.Header().Set("Content-Type", rep.contentType)
	w.WriteHeader(rep.status)
	flush := http.NewResponseController(w)
	began := time.Now()
	for {
		events, more := s.watched(rep.watch)
		for _, e := range events {
			if _, err := w.Write(append(e, '\n')); err != nil {
				return
			}
		}
		if flush.Flush() != nil || !more || r.Context().Err() != nil || s.ctx.Err() != nil {
			return
		}
		if t := rep.watch.Timeout; t > 0 && time.Since(began) >= t {
			return
		}
		s.pause(r.Context(), watchEvery)
	}
}

// watched lets time pass in a watched cluster and gives what happened.
func (s *Server) watched(watch *kube.Watch) ([][]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.world.now()
	s.world.settle(now)
	if !s.world.refresh(watch.Cluster(), now) {
		return nil, false
	}
	return watch.Next()
}
