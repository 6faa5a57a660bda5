package cluster_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

const gatewayExhausted = `{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"Quota exceeded for quota metric 'Requests'"}}`

// exhausted answers 429 as Connect Gateway does, and asks for a pause.
func exhausted(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "5")
	says(429, gatewayExhausted)(w, r)
}

// The gateway's quota is refilled within the time of a request, which waits for it as long as the gateway asks.
func TestAnExhaustedGatewayIsWaitedFor(t *testing.T) {
	clock := wait.NewJumping(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	start := clock.Now()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if clock.Now().Sub(start) < 5*time.Second {
			exhausted(w, r)
			return
		}
		says(200, emptyList)(w, r)
	})
	a := access(t, cluster.Config{GatewayEndpoint: s.URL, Clock: clock})
	if _, err := open(t, a, membershipName, "").Revisions(t.Context()); err != nil || len(s.requests()) != 2 {
		t.Errorf("%v after %v", err, s.requests())
	}
}

// What the gateway refused to one cluster of a fleet is not asked for at once by the next one.
func TestClustersOfAFleetShareTheGatewaysQuota(t *testing.T) {
	clock := wait.NewJumping(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	var refusing atomic.Bool
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if refusing.Load() {
			exhausted(w, r)
			return
		}
		says(200, emptyList)(w, r)
	})
	a := access(t, cluster.Config{GatewayEndpoint: s.URL, Clock: clock})
	refusing.Store(true)
	if _, err := open(t, a, membershipName, "").Revisions(t.Context()); !apierr.Retryable(err) || len(s.requests()) != 5 {
		t.Fatalf("20 s of refusals, 5 s apart: %v after %v", err, s.requests())
	}
	refusing.Store(false)
	asked, paused := len(s.requests()), len(clock.Pauses())
	if _, err := open(t, a, strings.Replace(membershipName, "cluster-1", "cluster-2", 1), "").Revisions(t.Context()); err != nil {
		t.Fatal(err)
	}
	pauses := clock.Pauses()[paused:]
	if len(s.requests()) != asked+1 || len(pauses) != 1 || pauses[0] < 200*time.Millisecond {
		t.Errorf("another cluster: %d requests, paused %v", len(s.requests())-asked, pauses)
	}
	other := strings.Replace(membershipName, "mesh-sim-1", "mesh-sim-2", 1)
	if _, err := open(t, a, other, "").Revisions(t.Context()); err != nil || len(clock.Pauses()) != paused+1 {
		t.Errorf("another fleet waited: %v, %v", err, clock.Pauses()[paused:])
	}
}

// A cluster that is busy or restarts while a roll-out is followed does not end the wait.
func TestARolloutIsFollowedThroughRefusals(t *testing.T) {
	clock := wait.NewJumping(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	reads := 0
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/deployments/frontend") {
			if reads++; slices.Contains([]int{2, 3, 4, 5}, reads) {
				says(503, "starting")(w, r)
				return
			}
			fmt.Fprint(w, `{"metadata":{"name":"frontend","generation":2},"spec":{"replicas":1},`+
				`"status":{"observedGeneration":2,"replicas":1,"updatedReplicas":1,"availableReplicas":1}}`)
			return
		}
		says(200, emptyList)(w, r)
	})
	a := access(t, cluster.Config{GatewayEndpoint: s.URL, Clock: clock})
	results, err := open(t, a, membershipName, "").RestartOwners(t.Context(),
		[]mesh.Owner{{Kind: "Deployment", Namespace: "shop", Name: "frontend"}}, cluster.Restart{})
	if err != nil || len(results) != 1 || results[0].Outcome != cluster.Restarted {
		t.Errorf("%+v, %v", results, err)
	}
}
