package api

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/world"
)

// Connect Gateway: the way into a cluster through its membership.
//
//	/v1/projects/P/locations/L/gkeMemberships/M/<path of the cluster>
//	/v1/projects/P/locations/L/memberships/M:generateCredentials
//
// Its own refusals have Google's envelope; what comes from the cluster is a Kubernetes Status.

// gatewayVerbs are the permissions by method.
var gatewayVerbs = map[string]string{
	http.MethodGet: "get", http.MethodHead: "get", http.MethodPost: "post", http.MethodPut: "put", http.MethodPatch: "patch",
	http.MethodDelete: "delete",
}

// A gatewayPath is a request's path, taken apart.
type gatewayPath struct {
	version    string
	project    string
	location   string
	collection string // gkeMemberships or memberships
	membership string
	verb       string // after the colon
	rest       string // the cluster's path
}

func parseGatewayPath(path string) (gatewayPath, bool) {
	part := strings.SplitN(strings.TrimPrefix(path, "/"), "/", 8)
	if len(part) < 7 || part[1] != "projects" || part[3] != "locations" || (part[5] != "gkeMemberships" && part[5] != "memberships") {
		return gatewayPath{}, false
	}
	switch part[0] {
	case "v1", "v1beta1", "v1alpha1":
	default:
		return gatewayPath{}, false
	}
	g := gatewayPath{version: part[0], project: part[2], location: part[4], collection: part[5]}
	name, err := url.PathUnescape(part[6])
	if err != nil {
		return gatewayPath{}, false
	}
	g.membership, g.verb, _ = strings.Cut(name, ":")
	g.rest = "/"
	if len(part) == 8 {
		g.rest += part[7]
	}
	if g.verb != "" && (g.verb != "generateCredentials" || len(part) == 8) {
		return gatewayPath{}, false
	}
	return g, g.membership != ""
}

// host is where a location's memberships are served.
func (g gatewayPath) host() string {
	if g.location == "global" {
		return wire.HostGateway
	}
	return g.location + "-" + wire.HostGateway
}

// serveGateway answers a request to Connect Gateway.
func serveGateway(c *call, authErr *wire.Error) Reply {
	refuse := func(e *wire.Error) Reply { return JSON(e.HTTPStatus(), e.Envelope(false)) }
	if authErr != nil {
		return refuse(authErr)
	}
	g, ok := parseGatewayPath(c.r.URL.EscapedPath())
	if !ok {
		return notFoundPage(c.r.URL.Path)
	}
	if err := c.checkConsumer(g.project); err != nil {
		return refuse(err)
	}
	if !strings.EqualFold(c.host, g.host()) {
		return refuse(wire.Invalid("Request contains an invalid argument.")) // recorded
	}
	permission := "gkehub.gateway." + gatewayVerbs[c.r.Method]
	if g.verb != "" {
		permission = "gkehub.gateway." + g.verb
	}
	name := "projects/" + g.project + "/locations/" + g.location + "/memberships/" + g.membership
	fleet := c.w.Project(g.project)
	if fleet == nil || fleet.Deleted() || !c.w.Allowed(fleet, c.who.Email, permission) {
		// inferred
		return refuse(wire.Denied("Permission '%s' denied on resource \"//gkehub.googleapis.com/%s\" (or it may not exist).", permission, name))
	}
	var m *world.Membership
	if fleet.Fleet != nil {
		m = fleet.Fleet.Membership(world.MembershipKey(g.location, g.membership))
	}
	if m == nil {
		return refuse(wire.NotFound("Resource '%s' was not found", name)) // inferred
	}
	if g.verb != "" {
		if c.r.Method != http.MethodGet {
			return notFoundPage(c.r.URL.Path)
		}
		return JSON(http.StatusOK, c.gatewayCredentials(g, fleet, m))
	}
	if g.collection == "gkeMemberships" && m.ClusterLink() == "" {
		return refuse(wire.FailedPrecondition("Membership %s is not a GKE membership.", name)) // inferred
	}
	p, cl := c.w.MemberCluster(m)
	if cl == nil {
		return refuse(wire.NewError(wire.StatusUnavailable, "The cluster of membership %s cannot be reached.", name)) // inferred
	}
	return c.serveKube(p, cl, fleet, g.rest)
}

// GatewayURL is where a membership's cluster is reached. gcloud writes the project's number.
func GatewayURL(version string, fleet *world.Project, m *world.Membership) string {
	g := gatewayPath{location: m.Location}
	collection := "memberships"
	if m.ClusterLink() != "" {
		collection = "gkeMemberships"
	}
	return "https://" + g.host() + "/" + version + "/projects/" + fleet.Number() + "/locations/" + m.Location + "/" + collection + "/" + m.Name
}

// gatewayCredentials is connectgateway.v1.GenerateCredentialsResponse: the
// kubeconfig logs in by Google's plugin, as the real one does.
func (c *call) gatewayCredentials(g gatewayPath, fleet *world.Project, m *world.Membership) any {
	endpoint := GatewayURL(g.version, fleet, m)
	context := ContextName(fleet, m)
	namespace := ""
	if ns := c.param("kubernetesNamespace"); ns != "" {
		context += "_ns-" + ns
		namespace = "    namespace: " + strconv.Quote(ns) + "\n"
	}
	config := "apiVersion: v1\nclusters:\n- cluster:\n    server: " + endpoint + "\n  name: " + strconv.Quote(context) +
		"\ncontexts:\n- context:\n    cluster: " + strconv.Quote(context) + "\n" + namespace + "    user: " + strconv.Quote(context) +
		"\n  name: " + strconv.Quote(context) +
		"\ncurrent-context: " + strconv.Quote(context) + "\nkind: Config\npreferences: {}\nusers:\n- name: " + strconv.Quote(context) +
		"\n  user:\n    exec:\n      apiVersion: client.authentication.k8s.io/v1beta1\n      command: gke-gcloud-auth-plugin\n" +
		"      installHint: Install gke-gcloud-auth-plugin for use with kubectl by following\n" +
		"        https://cloud.google.com/kubernetes-engine/docs/how-to/cluster-access-for-kubectl#install_plugin\n" +
		"      provideClusterInfo: true\n"
	return map[string]string{"endpoint": endpoint, "kubeconfig": base64.StdEncoding.EncodeToString([]byte(config))}
}

// ContextName is how gcloud names a membership's context.
func ContextName(fleet *world.Project, m *world.Membership) string {
	return "connectgateway_" + fleet.ProjectID + "_" + m.Location + "_" + m.Name
}
