package gcp

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// A field that Google adds to a membership's spec after this version was built is written back as it came.
func TestSetManagementKeepsFieldsItDoesNotKnow(t *testing.T) {
	const member = "projects/p-mesh-1/locations/us-central1/memberships/m"
	v1 := `{"membershipSpecs":{"projects/p-mesh-1/locations/us-central1/memberships/m":` +
		`{"mesh":{"controlPlane":"AUTOMATIC","configApi":"CONFIG_API_ISTIO","newField":{"big":12345678901234567890}},` +
		`"origin":{"type":"FLEET"},"addedLater":[1,"two"]}}}`
	v2 := `{"spec":{"servicemesh":{"management":"MANAGEMENT_MANUAL","newField":true},"origin":{"type":"FLEET"},"addedLater":{"x":1}}}`
	const off, automatic = "", "MANAGEMENT_AUTOMATIC"
	tests := []struct {
		version          HubVersion
		management, want string
	}{
		{HubV1, automatic, `{"membershipSpecs":{"` + member + `":{"addedLater":[1,"two"],` +
			`"mesh":{"configApi":"CONFIG_API_ISTIO","management":"MANAGEMENT_AUTOMATIC","newField":{"big":12345678901234567890}}}}}`},
		{HubV1, off, `{"membershipSpecs":{"` + member + `":{"addedLater":[1,"two"],` +
			`"mesh":{"configApi":"CONFIG_API_ISTIO","newField":{"big":12345678901234567890}}}}}`},
		{HubV2, automatic, `{"spec":{"addedLater":{"x":1},"servicemesh":{"management":"MANAGEMENT_AUTOMATIC","newField":true}}}`},
		{HubV2, off, `{"spec":{"addedLater":{"x":1},"servicemesh":{"newField":true}}}`},
	}
	for _, test := range tests {
		var mu sync.Mutex
		var wrote []string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			switch {
			case r.Method == http.MethodPatch:
				mu.Lock()
				wrote = append(wrote, string(body))
				mu.Unlock()
				fmt.Fprint(w, `{"name":"projects/p-mesh-1/locations/global/operations/o","done":true}`)
			case strings.HasPrefix(r.URL.Path, "/v2/"):
				fmt.Fprint(w, v2)
			default:
				fmt.Fprint(w, v1)
			}
		}))
		defer server.Close()
		c, err := New(t.Context(), Config{AccessToken: "t", Clock: wait.NewJumping(time.Now()), Endpoints: Endpoints{GKEHub: server.URL}})
		if err != nil {
			t.Fatal(err)
		}
		name, err := mesh.ParseMembership(member)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.SetManagement(t.Context(), name, test.version, test.management); err != nil {
			t.Fatal(err)
		}
		if len(wrote) != 1 || !json.Valid([]byte(wrote[0])) || wrote[0] != test.want {
			t.Errorf("%s, management %q: wrote %s\nnot %s", test.version, test.management, wrote, test.want)
		}
	}
}
