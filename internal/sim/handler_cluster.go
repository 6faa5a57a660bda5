package sim

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/api"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/kube"
)

// clusterPrefix begins the paths of clusters for plain requests.
const clusterPrefix = "/_cluster/"

// findAPI finds the API of a host, clusters included.
func (s *Server) findAPI(host string) *api.API {
	if a := api.Find(host); a != nil {
		return a
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, c := s.world.ClusterByEndpoint(host); c != nil {
		return api.ClusterEndpoints
	}
	return nil
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

// watchEvery is how often a watch looks for changes.
const watchEvery = 50 * time.Millisecond

// stream serves a watch until the client leaves, its time is over, the world is replaced or the server ends. A damaged
// stream sends only "{", because it has no half.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, rep api.Reply, damage string) {
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		rep.Watch.Close()
	}()
	if damage != "" {
		rep.Body = []byte("{}")
		if damage == "cut" {
			cut(w, r, rep)
		}
		rep.Body = rep.Body[:1]
		writeReply(w, rep)
		return
	}
	w.Header().Set("Content-Type", rep.ContentType)
	w.WriteHeader(rep.Status)
	flush := http.NewResponseController(w)
	began := time.Now()
	for {
		events, more := s.watched(rep.Watch)
		for _, e := range events {
			if _, err := w.Write(append(e, '\n')); err != nil {
				return
			}
		}
		if flush.Flush() != nil || !more || r.Context().Err() != nil || s.ctx.Err() != nil {
			return
		}
		if t := rep.Watch.Timeout; t > 0 && time.Since(began) >= t {
			return
		}
		s.pause(r.Context(), watchEvery)
	}
}

// watched advances a watched cluster to the present and returns its new events.
func (s *Server) watched(watch *kube.Watch) ([][]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.world.Now()
	s.world.AdvanceTo(now)
	if !s.world.Refresh(watch.Cluster(), now) {
		return nil, false
	}
	return watch.Next()
}
