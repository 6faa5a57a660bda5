package diagnosis_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
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
)

const (
	benchLatency = 50 * time.Millisecond // from every question to its answer
	benchAtOnce  = 64                    // clusters, as Options has it by default
)

// simulateVariable makes the test binary a simulator of that many projects and
// clusters, so that what it costs is not taken for the client's.
const simulateVariable = "ASM_BENCH_WORLD"

func TestMain(m *testing.M) {
	if world := os.Getenv(simulateVariable); world != "" {
		os.Exit(simulate(world))
	}
	os.Exit(m.Run())
}

// simulate serves until standard input ends. The benchmark reads the address.
func simulate(world string) int {
	var o sim.Options
	if _, err := fmt.Sscanf(world, "%d/%d", &o.Projects, &o.Clusters); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	o.Latency = benchLatency
	server, err := sim.Start(context.Background(), o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer server.Close()
	fmt.Println(server.URL())
	_, _ = bufio.NewReader(os.Stdin).ReadByte()
	return 0
}

// startWorld starts a simulator in a process of its own, and returns its address.
func startWorld(b *testing.B, projects, clusters int) string {
	b.Helper()
	command := exec.CommandContext(context.Background(), os.Args[0]) // the benchmark ends it by closing its input
	command.Env = append(os.Environ(), fmt.Sprintf("%s=%d/%d", simulateVariable, projects, clusters))
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
	url, err := bufio.NewReader(output).ReadString('\n')
	must(b, err)
	return strings.TrimSpace(url)
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
	url := startWorld(b, projects, clusters)
	clock := &fastClock{}
	if fault != "" {
		for _, change := range []string{"PUT faults/" + fault, "POST clock?advance=1h"} {
			method, path, _ := strings.Cut(change, " ")
			req, err := http.NewRequestWithContext(b.Context(), method, url+"/_sim/"+path, nil)
			must(b, err)
			resp, err := http.DefaultClient.Do(req)
			must(b, err)
			must(b, resp.Body.Close())
		}
		clock.ahead = time.Hour
	}
	// The simulator makes what is in a cluster when that is first looked at.
	if _, err := diagnosis.Run(b.Context(), benchReader(b, url, clock, nil), diagnosis.Options{FleetProjects: []string{fleetProject}, Clock: clock}); err != nil {
		b.Fatal(err)
	}
	var requests atomic.Int64
	count := func(context.Context, string, map[string]any) { requests.Add(1) }
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // proc(5): the peak is now
	before := processorTime(b)
	rounds := 0
	for b.Loop() {
		rounds++
		r, err := diagnosis.Run(b.Context(), benchReader(b, url, clock, count), diagnosis.Options{
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
	b.ReportMetric(float64(peakKB(b))/1024, "MB")
	b.ReportMetric(float64((processorTime(b)-before).Milliseconds())/looked, "client-ms/cluster")
}

// fastClock is real, and ahead.
type fastClock struct{ ahead time.Duration }

func (c *fastClock) Now() time.Time                         { return time.Now().Add(c.ahead) }
func (c *fastClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// benchReader is made anew for each run, as each run of the command has its own.
func benchReader(b *testing.B, url string, clock *fastClock, count func(context.Context, string, map[string]any)) diagnosis.Reader {
	b.Helper()
	at := func(api string) string { return url + "/" + api + ".googleapis.com" }
	client, err := gcp.New(b.Context(), gcp.Config{
		AccessToken: "sim-token.admin@example.com", Clock: clock, Log: count,
		Endpoints: gcp.Endpoints{
			ResourceManager: at("cloudresourcemanager"), ServiceUsage: at("serviceusage"), Container: at("container"),
			GKEHub: at("gkehub"), Logging: at("logging"), IAMCredentials: at("iamcredentials"),
		},
	})
	must(b, err)
	return diagnosis.Reader{Client: client, Clusters: prereq.NewClusters(client, cluster.Config{
		GatewayEndpoint: at("us-central1-connectgateway"), Clock: clock, Log: count,
		FindEndpoint: func(_ context.Context, c mesh.Cluster) (cluster.Endpoint, error) {
			return cluster.Endpoint{Address: url + "/_cluster/" + c.Project + "/" + c.Location + "/" + c.Name}, nil
		},
	})}
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// processorTime is what this process has used so far, by Linux's /proc; elsewhere
// there is none to tell.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	text, err := os.ReadFile("/proc/self/stat")
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
