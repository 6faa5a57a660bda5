package cluster_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// The fleet that is measured: 50 ms from every question to its answer, and as
// many clusters at once as Access keeps clients for.
const (
	fleetLatency = 50 * time.Millisecond
	fleetAtOnce  = 64
)

// simulateVariable makes the test binary a simulator of that many clusters, so
// that what it costs is not taken for the client's.
const simulateVariable = "ASM_BENCH_CLUSTERS"

// simulate serves until standard input ends. The benchmark reads the address.
func simulate(clusters string) int {
	n, err := strconv.Atoi(clusters)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	server, err := sim.Start(context.Background(), sim.Options{Clusters: n, Latency: fleetLatency})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer server.Close()
	fmt.Println(server.URL())
	_, _ = bufio.NewReader(os.Stdin).ReadByte()
	return 0
}

// startFleet starts a simulator in a process of its own, and returns its address
// and process id.
func startFleet(b *testing.B, clusters int) (url string, pid int) {
	b.Helper()
	command := exec.CommandContext(context.Background(), os.Args[0]) // the benchmark ends it by closing its input
	command.Env = append(os.Environ(), simulateVariable+"="+strconv.Itoa(clusters))
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	must(b, err)
	output, err := command.StdoutPipe()
	must(b, err)
	must(b, command.Start())
	b.Cleanup(func() {
		_ = input.Close() // ends it
		_ = command.Wait()
	})
	url, err = bufio.NewReader(output).ReadString('\n')
	must(b, err)
	return strings.TrimSpace(url), command.Process.Pid
}

// BenchmarkReadFleet reads healthy clusters through Connect Gateway, each by its
// seven requests at once.
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
	url, pid := startFleet(b, clusters)
	var requests atomic.Int64
	config := cluster.Config{
		GatewayEndpoint: url + "/us-central1-connectgateway.googleapis.com", Tokens: token(simulatedToken("admin@example.com")), MaxClients: fleetAtOnce,
		Log: func(context.Context, string, map[string]any) { requests.Add(1) },
	}
	resident := forgetPeak(b)
	ours, theirs := processorTime(b, os.Getpid()), processorTime(b, pid)
	var grown int64
	rounds := 0
	for b.Loop() {
		healths := readFleet(b, config, clusters)
		rounds++
		grown = max(grown, peakKB(b)-resident)
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
	b.ReportMetric(float64((processorTime(b, os.Getpid())-ours).Milliseconds())/read, "client-ms/cluster")
	b.ReportMetric(float64((processorTime(b, pid)-theirs).Milliseconds())/read, "sim-ms/cluster")
}

// readFleet reads every cluster once, with an access of its own as each run of
// Terraform has.
func readFleet(b *testing.B, config cluster.Config, clusters int) []mesh.Health {
	b.Helper()
	a := cluster.New(config)
	defer a.Close()
	healths := make([]mesh.Health, clusters)
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

func readHealth(ctx context.Context, a *cluster.Access, membership string) mesh.Health {
	target, err := cluster.ParseTarget(membership, "")
	if err != nil {
		return cluster.UnreadHealth(membership, err)
	}
	c, err := a.Open(target)
	if err != nil {
		return cluster.UnreadHealth(membership, err)
	}
	s, err := c.Read(ctx)
	if err != nil {
		return cluster.UnreadHealth(membership, err)
	}
	return s.Health()
}

// processorTime is what a process has used so far, by Linux's /proc; elsewhere
// there is none to tell.
func processorTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(text), ") ") // a name may have blanks
	fields := strings.Fields(after)
	user, err := strconv.ParseInt(fields[11], 10, 64)
	must(b, err)
	system, err := strconv.ParseInt(fields[12], 10, 64)
	must(b, err)
	const tick = 10 * time.Millisecond // USER_HZ is 100 on every platform of Go's
	return time.Duration(user+system) * tick
}

// forgetPeak makes the resident memory of now the peak, and returns it in KiB.
func forgetPeak(b *testing.B) int64 {
	b.Helper()
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // proc(5); without it the peak is of all benchmarks so far
	return peakKB(b)
}

// peakKB is the most resident memory that this process had, in KiB; as above.
func peakKB(b *testing.B) int64 {
	b.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(text), "VmHWM:")
	kilobytes, err := strconv.ParseInt(strings.Fields(after)[0], 10, 64)
	must(b, err)
	return kilobytes
}
