package diagnosis_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

const fleetProject = simtest.Project

// world is a simulated Google Cloud, seen by a diagnosis whose clock shows the world's time.
type world struct {
	*simtest.World
	t        *testing.T
	billed   string        // the project whose quota pays for everything; "": that of each request
	patience time.Duration // with a cluster's answer; 0: as usual
	narrow   bool          // clusters are reached through Connect Gateway alone
}

func newWorld(t *testing.T, o sim.Options) *world {
	t.Helper()
	w := &world{t: t, World: simtest.Start(t, o)}
	w.Clock.Jump = false // a wait for one cluster must not use up the time of another's request
	return w
}

// project is a project in a world's document.
func project(doc map[string]any, id string) map[string]any {
	for _, p := range doc["projects"].([]any) {
		if p := p.(map[string]any); p["projectId"] == id {
			return p
		}
	}
	return nil
}

// meshFeature is the mesh feature of the fleet in a world's document.
func meshFeature(doc map[string]any) map[string]any {
	fleet := project(doc, fleetProject)["fleet"].(map[string]any)
	return fleet["features"].(map[string]any)["servicemesh"].(map[string]any)
}

// reader reads the world as a caller may.
func (w *world) reader(caller string) diagnosis.Reader {
	w.t.Helper()
	config := w.Config(caller)
	config.UserProjectOverride, config.BillingProject = w.billed != "", w.billed
	client, err := gcp.New(w.t.Context(), config)
	if err != nil {
		w.t.Fatal(err)
	}
	access := cluster.Config{RequestTimeout: w.patience, FindEndpoint: simtest.FindEndpoint(w.URL())}
	if w.narrow {
		access.FindEndpoint = func(context.Context, mesh.Cluster) (cluster.Endpoint, error) {
			return cluster.Endpoint{}, errors.New("there is no endpoint that can be reached from here")
		}
	}
	return diagnosis.Reader{Client: client, Clusters: prereq.NewClusters(client, access)}
}

func (w *world) diagnose(o diagnosis.Options) *diagnosis.Report {
	w.t.Helper()
	return w.diagnoseAs(simtest.Owner, o)
}

func (w *world) diagnoseAs(caller string, o diagnosis.Options) *diagnosis.Report {
	w.t.Helper()
	if len(o.FleetProjects)+len(o.Memberships)+len(o.Clusters) == 0 {
		o.FleetProjects = []string{fleetProject}
	}
	o.Clock = w.Clock
	if o.Since == 0 {
		o.Since = 24 * time.Hour
	}
	report, err := diagnosis.Run(w.t.Context(), w.reader(caller), o)
	if err != nil {
		w.t.Fatal(err)
	}
	return report
}

// name is CODE[:DETAIL], and whether it waits.
func name(f diagnosis.Finding) string {
	s := string(f.Code)
	if f.Detail != "" {
		s += ":" + f.Detail
	}
	if f.Waiting {
		s += " (waiting)"
	}
	return s
}

// told is everything that a report says, for a failing test.
func told(r *diagnosis.Report) string {
	var b bytes.Buffer
	b.WriteString(r.Summary + "\n")
	for _, f := range r.Findings {
		b.WriteString("  " + string(f.Severity) + " " + name(f) + " about " + f.About + " " + strings.Join(f.BlockedBy, ",") + ": " + f.Message +
			"\n")
	}
	return b.String()
}
