package kube

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Seed is what a cluster was when it was first looked at: its first objects
// follow from it. It does not change afterwards.
type Seed struct {
	Born       time.Time `json:"born"`
	ProjectID  string    `json:"projectId"`
	Location   string    `json:"location"`
	Name       string    `json:"name"`
	Fleet      string    `json:"fleet,omitempty"`      // the fleet's project id
	Membership string    `json:"membership,omitempty"` // locations/L/memberships/M
	Pool       string    `json:"workloadIdentityPool,omitempty"`
	// Mesh says that the managed mesh was ready then.
	Mesh bool `json:"mesh,omitempty"`
	// DefaultInjection says that the demo's namespace has istio-injection=enabled, as Google's tutorials label it, instead
	// of istio.io/rev.
	DefaultInjection bool `json:"defaultInjection,omitempty"`
}

// An Env is what is around the cluster at the time of a request.
type Env struct {
	// Version is the API server's: "1.33.5-gke.1080000".
	Version string
	// Pool is the cluster's workload pool, "" when workload identity is off.
	Pool string
	// Expected is the pool that the mesh supports.
	ExpectedPool string
	// FleetProject is the project id of the fleet, "" without a membership.
	FleetProject string
	// GKE says that the membership is that of a GKE cluster.
	GKE bool
	// Reachable says that the mesh's control plane can write to the cluster;
	// Injecting, that its injector answers the cluster.
	Reachable bool
	Injecting bool
	// Managed says that the fleet wants the mesh here, since ManagedSince;
	// Removed, that it wants it gone and the time for that has passed.
	Managed      bool
	Removed      bool
	ManagedSince time.Time
	// Provision is how long a control plane takes to get ready.
	Provision time.Duration
}

// A Cluster is the Kubernetes API of one cluster. It is not safe for concurrent use: the world's lock is around it.
type Cluster struct {
	seed    Seed
	rv      uint64           // of the last write
	objects map[string]entry // what differs from the seed, by key
	serial  uint64           // for generated names

	env     Env
	now     time.Time // of the request that is answered
	settled uint64    // rv when the controllers last had nothing to do
	due     time.Time // when they have something to do by time alone
	ran     bool      // whether they ran at all since the cluster was loaded

	dirty map[string]bool // resources that were written since the controllers ran

	failed       int    // proxies that could not be upgraded, when settled
	stopReason   string // of the Stalled condition, when settled
	stopMessage  string
	troubleSince time.Time

	watchers int
	log      []change
	logFrom  uint64 // changes after this are in the log
}

// firstVersion is the resourceVersion of everything that comes of the seed.
const firstVersion = 1000

// New makes a cluster. It costs nothing but itself.
func New(seed Seed) *Cluster {
	seed.Born = seed.Born.UTC().Truncate(time.Second)
	return &Cluster{seed: seed, rv: firstVersion, logFrom: firstVersion}
}

// state is a cluster's document.
type state struct {
	Seed            Seed              `json:"seed"`
	ResourceVersion uint64            `json:"resourceVersion"`
	Serial          uint64            `json:"serial,omitempty"`
	Objects         []json.RawMessage `json:"objects,omitempty"`
	Deleted         []string          `json:"deleted,omitempty"`
}

// MarshalJSON writes the cluster as its seed, the objects that differ from
// what follows of it, and the names of those that are gone.
func (c *Cluster) MarshalJSON() ([]byte, error) {
	s := state{Seed: c.seed, ResourceVersion: c.rv, Serial: c.serial}
	for _, k := range sortedKeys(c.objects) {
		if e := c.objects[k]; e.raw == nil {
			s.Deleted = append(s.Deleted, k)
		} else {
			s.Objects = append(s.Objects, e.raw)
		}
	}
	return json.Marshal(s)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *Cluster) UnmarshalJSON(b []byte) error {
	var s state
	dec := json.NewDecoder(strings.NewReader(string(b)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return fmt.Errorf("a cluster's Kubernetes objects: %w", err)
	}
	next := New(s.Seed)
	next.rv, next.serial = max(s.ResourceVersion, firstVersion), s.Serial
	next.logFrom = next.rv
	for _, k := range s.Deleted {
		if strings.Count(k, "/") != 2 {
			return fmt.Errorf("deleted: %q is not of the form RESOURCE/NAMESPACE/NAME", k)
		}
		next.keep(k, entry{rv: next.rv})
	}
	// Definitions first: they say what other objects are.
	decoded := make([]Object, len(s.Objects))
	for i, raw := range s.Objects {
		if err := decode(raw, &decoded[i]); err != nil {
			return fmt.Errorf("objects[%d]: %w", i, err)
		}
	}
	for _, definitions := range []bool{true, false} {
		for i, o := range decoded {
			if (text(o, "kind") == "CustomResourceDefinition") != definitions {
				continue
			}
			r := next.resourceOf(o)
			if r == nil || name(o) == "" || (namespace(o) != "") != r.namespaced {
				return fmt.Errorf("objects[%d]: %s %q of %q in namespace %q is not an object of this cluster", i, text(o, "kind"), name(o),
					text(o, "apiVersion"), namespace(o))
			}
			rv := next.rv
			if _, err := fmt.Sscan(text(o, "metadata", "resourceVersion"), &rv); err != nil {
				return fmt.Errorf("objects[%d].metadata.resourceVersion: %w", i, err)
			}
			next.keep(key(r.id(), namespace(o), name(o)), entry{rv: rv, raw: slices.Clone(s.Objects[i])})
		}
	}
	*c = *next
	return nil
}

// resourceOf finds the resource of an object by its apiVersion and kind.
func (c *Cluster) resourceOf(o Object) *resource {
	group, _, ok := strings.Cut(text(o, "apiVersion"), "/")
	if !ok {
		group = ""
	}
	for _, r := range c.resources() {
		if r.group == group && r.kind == text(o, "kind") {
			return r
		}
	}
	return nil
}

// uuid is made from a name, the same each time.
func uuid(of string) string {
	s := sha256.Sum256([]byte(of))
	s[6], s[8] = s[6]&0x0f|0x40, s[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", s[0:4], s[4:6], s[6:8], s[8:10], s[10:16])
}

// url is the cluster's name in the GKE API, which is also the issuer of its tokens.
func (s Seed) url() string {
	return "https://container.googleapis.com/v1/projects/" + s.ProjectID + "/locations/" + s.Location + "/clusters/" + s.Name
}

// path names the cluster in the world.
func (s Seed) path() string { return s.ProjectID + "/" + s.Location + "/" + s.Name }

// Seed is what the cluster was made of.
func (c *Cluster) Seed() Seed { return c.seed }
