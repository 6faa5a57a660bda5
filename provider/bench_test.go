package provider_test

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

// The matrix: each size with each latency of the simulated APIs.
var (
	benchSizes     = []int{1, 10, 100, 1000}
	benchLatencies = []time.Duration{0, 10 * time.Millisecond, 50 * time.Millisecond}
)

// What the floor is made of.
const (
	parallelism = 10                     // Terraform's default
	enabling    = 200 * time.Millisecond // that the simulator's Service Usage takes to enable an API
)

// BenchmarkPlan is a refresh plan of a configuration in sync: for each project
// a binding and a set of APIs, in the fleet of the first. It reports
//
//	s/op            the median wall time of the command
//	floor-s/op      what the requests it cannot do without take, at Terraform's parallelism
//	terraform-s/op  what Terraform takes for as many resources of its own (terraform_data)
//	cpu-s/op        what Terraform and the provider compute, whatever else the machine does
//	requests/op     requests that the simulator served
//	provider-MB     the most memory that a provider process had resident
func BenchmarkPlan(b *testing.B) {
	benchmark(b, job{
		args: []string{"plan", "-detailed-exitcode", "-input=false", "-no-color"},
		// One getIamPolicy and one services.batchGet a project, none waiting for another.
		floor: func(projects int, latency time.Duration) time.Duration {
			return max(latency, time.Duration(2*projects)*latency/parallelism)
		},
	})
}

// BenchmarkApply is an apply from nothing, in a world in which every project
// lacks the binding and Connect Gateway. It reports what BenchmarkPlan does.
func BenchmarkApply(b *testing.B) {
	benchmark(b, job{
		args: []string{"apply", "-auto-approve", "-input=false", "-no-color"},
		make: true,
		// A binding: read, write, verify; an API: read, enable, see the operation
		// end, verify; and the number of the fleet's project once.
		floor: func(projects int, latency time.Duration) time.Duration {
			binding, services := 3*latency, 4*latency+enabling
			all := latency + time.Duration(projects)*(binding+services)
			return max(latency+binding, services, all/parallelism)
		},
	})
}

// BenchmarkHandshake is the start of the provider as Terraform does it, until it says where it listens.
func BenchmarkHandshake(b *testing.B) {
	s := newBench(b)
	var took []time.Duration
	memory := 0.0
	for b.Loop() {
		plugin := exec.CommandContext(b.Context(), s.binary)
		plugin.Env = append(os.Environ(), "TMPDIR="+b.TempDir(), "PLUGIN_PROTOCOL_VERSIONS=6",
			"TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2")
		out, err := plugin.StdoutPipe()
		if err != nil {
			b.Fatal(err)
		}
		start := time.Now()
		if err := plugin.Start(); err != nil {
			b.Fatal(err)
		}
		line, err := bufio.NewReader(out).ReadString('\n')
		took = append(took, time.Since(start))
		b.StopTimer()
		if err != nil || !strings.HasPrefix(line, "1|6|") {
			b.Fatalf("the handshake reads %q: %v", line, err)
		}
		memory = max(memory, residentMB(plugin.Process.Pid))
		if err := plugin.Process.Kill(); err != nil {
			b.Fatal(err)
		}
		_ = plugin.Wait() // it was killed, and says so
		b.StartTimer()
	}
	reportTime(b, took)
	reportMemory(b, memory)
}

// BenchmarkSchema is terraform providers schema -json.
func BenchmarkSchema(b *testing.B) {
	s := newBench(b)
	w := s.workspace(b, meshBlocks(1, 1))
	var took []time.Duration
	size := 0
	watch := watchMemory(s.binary)
	for b.Loop() {
		start := time.Now()
		out, _ := w.terraform(b, nil, "providers", "schema", "-json")
		took, size = append(took, time.Since(start)), len(out)
	}
	reportTime(b, took)
	b.ReportMetric(float64(size), "bytes")
	reportMemory(b, watch())
}

// job is what Terraform is made to do, again and again.
type job struct {
	args  []string
	make  bool // from an empty state, with something to do in every project
	floor func(projects int, latency time.Duration) time.Duration
}

func benchmark(b *testing.B, j job) {
	s := newBench(b)
	for _, n := range benchSizes {
		b.Run(fmt.Sprintf("projects=%d", n), func(b *testing.B) {
			if n >= 1000 && testing.Short() {
				b.Skip("a thousand projects take minutes, and -short is set")
			}
			own := j.terraformAlone(b, s, n)
			w := s.workspace(b, meshBlocks(1, n))
			if !j.make {
				w.state.set(s.applied(b, n, meshBlocks))
			}
			for _, latency := range benchLatencies {
				b.Run(fmt.Sprintf("latency=%s", latency), func(b *testing.B) {
					j.measure(b, s, w, n, latency, own)
				})
			}
		})
	}
}

// measure times the job in one cell of the matrix.
func (j job) measure(b *testing.B, s bench, w workspace, n int, latency, own time.Duration) {
	c := startCloud(b, n, latency)
	watch := watchMemory(s.binary)
	var took, computed []time.Duration
	for b.Loop() {
		if j.make {
			b.StopTimer()
			w.state.set(nil)
			c.takeAway(b)
			b.StartTimer()
		}
		start := time.Now()
		_, cpu := w.terraform(b, c, j.args...)
		took, computed = append(took, time.Since(start)), append(computed, cpu)
	}
	memory := watch()
	requests := c.requests()
	if j.make && (requests["setIamPolicy"] != n*len(took) || requests["enable"] != n*len(took)) {
		b.Errorf("applied %d projects %d times with these requests: %v", n, len(took), requests)
	}
	total := 0
	for _, kind := range slices.Sorted(maps.Keys(requests)) {
		total += requests[kind]
		if testing.Verbose() {
			b.Logf("%-14s %8.2f a project", kind, float64(requests[kind])/float64(n*len(took)))
		}
	}
	reportTime(b, took)
	b.ReportMetric(median(computed).Seconds(), "cpu-s/op")
	b.ReportMetric(j.floor(n, latency).Seconds(), "floor-s/op")
	b.ReportMetric(own.Seconds(), "terraform-s/op")
	b.ReportMetric(float64(total)/float64(len(took)), "requests/op")
	reportMemory(b, memory)
}

// terraformAlone is what Terraform itself takes for the job: with as many
// resources, none of which leaves its own process.
func (j job) terraformAlone(b *testing.B, s bench, n int) time.Duration {
	w := s.workspace(b, dataBlocks(1, n))
	if !j.make {
		w.state.set(s.applied(b, n, dataBlocks))
	}
	rounds := 3
	if n >= 1000 { // enough for a hiccup not to matter
		rounds = 1
	}
	var took []time.Duration
	for range rounds {
		if j.make {
			w.state.set(nil)
		}
		start := time.Now()
		w.terraform(b, nil, j.args...)
		took = append(took, time.Since(start))
	}
	return median(took)
}

// perBlock is how many projects a resource block has. What Terraform itself takes grows with the square of it: a single
// block of a thousand would measure Terraform.
const perBlock = 100

// meshBlocks configure a binding and a set of APIs for the projects first to last.
func meshBlocks(first, last int) string {
	return `
terraform {
  required_providers {
    asm = { source = "managed-mesh/asm" }
  }
  backend "http" {}
}
` + blocks(first, last, `
resource "asm_service_agent_binding" "mesh_%[1]d" {
  for_each      = toset([for i in range(%[2]d, %[3]d + 1) : "mesh-sim-${i}"])
  project       = each.key
  fleet_project = "mesh-sim-1"
}

resource "asm_project_services" "mesh_%[1]d" {
  for_each = toset([for i in range(%[2]d, %[3]d + 1) : "mesh-sim-${i}"])
  project  = each.key
}
`)
}

// dataBlocks configure as many resources of Terraform's own.
func dataBlocks(first, last int) string {
	return `
terraform {
  backend "http" {}
}
` + blocks(first, last, `
resource "terraform_data" "binding_%[1]d" {
  for_each = toset([for i in range(%[2]d, %[3]d + 1) : "mesh-sim-${i}"])
  input    = { project = each.key, fleet_project = "mesh-sim-1" }
}

resource "terraform_data" "services_%[1]d" {
  for_each = toset([for i in range(%[2]d, %[3]d + 1) : "mesh-sim-${i}"])
  input    = { project = each.key }
}
`)
}

func blocks(first, last int, format string) string {
	var config strings.Builder
	for i := 0; first+i*perBlock <= last; i++ {
		from := first + i*perBlock
		fmt.Fprintf(&config, format, i, from, min(from+perBlock-1, last))
	}
	return config.String()
}

// applied is the state after an apply for n projects. It is grown from that of one: Terraform writes the whole state
// after each resource, and a thousand projects would take minutes.
func (s bench) applied(b *testing.B, n int, config func(first, last int) string) []byte {
	b.Helper()
	const one = 2 // not the fleet's own, whose name is on each binding
	w := s.workspace(b, config(one, one))
	w.terraform(b, startCloud(b, one, 0), "apply", "-auto-approve", "-input=false", "-no-color")
	var state map[string]any
	var seed struct{ Resources []map[string]any }
	for _, into := range []any{&state, &seed} {
		if err := json.Unmarshal(w.state.get(), into); err != nil {
			b.Fatal(err)
		}
	}
	var resources []map[string]any
	for _, r := range seed.Resources {
		instance, err := json.Marshal(r["instances"].([]any)[0])
		if err != nil {
			b.Fatal(err)
		}
		for block := 0; block*perBlock < n; block++ {
			var instances []json.RawMessage
			for i := block*perBlock + 1; i <= min((block+1)*perBlock, n); i++ {
				instances = append(instances, bytes.ReplaceAll(instance, []byte("mesh-sim-2"), fmt.Appendf(nil, "mesh-sim-%d", i)))
			}
			grown := maps.Clone(r)
			grown["name"] = strings.TrimSuffix(r["name"].(string), "0") + strconv.Itoa(block)
			grown["instances"] = instances
			resources = append(resources, grown)
		}
	}
	state["resources"] = resources
	grown, err := json.Marshal(state)
	if err != nil {
		b.Fatal(err)
	}
	return grown
}

// bench is what all benchmarks run: the newest Terraform and the provider as a release has it.
type bench struct {
	cli            cli
	mirror, binary string
}

func newBench(b *testing.B) bench {
	b.Helper()
	if raceEnabled {
		b.Skip("the race detector is on: its figures say nothing")
	}
	b.Setenv("CGO_ENABLED", "0") // see .goreleaser.yml
	clis := slices.DeleteFunc(findCLIs(b), func(c cli) bool { return c.product != "terraform" })
	if len(clis) == 0 {
		b.Skip("no Terraform 1.11 or later: run `make tools`, or set ASM_TEST_CLIS")
	}
	s := bench{cli: slices.MaxFunc(clis, func(x, y cli) int { return x.version.Compare(y.version) }), mirror: buildMirror(b)}
	real, err := filepath.EvalSymlinks(s.mirror)
	if err != nil {
		b.Fatal(err)
	}
	s.binary = filepath.Join(real, "registry.terraform.io/managed-mesh/asm/0.1.0", runtime.GOOS+"_"+runtime.GOARCH,
		"terraform-provider-asm_v0.1.0")
	b.Logf("%s, %d processors", s.cli.name, runtime.NumCPU())
	return s
}

// workspace is a folder with a configuration, after terraform init. Its state is remote, as a team's is: a local one
// Terraform writes to disk after each resource, which takes longer than all else.
type workspace struct {
	dir, cli string
	state    *remoteState
	backend  string // its address
}

// remoteState is a server of Terraform's http backend.
type remoteState struct {
	mu      sync.Mutex
	content []byte
}

func (r *remoteState) get() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.content
}

func (r *remoteState) set(content []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.content = content
}

func (r *remoteState) ServeHTTP(out http.ResponseWriter, request *http.Request) {
	switch content := r.get(); {
	case request.Method == http.MethodPost:
		sent, err := io.ReadAll(request.Body)
		if err != nil {
			http.Error(out, err.Error(), http.StatusBadRequest)
			return
		}
		r.set(sent)
	case content == nil:
		http.NotFound(out, request)
	default:
		_, _ = out.Write(content) // Terraform notices when it is cut short
	}
}

func (s bench) workspace(b *testing.B, config string) workspace {
	b.Helper()
	state := &remoteState{}
	server := httptest.NewServer(state)
	b.Cleanup(server.Close)
	w := workspace{b.TempDir(), s.cli.path, state, server.URL}
	rc := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", s.mirror)
	for name, content := range map[string]string{"main.tf": config, ".terraformrc": rc} {
		if err := os.WriteFile(filepath.Join(w.dir, name), []byte(content), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	w.terraform(b, nil, "init", "-input=false", "-no-color")
	return w
}

// terraform runs a command that must exit 0, which of a plan with
// -detailed-exitcode says that there is nothing to do. It returns what that
// printed, and the time that it and its providers computed.
func (w workspace) terraform(b *testing.B, c *cloud, args ...string) ([]byte, time.Duration) {
	b.Helper()
	run := exec.CommandContext(b.Context(), w.cli, args...)
	run.Dir = w.dir
	run.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + w.dir, "TMPDIR=" + os.TempDir(),
		"TF_CLI_CONFIG_FILE=" + filepath.Join(w.dir, ".terraformrc"), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1",
		"TF_HTTP_ADDRESS=" + w.backend}
	if c != nil {
		run.Env = append(run.Env, c.Env()...)
	}
	var out, problems bytes.Buffer
	run.Stdout, run.Stderr = &out, &problems
	if err := run.Run(); err != nil {
		b.Fatalf("terraform %s: %v\n%s%s", strings.Join(args, " "), err, lastLines(out.String()), lastLines(problems.String()))
	}
	return out.Bytes(), run.ProcessState.UserTime() + run.ProcessState.SystemTime()
}

func lastLines(text string) string {
	lines := strings.Split(text, "\n")
	return strings.Join(lines[max(0, len(lines)-40):], "\n")
}

// cloud is a simulated Google Cloud.
type cloud struct {
	*simtest.World
	lacking []byte // this world with the binding and Connect Gateway taken away
}

func startCloud(b *testing.B, projects int, latency time.Duration) *cloud {
	b.Helper()
	return &cloud{World: simtest.Start(b, sim.Options{Projects: projects, Latency: latency})}
}

// requestKind is the method that a path calls, in a word.
func requestKind(path string) string {
	if _, verb, found := strings.Cut(path, ":"); found {
		return verb
	}
	part := strings.Split(path, "/")
	return part[len(part)-2] + ".get"
}

// requests counts what the world was asked, by kind.
func (c *cloud) requests() map[string]int {
	served := map[string]int{}
	for _, e := range c.All() {
		served[requestKind(e.Path)]++
	}
	return served
}

// takeAway puts a world in which every project lacks the binding and Connect Gateway.
func (c *cloud) takeAway(b *testing.B) {
	b.Helper()
	if c.lacking == nil {
		text, err := c.Control.World(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		var world sim.World
		if err := json.Unmarshal(text, &world); err != nil {
			b.Fatal(err)
		}
		for _, p := range world.Projects {
			p.Policy.Bindings = slices.DeleteFunc(p.Policy.Bindings, func(binding *sim.Binding) bool { return binding.Role == mesh.AgentRole })
			p.Services[mesh.GatewayService].State = "DISABLED"
		}
		if c.lacking, err = json.Marshal(&world); err != nil {
			b.Fatal(err)
		}
	}
	if err := c.Control.SetWorld(b.Context(), c.lacking); err != nil {
		b.Fatal(err)
	}
}

func median(d []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(d))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

func reportTime(b *testing.B, took []time.Duration) {
	b.ReportMetric(0, "ns/op") // the mean, which one hiccup spoils
	b.ReportMetric(median(took).Seconds(), "s/op")
}

func reportMemory(b *testing.B, megabytes float64) {
	if megabytes > 0 {
		b.ReportMetric(megabytes, "provider-MB")
	}
}

// watchMemory looks out for processes that run binary, until the returned function is called, which tells the most
// memory that one of them had resident. Where there is no /proc, that is 0.
func watchMemory(binary string) (stop func() float64) {
	peak, quit, done := 0.0, make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		older := map[string]bool{} // than any process that matters
		for _, pid := range processes() {
			older[pid] = true
		}
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
			}
			for _, pid := range processes() {
				if older[pid] {
					continue
				}
				if exe, err := os.Readlink("/proc/" + pid + "/exe"); err != nil || exe != binary {
					continue
				}
				if id, err := strconv.Atoi(pid); err == nil {
					peak = max(peak, residentMB(id))
				}
			}
		}
	}()
	return func() float64 {
		close(quit)
		<-done
		return peak
	}
}

func processes() []string {
	proc, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer func() { _ = proc.Close() }()
	names, _ := proc.Readdirnames(-1) // what could be listed
	return slices.DeleteFunc(names, func(name string) bool { return cmp.Compare(name, "0") < 0 || cmp.Compare(name, ":") > 0 })
}

// residentMB is the most memory that a process has had resident so far, in millions of bytes, or 0 when it is gone.
func residentMB(pid int) float64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := bytes.Cut(status, []byte("VmHWM:"))
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kib, err := strconv.ParseFloat(string(fields[0]), 64)
	if err != nil {
		return 0
	}
	return kib * 1024 / 1e6
}
