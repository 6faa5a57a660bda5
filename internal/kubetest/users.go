package kubetest

import (
	"encoding/json"
	"net"
	"net/http"
	"net/mail"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	"k8s.io/client-go/rest"
)

// Admin is the user who may do everything.
const Admin = "admin@kubetest.example"

// tokenPrefix begins every access token, as it does in the simulator.
const tokenPrefix = "sim-token."

// Token is the access token of the user of that email address.
func Token(email string) string { return tokenPrefix + email }

// emailOf returns whose token it is. What follows a "~" is who impersonated the user.
func emailOf(token string) (string, bool) {
	rest, ok := strings.CutPrefix(token, tokenPrefix)
	if !ok {
		return "", false
	}
	email, _, _ := strings.Cut(rest, "~")
	if _, err := mail.ParseAddress(email); err != nil {
		return "", false
	}
	return strings.ToLower(email), true
}

// groupsOf returns the groups of a user: what makes the Admin one, without a role.
func groupsOf(email string) []string {
	if email == Admin {
		return []string{"system:masters"}
	}
	return nil
}

// An authenticator resolves a token to its user for the API server. A file of tokens could not do it: the
// API server reads such a file once, and tests make users as they go.
type authenticator struct {
	server *http.Server
	url    string
}

func newAuthenticator() (*authenticator, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // binding to loopback does not wait
	if err != nil {
		return nil, err
	}
	a := &authenticator{url: "http://" + listener.Addr().String()}
	a.server = &http.Server{Handler: http.HandlerFunc(review), ReadHeaderTimeout: time.Minute}
	go func() { _ = a.server.Serve(listener) }() // it always ends with an error, that of Close
	return a, nil
}

func review(w http.ResponseWriter, r *http.Request) {
	var asked authenticationv1.TokenReview
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	asked.Status = authenticationv1.TokenReviewStatus{Audiences: asked.Spec.Audiences}
	if email, ok := emailOf(asked.Spec.Token); ok {
		asked.Status.Authenticated = true
		asked.Status.User = authenticationv1.UserInfo{Username: email, UID: email, Groups: groupsOf(email)}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(asked) // the API server has gone
}

// file writes the kubeconfig by which the API server finds the authenticator.
func (a *authenticator) file(path string) error {
	return writeKubeconfig(path, &rest.Config{Host: a.url})
}

func (a *authenticator) stop() error { return a.server.Close() }
