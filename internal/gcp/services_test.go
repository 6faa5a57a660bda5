package gcp

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

func serviceUsage(t *testing.T, handler http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c, err := New(t.Context(), Config{AccessToken: "t", Clock: wait.NewJumping(time.Now()), Endpoints: Endpoints{ServiceUsage: server.URL,
		GKEHub: server.URL}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// An API of the default set that the caller may not see says nothing about another one.
func TestAnInvisibleDefaultAPI(t *testing.T) {
	var requests atomic.Int32
	c := serviceUsage(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		names := r.URL.Query()["names"]
		if strings.Contains(strings.Join(names, " "), "trafficdirector") {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"error":{"code":403,"message":"no","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/`+
				`google.rpc.ErrorInfo","reason":"SERVICE_CONFIG_NOT_FOUND_OR_PERMISSION_DENIED"}]}}`)
			return
		}
		fmt.Fprintf(w, `{"services":[{"name":%q,"state":"ENABLED"}]}`, names[0])
	})
	for i, name := range []string{"container.googleapis.com", "storage.googleapis.com"} {
		states, err := c.Services(t.Context(), "p-mesh-1", []string{name})
		if err != nil || states[name] != "ENABLED" || requests.Load() != int32(2+i) {
			t.Errorf("%v, %v after %d requests", states, err, requests.Load())
		}
	}
	// What a question itself names stays unknown.
	if states, err := c.Services(t.Context(), "p-mesh-1", []string{"trafficdirector.googleapis.com"}); err == nil {
		t.Errorf("%v", states)
	}
}

func TestServicesWithoutBatchGet(t *testing.T) {
	c := serviceUsage(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ":batchGet") {
			http.NotFound(w, r)
			return
		}
		fmt.Fprintf(w, `{"name":%q,"state":"DISABLED"}`, strings.TrimPrefix(r.URL.Path, "/v1/"))
	})
	states, err := c.Services(t.Context(), "p-mesh-1", []string{"container.googleapis.com", "mesh.googleapis.com"})
	if err != nil || states["container.googleapis.com"] != "DISABLED" || states["mesh.googleapis.com"] != "DISABLED" {
		t.Errorf("%v, %v", states, err)
	}
}

// GKE Hub refuses a change of a feature that another one is under way on.
func TestAChangeOfTheFleetWaitsForOthers(t *testing.T) {
	name, err := mesh.ParseMembership("projects/p-mesh-1/locations/us-central1/memberships/m")
	if err != nil {
		t.Fatal(err)
	}
	for _, refusal := range []struct {
		code            int
		status, message string
		writes          int32
	}{
		{http.StatusConflict, "ABORTED", "busy", 3},
		{http.StatusConflict, "", "unable to queue the operation", 3},
		{http.StatusBadRequest, "FAILED_PRECONDITION", "An operation on this resource is already in progress.", 3},
		{http.StatusBadRequest, "FAILED_PRECONDITION", "The membership has no endpoint.", 1},
		{http.StatusBadRequest, "INVALID_ARGUMENT", "An operation is in progress.", 1},
		{http.StatusConflict, "ALREADY_EXISTS", "busy", 1},
	} {
		var writes atomic.Int32
		c := serviceUsage(t, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Method == http.MethodGet:
				fmt.Fprint(w, `{}`)
			case writes.Add(1) < 3:
				w.WriteHeader(refusal.code)
				fmt.Fprintf(w, `{"error":{"code":%d,"status":%q,"message":%q}}`, refusal.code, refusal.status, refusal.message)
			default:
				fmt.Fprint(w, `{"name":"projects/p-mesh-1/locations/global/operations/o","done":true}`)
			}
		})
		err := c.SetManagement(t.Context(), name, HubV1, mesh.ManagementAutomatic)
		if (err == nil) != (refusal.writes == 3) || writes.Load() != refusal.writes {
			t.Errorf("%+v: %v after %d writes", refusal, err, writes.Load())
		}
	}
}
