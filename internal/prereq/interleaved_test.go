package prereq_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

var interleavedSeed = flag.Uint64("interleaved-seed", 11, "seed of the foreign writes between our reads and writes")

// others write to a world between the requests of what is tested.
type others struct {
	*world
	random   *rand.Rand
	left     int  // how many more writes they make
	at       bool // it is their turn, and what is observed is theirs
	users    []string
	notes    []string
	manual   bool // cluster-2 is managed by hand
	revoked  int  // the number of the request after which they last revoked the agent's role
	requests int
	read     int // the number of our last read of the policy
}

const agentRole = "roles/anthosservicemesh.serviceAgent"

func (o *others) observe(e sim.Exchange) {
	if o.world == nil || o.at {
		return
	}
	o.requests++
	if strings.HasSuffix(e.Path, ":getIamPolicy") {
		o.read = o.requests
	}
	if o.left == 0 || o.random.IntN(2) == 0 {
		return
	}
	o.left--
	o.write()
}

func (o *others) write() {
	o.at = true
	defer func() { o.at = false }()
	n := len(o.users) + len(o.notes)
	switch o.random.IntN(8) {
	case 0, 5, 6, 7:
		user := fmt.Sprintf("user:u%d@example.com", n)
		o.users = append(o.users, user)
		o.policy(func(bindings []any) []any {
			return append(bindings, map[string]any{"role": "roles/viewer", "members": []any{user}})
		})
	case 1:
		o.revoke()
	case 2:
		note := fmt.Sprintf("example.com/note-%d", n)
		o.notes = append(o.notes, note)
		o.Call(http.MethodPatch, inShop, `{"metadata":{"annotations":{"`+note+`":"x"}}}`)
	case 3: // beside ours in one annotation
		o.Call(http.MethodPatch, inShop, `{"metadata":{"annotations":{"mesh.cloud.google.com/proxy":"{\"theirs\":true}"}}}`)
	case 4:
		o.manual = !o.manual
		management := map[bool]string{true: mesh.ManagementManual, false: mesh.ManagementAutomatic}[o.manual]
		o.Call(http.MethodPatch, "/gkehub.googleapis.com/v1/projects/mesh-sim-1/locations/global/features/servicemesh?updateMask=membershipSpecs",
			`{"membershipSpecs":{"projects/mesh-sim-1/locations/us-central1/memberships/cluster-2":{"mesh":{"management":"`+management+`"}}}}`)
	}
}

func (o *others) revoke() {
	o.revoked = o.requests
	o.policy(func(bindings []any) []any {
		return slices.DeleteFunc(bindings, func(b any) bool { return b.(map[string]any)["role"] == agentRole })
	})
}

const inShop = "/us-central1-connectgateway.googleapis.com/v1/projects/mesh-sim-1/locations/us-central1/gkeMemberships/cluster-1" +
	"/api/v1/namespaces/shop"

const policyOf = "/cloudresourcemanager.googleapis.com/v3/projects/mesh-sim-1:"

func (o *others) bindings() map[string]any {
	var policy map[string]any
	o.must(json.Unmarshal(o.Call(http.MethodPost, policyOf+"getIamPolicy", `{"options":{"requestedPolicyVersion":3}}`), &policy))
	return policy
}

func (o *others) policy(change func(bindings []any) []any) {
	policy := o.bindings()
	policy["bindings"] = change(policy["bindings"].([]any))
	body, err := json.Marshal(map[string]any{"policy": policy})
	o.must(err)
	o.Call(http.MethodPost, policyOf+"setIamPolicy", string(body))
}

// For any interleaving of others' writes with our reads and writes, what others wrote is there afterwards, and what is
// reported as granted is granted, unless it was revoked after the last look.
func TestNothingOfOthersIsLost(t *testing.T) {
	o := &others{random: rand.New(rand.NewPCG(*interleavedSeed, 0))}
	options := two
	options.Observe = o.observe
	w := newWorld(t, options)
	o.world = w
	place := cluster.Target{Membership: &member}
	for round := range 30 {
		o.at = true
		o.revoke() // so that each round has to write
		prerequisites := []prereq.Prerequisite{
			&prereq.ServiceAgentBinding{Client: w.client, Project: "mesh-sim-1", FleetProject: "mesh-sim-1"},
			&prereq.ManagedDataPlane{Clusters: w.clusters, Target: place, Namespace: "shop", Managed: round%4 < 2},
			&prereq.MeshManagement{Client: w.client, Membership: member,
				Management: []string{mesh.ManagementAutomatic, mesh.ManagementManual}[round%2]},
		}
		o.at, o.left = false, o.random.IntN(6)
		for _, i := range o.random.Perm(len(prerequisites)) {
			p := prerequisites[i]
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // what others take away again is not met
			_, state, err := prereq.Apply(ctx, p)
			cancel()
			o.at = true
			if err != nil && !apierr.Conflict(err) && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("round %d, %s: %v", round, p.Subject(), err)
			}
			w.Advance(time.Minute) // operations of GKE Hub end
			policy, err2 := json.Marshal(o.bindings())
			w.must(err2)
			if i == 0 && err == nil && state.Met() && o.revoked < o.read && !strings.Contains(string(policy), agentRole) {
				t.Errorf("round %d: reported as granted, and is not", round)
			}
			for _, user := range o.users {
				if !strings.Contains(string(policy), user) {
					t.Errorf("round %d, %s: lost %s", round, p.Subject(), user)
				}
			}
			_, annotations := w.shop()
			for _, note := range o.notes {
				if annotations[note] != "x" {
					t.Errorf("round %d, %s: lost %s", round, p.Subject(), note)
				}
			}
			feature := w.Read("/gkehub.googleapis.com/v1/projects/mesh-sim-1/locations/global/features/servicemesh")
			for name, spec := range feature["membershipSpecs"].(map[string]any) {
				got := spec.(map[string]any)["mesh"].(map[string]any)["management"]
				if strings.HasSuffix(name, "/cluster-2") && (got == mesh.ManagementManual) != o.manual {
					t.Errorf("round %d, %s: lost the management of cluster-2: %v", round, p.Subject(), got)
				}
			}
			o.at = false
		}
		if t.Failed() {
			return
		}
	}
	if len(o.users) == 0 || len(o.notes) == 0 || o.revoked == 0 {
		t.Errorf("the others wrote too little: %d users, %d notes", len(o.users), len(o.notes))
	}
}
