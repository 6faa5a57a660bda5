package cluster_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

// The fleet that is measured: 50 ms from every question to its answer, and as
// many clusters at once as Access keeps clients for.
const (
	fleetLatency = 50 * time.Millisecond
	fleetAtOnce  = 64
)

// BenchmarkReadFleet reads healthy clusters through Connect Gateway, each by its seven requests at once.
//
//	x-floor           elapsed / (ceil(clusters/64) x 50 ms): a cluster takes one latency, 64 go at a time
//	requests/cluster  made, repetitions included
//	KB/cluster        growth of this process's resident memory at its peak, all verdicts kept; below some
//	                  thousand clusters it is what the connections and clients of 64 of them take
//	client-ms/cluster processor time of this process
//	sim-ms/cluster    processor time of the simulator's
func BenchmarkReadFleet(b *testing.B) {
	for _, clusters := range []int{1, 100, 1_000, 10_000} {
		b.Run(fmt.Sprintf("clusters=%d", clusters), func(b *testing.B) { benchmarkReadFleet(b, clusters) })
	}
}

func benchmarkReadFleet(b *testing.B, clusters int) {
	url, pid := simtest.StartProcess(b, sim.Options{Projects: 1, Clusters: clusters, Latency: fleetLatency})
	var requests atomic.Int64
	config := cluster.Config{
		GatewayEndpoint: gcp.EndpointsBelow(url).ConnectGateway, Tokens: token(simtest.Token(simtest.Owner)), MaxClients: fleetAtOnce,
		Log: func(context.Context, string, map[string]any) { requests.Add(1) },
	}
	resident := simtest.ForgetPeak(b)
	ours, theirs := simtest.ProcessorTime(b, os.Getpid()), simtest.ProcessorTime(b, pid)
	var grown int64
	rounds := 0
	for b.Loop() {
		healths := readFleet(b, config, clusters)
		rounds++
		grown = max(grown, simtest.PeakKB(b)-resident)
		for i, h := range healths {
			if h.Verdict != mesh.Healthy {
				b.Fatalf("cluster-%d: %s", i+1, h.Summary)
			}
		}
	}
	floor := time.Duration((clusters+fleetAtOnce-1)/fleetAtOnce) * fleetLatency
	read := float64(rounds * clusters)
	b.ReportMetric(float64(b.Elapsed())/float64(rounds)/float64(floor), "x-floor")
	b.ReportMetric(float64(requests.Load())/read, "requests/cluster")
	b.ReportMetric(float64(grown)/float64(clusters), "KB/cluster")
	b.ReportMetric(float64((simtest.ProcessorTime(b, os.Getpid())-ours).Milliseconds())/read, "client-ms/cluster")
	b.ReportMetric(float64((simtest.ProcessorTime(b, pid)-theirs).Milliseconds())/read, "sim-ms/cluster")
}

// readFleet reads every cluster once, with an access of its own as each run of Terraform has.
func readFleet(b *testing.B, config cluster.Config, clusters int) []health.Health {
	b.Helper()
	a := cluster.New(config)
	defer a.Close()
	healths := make([]health.Health, clusters)
	next := make(chan int)
	var group sync.WaitGroup
	for range fleetAtOnce {
		group.Go(func() {
			for i := range next {
				healths[i] = readHealth(b.Context(), a, fmt.Sprintf("projects/100000000001/locations/us-central1/memberships/cluster-%d", i+1))
			}
		})
	}
	for i := range clusters {
		next <- i
	}
	close(next)
	group.Wait()
	return healths
}

func readHealth(ctx context.Context, a *cluster.Access, membership string) health.Health {
	target, err := cluster.ParseTarget(membership, "")
	if err != nil {
		return apierr.UnreadHealth(membership, err)
	}
	c, err := a.Open(target)
	if err != nil {
		return apierr.UnreadHealth(membership, err)
	}
	s, err := c.Read(ctx)
	if err != nil {
		return apierr.UnreadHealth(membership, err)
	}
	return s.Health()
}
