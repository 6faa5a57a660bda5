package api

import (
	"net/http"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/kube"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/world"
)

// A cluster's own API server, by its endpoint: through the proxy under the addresses that the container API gives, and
// as a plain request below /_cluster/PROJECT/LOCATION/NAME/.

// ClusterEndpoints serves every cluster's endpoint.
var ClusterEndpoints = &API{Host: "kubernetes", serve: serveEndpoint}

// serveEndpoint answers at a cluster's endpoint. A caller without a token of this world is not known there.
func serveEndpoint(c *call, authErr *wire.Error) Reply {
	p, cl := c.w.ClusterByEndpoint(c.host)
	if cl == nil { // went away since the host was looked up
		return JSON(http.StatusBadGateway, map[string]string{"error": "the cluster is gone"})
	}
	if authErr != nil {
		return kubeReply(kube.Unauthorized())
	}
	return c.serveKube(p, cl, p, c.r.URL.EscapedPath())
}

// serveKube hands a request to the cluster. Who may do what in it is read from IAM on the cluster's project and on the
// fleet's: a simplification, since a gateway role alone gives no right in the cluster.
func (c *call) serveKube(p *world.Project, cl *world.Cluster, fleet *world.Project, path string) Reply {
	k := c.w.Kubernetes(p, cl, c.now)
	holds := func(permissions ...string) bool {
		for _, perm := range permissions {
			if c.w.Allowed(p, c.who.Email, perm) || c.w.Allowed(fleet, c.who.Email, perm) {
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
	c.w.Kubernetes(p, cl, c.now) // controllers react at once, not when the next one asks
	return kubeReply(out)
}

func kubeReply(r kube.Response) Reply {
	return Reply{Status: r.Status, ContentType: r.ContentType, Body: r.Body, Watch: r.Watch}
}
