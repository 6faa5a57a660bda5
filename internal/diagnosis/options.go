package diagnosis

import (
	"errors"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// Reader is what a diagnosis reads with.
type Reader struct {
	Client   *gcp.Client
	Clusters *prereq.Clusters
}

// Options say what to look at, and how.
type Options struct {
	FleetProjects []string          // ids or numbers: every membership of these fleets
	Memberships   []mesh.Membership // these alone of their fleets
	Clusters      []mesh.Cluster    // found in the fleet that they are registered in
	HostProjects  []string          // Shared VPC host projects that no cluster names

	Services []string // APIs that are needed; none: mesh.DefaultServices
	// Since is how far back logs are searched for the mesh's own complaints; 0 searches none.
	Since       time.Duration
	Concurrency int  // clusters that are read at once; 0: 64
	NoClusters  bool // read Google's APIs only, not the clusters

	Suppressions []Suppression
	Baseline     *Report // findings that it has are not new

	Tool  string // of Report
	Clock wait.Clock
	// Progress is called when a membership is done; calls do not overlap.
	Progress func(done, total int, name string)
}

var errNoScope = errors.New("nothing is named to diagnose: give a fleet project, a membership or a cluster")

func (o *Options) complete() error {
	if len(o.FleetProjects)+len(o.Memberships)+len(o.Clusters) == 0 {
		return errNoScope
	}
	if o.Clock == nil {
		o.Clock = wait.Real
	}
	if o.Concurrency <= 0 {
		o.Concurrency = 64
	}
	if len(o.Services) == 0 {
		o.Services = mesh.DefaultServices()
	}
	if o.Progress == nil {
		o.Progress = func(int, int, string) {}
	}
	return nil
}

// scope are the full resource names that were asked for.
func (o *Options) scope() []string {
	names := []string{}
	for _, p := range o.FleetProjects {
		names = append(names, fleetName(p))
	}
	for _, m := range o.Memberships {
		names = append(names, m.String())
	}
	for _, c := range o.Clusters {
		names = append(names, c.String())
	}
	return names
}

// fleetName is the full resource name of a project's fleet. A project hosts one, which is called default.
func fleetName(project string) string {
	return "projects/" + project + "/locations/global/fleets/default"
}

func projectName(project string) string { return "projects/" + project }
