package world

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
)

// A World is everything that is simulated, in one document: what GET /_sim/world answers and what PUT /_sim/world takes.
type World struct {
	Clock    Clock      `json:"clock"`
	Timings  Timings    `json:"timings"`
	Projects []*Project `json:"projects"`
	// Implementation is the control plane implementation that memberships report: TRAFFIC_DIRECTOR, which is the default,
	// or ISTIOD.
	Implementation string `json:"implementation,omitempty"`
	// DefaultInjection says that the demo's namespace has istio-injection=enabled instead of istio.io/rev in the clusters
	// that are looked at for the first time from now on.
	DefaultInjection bool `json:"defaultInjection,omitempty"`
	// Ancestors are the folders and organizations above the projects, by name: folders/123, organizations/456.
	Ancestors map[string]*Ancestor `json:"ancestors,omitempty"`
	// Roles are the custom roles: "projects/P/roles/x" to its permissions.
	Roles map[string][]string `json:"roles,omitempty"`
	// Operations are the long-running operations of all APIs, oldest first.
	Operations []*Operation `json:"operations,omitempty"`
	// Faults are the active faults. Writing a world activates them without repeating their effects.
	Faults []*ActiveFault `json:"faults,omitempty"`
	// Serial is the source of etags, operation names and log entry ids.
	Serial int64 `json:"serial"`

	projects map[string]*Project   // by id and by number
	ops      map[string]*Operation // by API and name
	pending  []*Operation          // not settled, the soonest first
	// endpoints are the clusters by the names and addresses they are called by; made when one is called.
	endpoints map[string]clusterRef
	// meshDue is when the next mesh log line may be due; zero: none.
	meshDue time.Time
}

// A Project is a Google Cloud project, with its policy, APIs, clusters, fleet and logs.
type Project struct {
	ProjectID      string            `json:"projectId"`
	ProjectNumber  int64             `json:"projectNumber,string"`
	DisplayName    string            `json:"displayName,omitempty"`
	LifecycleState string            `json:"lifecycleState"`
	Parent         *ResourceID       `json:"parent,omitempty"`
	Labels         map[string]string `json:"labels,omitempty"`
	CreateTime     wire.Timestamp    `json:"createTime"`
	UpdateTime     wire.Timestamp    `json:"updateTime,omitzero"`
	DeleteTime     wire.Timestamp    `json:"deleteTime,omitzero"`

	Policy Policy `json:"policy"`
	// PolicyLag is the policy that readers still see: eventual consistency.
	PolicyLag *PolicyLag `json:"policyLag,omitempty"`

	// Services are the APIs that were ever touched. Those of the catalogue that are not here are DISABLED.
	Services map[string]*Service `json:"services,omitempty"`
	// ServiceIdentities are the service agents that were generated.
	ServiceIdentities []ServiceIdentity `json:"serviceIdentities,omitempty"`
	// ServiceAccounts are the user-managed service accounts, by email.
	ServiceAccounts []string `json:"serviceAccounts,omitempty"`

	Clusters []*Cluster  `json:"clusters,omitempty"`
	Fleet    *Fleet      `json:"fleet,omitempty"`
	Logs     []*LogEntry `json:"logs,omitempty"`
}

// A ResourceID is a project's parent as Resource Manager v1 writes it.
type ResourceID struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// The lifecycle states of a project.
const (
	projectActive          = "ACTIVE"
	projectDeleteRequested = "DELETE_REQUESTED"
)

// A PolicyLag is a policy as it was, seen by readers until a time.
type PolicyLag struct {
	Until  wire.Timestamp `json:"until"`
	Policy Policy         `json:"policy"`
}

// A Service is the state of one API on a project.
type Service struct {
	State string `json:"state"`
	// Lag is the state that readers, and the API itself, still see.
	Lag *ServiceLag `json:"lag,omitempty"`
}

// A ServiceLag is a service state as it was, seen until a time.
type ServiceLag struct {
	Until wire.Timestamp `json:"until"`
	State string         `json:"state"`
}

// The states of a service.
const (
	ServiceEnabled  = "ENABLED"
	ServiceDisabled = "DISABLED"
)

// A ServiceIdentity is a Google-managed service agent.
type ServiceIdentity struct {
	Service  string `json:"service"`
	Email    string `json:"email"`
	UniqueID string `json:"uniqueId,omitempty"`
}

// A Fleet is what GKE Hub keeps for a fleet host project.
type Fleet struct {
	Memberships []*Membership `json:"memberships,omitempty"`
	// Features by their id: "servicemesh".
	Features map[string]*Feature `json:"features,omitempty"`
}

// A LogEntry is one entry of Cloud Logging. It is kept as the JSON text that
// entries:list answers with, which takes a fraction of the memory of a map.
type LogEntry struct {
	At  time.Time
	Raw json.RawMessage
}

// MarshalJSON implements json.Marshaler.
func (e *LogEntry) MarshalJSON() ([]byte, error) { return e.Raw, nil }

// UnmarshalJSON implements json.Unmarshaler.
func (e *LogEntry) UnmarshalJSON(b []byte) error {
	var head struct {
		Timestamp wire.Timestamp `json:"timestamp"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return err
	}
	e.At, e.Raw = head.Timestamp.Time, slices.Clone(b)
	return nil
}

// maxLogEntries bounds each project's log; the oldest go first.
const maxLogEntries = 50_000

// Now is the simulated time.
func (w *World) Now() time.Time {
	return time.Now().Add(time.Duration(w.Clock.Offset)).UTC()
}

// Project finds a project by id or number.
func (w *World) Project(ref string) *Project { return w.projects[ref] }

// index builds the look-ups that are not part of the document.
func (w *World) index() {
	w.projects = make(map[string]*Project, 2*len(w.Projects))
	for _, p := range w.Projects {
		w.projects[p.ProjectID] = p
		w.projects[p.Number()] = p
		if p.Fleet != nil {
			p.Fleet.sort()
		}
		slices.SortFunc(p.Clusters, func(a, b *Cluster) int {
			return cmp.Or(cmp.Compare(a.Location, b.Location), cmp.Compare(a.Name, b.Name))
		})
	}
	w.ops = make(map[string]*Operation, len(w.Operations))
	w.pending = nil
	for _, op := range w.Operations {
		w.ops[op.key()] = op
		if !op.Done {
			w.enqueue(op)
		}
	}
	w.scheduleMeshLogs()
}

// NextSerial returns the next number of the world's own sequence.
func (w *World) NextSerial() int64 {
	w.Serial++
	return w.Serial
}

// Number is the project number as text.
func (p *Project) Number() string { return strconv.FormatInt(p.ProjectNumber, 10) }

// Deleted says that the project was shut down.
func (p *Project) Deleted() bool { return p.LifecycleState != projectActive }

// ServiceEnabled reports whether an API is on, as far as the project's own record goes.
func (p *Project) ServiceEnabled(service string) bool {
	s := p.Services[service]
	return s != nil && s.State == ServiceEnabled
}

// ServiceStateAt is the state of an API as a reader sees it at a time.
func (p *Project) ServiceStateAt(service string, now time.Time) string {
	s := p.Services[service]
	switch {
	case s == nil:
		return ServiceDisabled
	case s.Lag != nil && now.Before(s.Lag.Until.Time):
		return s.Lag.State
	default:
		return s.State
	}
}

// identity finds a generated service agent by its service.
func (p *Project) identity(service string) *ServiceIdentity {
	for i := range p.ServiceIdentities {
		if p.ServiceIdentities[i].Service == service {
			return &p.ServiceIdentities[i]
		}
	}
	return nil
}

// Cluster finds a cluster by location and name.
func (p *Project) Cluster(location, name string) *Cluster {
	i, ok := p.findCluster(location, name)
	if !ok {
		return nil
	}
	return p.Clusters[i]
}

func (p *Project) findCluster(location, name string) (int, bool) {
	return slices.BinarySearchFunc(p.Clusters, struct{}{}, func(c *Cluster, _ struct{}) int {
		return cmp.Or(cmp.Compare(c.Location, location), cmp.Compare(c.Name, name))
	})
}

// addCluster puts a cluster in its place.
func (p *Project) addCluster(c *Cluster) {
	i, ok := p.findCluster(c.Location, c.Name)
	if !ok {
		p.Clusters = slices.Insert(p.Clusters, i, c)
	}
}

// removeCluster takes a cluster away.
func (p *Project) removeCluster(c *Cluster) {
	if i, ok := p.findCluster(c.Location, c.Name); ok {
		p.Clusters = slices.Delete(p.Clusters, i, i+1)
	}
}

// log appends an entry.
func (p *Project) log(t time.Time, entry map[string]any) {
	raw, err := json.Marshal(entry)
	if err != nil {
		return // entries are built from strings and maps of them
	}
	p.Logs = append(p.Logs, &LogEntry{At: wire.At(t).Time, Raw: raw})
	if n := len(p.Logs) - maxLogEntries; n > maxLogEntries/10 { // not for each entry: all others move
		p.Logs = slices.Delete(p.Logs, 0, n)
	}
}

// ClusterByLink finds the cluster that a full or relative resource name
// means: //container.googleapis.com/projects/P/(locations|zones)/L/clusters/C.
func (w *World) ClusterByLink(link string) (*Project, *Cluster) {
	_, rest, ok := strings.Cut(link, "projects/")
	if !ok {
		return nil, nil
	}
	part := strings.Split(rest, "/")
	if len(part) != 5 || part[3] != "clusters" {
		return nil, nil
	}
	p := w.Project(part[0])
	if p == nil {
		return nil, nil
	}
	return p, p.Cluster(part[2], part[4])
}

// linkProject is the project that a cluster's resource name points into.
func (w *World) linkProject(link string) *Project {
	_, rest, _ := strings.Cut(link, "projects/")
	id, _, _ := strings.Cut(rest, "/")
	return w.Project(id)
}
