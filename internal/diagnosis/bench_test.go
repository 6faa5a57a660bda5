package diagnosis_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/control"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

const (
	benchLatency = 50 * time.Millisecond // from every question to its answer
	benchAtOnce  = 64                    // clusters, as Options has it by default
)

func TestMain(m *testing.M) {
	simtest.ServeIfAsked()
	os.Exit(m.Run())
}

// BenchmarkDiagnose diagnoses a whole fleet, healthy or with every cluster broken
// in five ways. There is a project for every hundred clusters.
//
//	x-floor            elapsed / ((2 + ceil(clusters/64)) x 50 ms): the feature and the memberships go together and take one
//	                   latency; the projects' clusters, with the policies, APIs and the audit log beside them, another; then
//	                   a cluster's seven reads go together, 64 clusters at a time. A broken cluster is asked twice: by the
//	                   gateway, which is off, and at its endpoint, to which each has to connect
//	requests/cluster   made, repetitions included
//	MB                 resident memory of this process at its peak, the report included
//	client-ms/cluster  processor time of this process
func BenchmarkDiagnose(b *testing.B) {
	for _, clusters := range []int{1, 100, 1_000, 10_000} {
		b.Run(fmt.Sprintf("clusters=%d", clusters), func(b *testing.B) { benchmarkDiagnose(b, clusters, "") })
	}
	b.Run("clusters=1000/broken", func(b *testing.B) { benchmarkDiagnose(b, 1_000, "everything-broken?cluster=*") })
}

func benchmarkDiagnose(b *testing.B, clusters int, fault string) {
	projects := (clusters + 99) / 100
	address, _ := simtest.StartProcess(b, sim.Options{Projects: projects, Clusters: clusters, Latency: benchLatency})
	world := control.NewClient(address)
	defer world.Close()
	clock := &wait.Shifted{OnAdvance: func(d time.Duration) error { return world.Advance(b.Context(), d) }}
	if fault != "" {
		name, query, _ := strings.Cut(fault, "?")
		parameters, err := url.ParseQuery(query)
		must(b, err)
		must(b, world.Fault(b.Context(), name, parameters))
		must(b, clock.Advance(time.Hour))
	}
	// The simulator makes what is in a cluster when that is first looked at.
	if _, err := diagnosis.Run(b.Context(), benchReader(b, address, clock, nil),
		diagnosis.Options{FleetProjects: []string{fleetProject}, Clock: clock}); err != nil {
		b.Fatal(err)
	}
	var requests atomic.Int64
	count := func(context.Context, string, map[string]any) { requests.Add(1) }
	simtest.ForgetPeak(b)
	before := simtest.ProcessorTime(b, os.Getpid())
	rounds := 0
	for b.Loop() {
		rounds++
		r, err := diagnosis.Run(b.Context(), benchReader(b, address, clock, count), diagnosis.Options{
			FleetProjects: []string{fleetProject}, Since: 24 * time.Hour, Clock: clock,
		})
		must(b, err)
		if (r.Verdict == mesh.Healthy) != (fault == "") || fault != "" && r.Verdict != mesh.Unhealthy {
			b.Fatalf("%.2000s", r.Summary)
		}
	}
	floor := time.Duration(2+(clusters+benchAtOnce-1)/benchAtOnce) * benchLatency
	looked := float64(rounds * clusters)
	b.ReportMetric(float64(b.Elapsed())/float64(rounds)/float64(floor), "x-floor")
	b.ReportMetric(float64(requests.Load())/looked, "requests/cluster")
	b.ReportMetric(float64(simtest.PeakKB(b))/1024, "MB")
	b.ReportMetric(float64((simtest.ProcessorTime(b, os.Getpid())-before).Milliseconds())/looked, "client-ms/cluster")
}

// benchReader is made anew for each run, as each run of the command has its own.
func benchReader(b *testing.B, address string, clock wait.Clock, count func(context.Context, string, map[string]any)) diagnosis.Reader {
	b.Helper()
	client, err := gcp.New(b.Context(),
		gcp.Config{AccessToken: simtest.Token(simtest.Owner), Clock: clock, Log: count, Endpoints: gcp.EndpointsBelow(address)})
	must(b, err)
	return diagnosis.Reader{Client: client,
		Clusters: prereq.NewClusters(client, cluster.Config{Log: count, FindEndpoint: simtest.FindEndpoint(address)})}
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
