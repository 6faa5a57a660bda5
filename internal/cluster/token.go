package cluster

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	authv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// DebugRequest says what to ask the control plane of a revision.
type DebugRequest struct {
	Revision       string // default: asm-managed
	Namespace      string // of the service account; default: default
	ServiceAccount string // default: default
	// HTTP reaches the control plane; nil is the machine's way. It is not the
	// cluster's: the managed control plane is on the internet.
	HTTP http.RoundTripper
}

// Debug is what the control plane answered.
type Debug struct {
	Address string // https://HOST of the webhook's URL
	Status  int
	Configs int    // objects in the answer, or -1 where it is no list
	Body    []byte // the answer, at most debugLimit of it
}

const (
	tokenAudience = "istio-ca"
	tokenSeconds  = 600     // the shortest that Kubernetes gives; that of Google's page lasts 30 days
	debugLimit    = 4 << 20 // of the answer
)

// Debug does what Google's page does to debug injection, in one read: a token for the audience istio-ca, the host of
// the injection webhook's URL, and GET /debug/configz there. The token is sent to the address that the revision's
// environment names, if that is one of Google's, and to no other. It is never shown, and expires by itself.
func (c *Cluster) Debug(ctx context.Context, r DebugRequest) (Debug, error) {
	r.Revision = cmp.Or(r.Revision, "asm-managed")
	r.Namespace, r.ServiceAccount = cmp.Or(r.Namespace, "default"), cmp.Or(r.ServiceAccount, "default")
	address, err := c.controlPlane(ctx, r.Revision)
	if err != nil {
		return Debug{}, err
	}
	token, err := c.token(ctx, r.Namespace, r.ServiceAccount)
	if err != nil {
		return Debug{}, err
	}
	return c.configz(ctx, r.HTTP, address, token)
}

// controlPlane is the address to send the token to: the webhook's, when it is the one that the environment names.
// Otherwise, a caller who may write a webhook could have the token sent to another host.
func (c *Cluster) controlPlane(ctx context.Context, revision string) (*url.URL, error) {
	s, err := c.read(ctx, false, partMutating, partEnvironments)
	if err != nil {
		return nil, err
	}
	for _, p := range []part{partMutating, partEnvironments} {
		if err := s.Unread[string(p)]; err != nil {
			return nil, err
		}
	}
	expected := ""
	for _, e := range s.Environments {
		if e.Revision == revision {
			expected = e.InjectURL()
		}
	}
	if expected == "" {
		return nil, fmt.Errorf("%s: ConfigMap %s%s in %s does not name the address of the control plane, so no token is sent anywhere", c,
			mesh.EnvironmentPrefix, revision, mesh.SystemNamespace)
	}
	var seen []string
	for _, w := range s.Mutating {
		if w.Revision() != revision || w.Tag() != "" {
			continue
		}
		for _, hook := range w.Webhooks {
			if mesh.SameURL(hook.URL, expected) {
				return c.googleAddress(hook.URL)
			}
			seen = append(seen, hook.URL)
		}
	}
	if len(seen) == 0 {
		return nil, fmt.Errorf("%s has no mutating webhook of revision %s with a URL", c, revision)
	}
	return nil, fmt.Errorf("%s: the webhook of revision %s calls %s, and its environment expects %s; no token is sent to an address that "+
		"differs", c, revision, seen[0], expected)
}

// googleAddress is the control plane's address in a webhook's URL. Whoever may write both the webhook and the environment could
// name any host; the managed control plane is at Cloud Run or behind meshconfig, and the token of a workload goes nowhere else.
func (c *Cluster) googleAddress(injectURL string) (*url.URL, error) {
	u, err := url.Parse(injectURL)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%q is not the https URL of a control plane", injectURL)
	}
	host, port := strings.ToLower(u.Hostname()), u.Port()
	proxy := "meshconfig." + cmp.Or(c.access.config.Universe, "googleapis.com")
	if host != proxy && !strings.HasSuffix(host, ".run.app") || port != "" && port != "443" || u.User != nil {
		return nil, fmt.Errorf("%s: %s is neither of Cloud Run (*.run.app) nor %s, where the managed control plane listens; "+
			"no token is sent there", c, u.Host, proxy)
	}
	before, _, _ := strings.Cut(u.Path, "/inject") // as on Google's page
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: before}, nil
}

// secret is a token; printing it shows nothing.
type secret string

func (secret) String() string   { return "(hidden)" }
func (secret) GoString() string { return "(hidden)" }

func (c *Cluster) token(ctx context.Context, namespace, account string) (secret, error) {
	seconds := int64(tokenSeconds)
	ask := authv1.TokenRequest{Spec: authv1.TokenRequestSpec{Audiences: []string{tokenAudience}, ExpirationSeconds: &seconds}}
	ask.Kind, ask.APIVersion = "TokenRequest", "authentication.k8s.io/v1"
	body, err := json.Marshal(ask)
	if err != nil {
		return "", fmt.Errorf("cannot write a TokenRequest: %w", err)
	}
	var answer authv1.TokenRequest
	err = c.do(ctx, request{
		doing: "get a short-lived token of service account " + namespace + "/" + account, verb: "create",
		resource: serviceAccounts, namespace: namespace, name: account, subresource: "token",
		contentType: "application/json", body: body,
	}, &answer)
	if err != nil {
		return "", err
	}
	if answer.Status.Token == "" {
		return "", fmt.Errorf("%s gave no token for service account %s/%s", c, namespace, account)
	}
	return secret(answer.Status.Token), nil
}

func (c *Cluster) configz(ctx context.Context, via http.RoundTripper, address *url.URL, token secret) (Debug, error) {
	ctx, cancel := context.WithTimeout(ctx, c.access.config.RequestTimeout)
	defer cancel()
	if via == nil {
		via = c.access.gateway
	}
	where := address.JoinPath("debug", "configz").String()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, where, nil)
	if err != nil {
		return Debug{}, fmt.Errorf("cannot ask %s: %w", where, err)
	}
	request.Header.Set("Authorization", "Bearer "+string(token))
	failed := func(err error) (Debug, error) {
		return Debug{}, fmt.Errorf("the control plane at %s does not answer: %w", address.Host, err)
	}
	response, err := (&http.Client{Transport: via, CheckRedirect: noRedirect}).Do(request)
	if err != nil {
		return failed(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, debugLimit))
	if err != nil {
		return failed(err)
	}
	d := Debug{Address: address.String(), Status: response.StatusCode, Configs: -1}
	// A debugging page that echoes the request must not give the token away.
	d.Body = []byte(strings.ReplaceAll(string(body), string(token), token.String()))
	var configs []json.RawMessage
	var wrapped corev1.List
	switch {
	case json.Unmarshal(body, &configs) == nil:
		d.Configs = len(configs)
	case json.Unmarshal(body, &wrapped) == nil && wrapped.Items != nil:
		d.Configs = len(wrapped.Items)
	}
	return d, nil
}
