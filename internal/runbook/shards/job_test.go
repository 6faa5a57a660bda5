// Package shards_test runs the example of several executors on one fleet: the manifests on a real API server with its
// controllers, the pods as processes of the built program, the fleet in the simulator.
package shards_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/managed-mesh/terraform-provider-asm/internal/kubetest"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

const (
	fleetProject = "mesh-sim-1"
	namespace    = "asm-runs"
	jobName      = "restore-bindings"
	clusters     = 24
	projects     = 3
)

func TestMain(m *testing.M) { os.Exit(kubetest.Main(m)) }

// program builds what the containers run.
func program(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "terraform-provider-asm")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../../..").CombinedOutput()
	if err != nil {
		t.Fatalf("cannot build the program: %v\n%s", err, out)
	}
	return binary
}

// fleet is a simulated fleet whose mesh has lost its role in every project.
type fleet struct {
	t      *testing.T
	server *sim.Server

	mu      sync.Mutex
	granted []string // projects whose policy was written, by order
	refused int      // writes that came second
	other   []string // every other write
	onGrant func(nth int, pod string)
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{t: t}
	server, err := sim.Start(t.Context(), sim.Options{Projects: projects, Clusters: clusters, Observe: f.see})
	if err != nil {
		t.Fatal(err)
	}
	f.server = server
	t.Cleanup(func() { _ = server.Close() })
	// The mesh notices a repair at once, so that nobody has to move the clock.
	var world map[string]any
	if err := json.Unmarshal(f.control("GET", "world", ""), &world); err != nil {
		t.Fatal(err)
	}
	world["timings"].(map[string]any)["recoverAfter"] = "0s"
	text, err := json.Marshal(world)
	if err != nil {
		t.Fatal(err)
	}
	f.control("PUT", "world", string(text))
	f.control("POST", "clock?advance=1h", "")
	f.control("PUT", "faults/binding-revoked?project=*", "")
	f.control("POST", "clock?advance=1h", "")
	return f
}

func (f *fleet) control(method, path, body string) []byte {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), method, f.server.URL()+"/_sim/"+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		f.t.Fatalf("%s %s: %d %s %v", method, path, resp.StatusCode, answer, err)
	}
	return answer
}

// see counts the writes. The reason of a request is the name of the pod.
func (f *fleet) see(e sim.Exchange) {
	project, grants := strings.CutSuffix(e.Path[strings.LastIndex(e.Path, "/")+1:], ":setIamPolicy")
	reads := e.Method == http.MethodGet || e.Method == http.MethodHead
	for _, suffix := range []string{":getIamPolicy", ":testIamPermissions", "entries:list", "selfsubjectaccessreviews", ":search"} {
		reads = reads || strings.HasSuffix(e.Path, suffix)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case reads:
	case !grants:
		f.other = append(f.other, fmt.Sprintf("%s %s%s %d", e.Method, e.Host, e.Path, e.Status))
	case e.Status >= 300:
		f.refused++
	default:
		f.granted = append(f.granted, project)
		if f.onGrant != nil {
			f.onGrant(len(f.granted), e.RequestHeader.Get("X-Goog-Request-Reason"))
		}
	}
}

// TestIndexedJob has the pods of the example restore what a fleet has lost. One is killed when the cloud has done what
// it asked for, before it hears of it, and one is evicted: who takes their place goes on with their runs.
func TestIndexedJob(t *testing.T) {
	f := newFleet(t)
	c := newCluster(t, program(t), append(environ(), f.server.Env()...))
	killed, evicted := "", ""
	f.onGrant = func(_ int, pod string) {
		switch {
		case killed == "":
			killed = pod
			c.signal(pod, syscall.SIGKILL)
		case evicted == "" && pod != killed:
			evicted = pod
			c.signal(pod, syscall.SIGTERM)
		}
	}
	c.apply("setup.yaml")
	c.kubelet(namespace)
	c.apply("job.yaml")
	job := c.finish(namespace, jobName)

	if got := job.Status; got.CompletedIndexes != "0-3" || got.Succeeded != 4 || got.Failed != 1 || !ended(job, batchv1.JobComplete) {
		t.Errorf("the Job ended as %+v\n%s", got, c.said())
	}
	c.replaced(killed, "1", 137)
	c.replaced(evicted, "0", 6, 7) // the canary or one after it was stopped
	f.grantedOnce()
	c.runsOf(clusters)

	before := len(f.granted)
	c.apply("merge.yaml")
	report := c.finish(namespace, jobName+"-report")
	if !ended(report, batchv1.JobComplete) {
		t.Errorf("the report ended as %+v\n%s", report.Status, c.said())
	}
	if said := c.saidBy(jobName + "-report"); !strings.Contains(said, fmt.Sprintf("%d of %d succeeded", clusters, clusters)) {
		t.Errorf("the report says\n%s", said)
	}
	if len(f.granted) != before || len(f.other) > 0 {
		t.Errorf("the report wrote: %q, %q", f.granted, f.other)
	}
	c.mayNot()
}

func ended(job *batchv1.Job, how batchv1.JobConditionType) bool {
	return slices.ContainsFunc(job.Status.Conditions, func(c batchv1.JobCondition) bool { return c.Type == how && c.Status == "True" })
}

// replaced wants a pod to have ended with one of the exit codes, and another of its index after it that
// succeeded, before which Kubernetes counts so many failures.
func (c *cluster) replaced(name, failures string, exits ...int) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	gone := c.pods[name]
	if gone == nil {
		c.t.Errorf("there was no pod %q", name)
		return
	}
	if !slices.Contains(exits, gone.exit) {
		c.t.Errorf("pod %s ended with %d, want one of %v\n%s", name, gone.exit, exits, gone.errs.String())
	}
	for _, p := range c.pods {
		if p.index == gone.index && p.name != name && p.exit == 0 && p.failures == failures {
			return
		}
	}
	c.t.Errorf("nobody succeeded in the place of pod %s after %s failures of index %s", name, failures, gone.index)
}

func (c *cluster) saidBy(job string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.pods {
		if strings.HasPrefix(p.name, job) {
			return p.out.String() + p.errs.String()
		}
	}
	return ""
}

// grantedOnce wants one write to each project, and none besides.
func (f *fleet) grantedOnce() {
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	got := slices.Clone(f.granted)
	slices.Sort(got)
	if want := []string{"mesh-sim-1", "mesh-sim-2", "mesh-sim-3"}; !slices.Equal(got, want) || len(f.other) > 0 {
		f.t.Errorf("granted was on %q, want once on each of %q; other writes are %q", f.granted, want, f.other)
	}
	f.t.Logf("%d writes came second and were refused", f.refused)
}

// runsOf wants one run for each target, each of which succeeded, with its journal
// intact, and at least two of them resumed.
func (c *cluster) runsOf(targets int) {
	c.t.Helper()
	s := store.NewKube(c.client, namespace, store.Options{})
	runs, err := s.List(c.t.Context(), store.Filter{Job: jobName})
	if err != nil {
		c.t.Fatal(err)
	}
	seen, resumed := map[string]bool{}, 0
	for _, r := range runs {
		seen[r.Target] = true
		if r.Outcome != journal.Succeeded {
			c.t.Errorf("%+v", r)
		}
		reader, err := s.Read(c.t.Context(), r.Run)
		if err != nil {
			c.t.Fatal(err)
		}
		entries, err := reader.ReadAll()
		if err != nil {
			c.t.Error(err)
		}
		_ = reader.Close()
		state, err := journal.Fold(entries)
		if err != nil {
			c.t.Fatal(err)
		}
		if state.Resumed > 0 {
			resumed++
		}
	}
	if len(runs) != targets || len(seen) != targets {
		c.t.Errorf("there are %d runs of %d targets, want one for each of %d", len(runs), len(seen), targets)
	}
	if resumed < 2 {
		c.t.Errorf("%d runs were resumed, and those that were killed and evicted were at work on one each", resumed)
	}
}

// mayNot wants of the example's role that it allows nothing that keeping runs does not take.
func (c *cluster) mayNot() {
	c.t.Helper()
	for _, what := range []authorizationv1.ResourceAttributes{
		{Verb: "delete", Resource: "configmaps"}, {Verb: "deletecollection", Resource: "configmaps"}, {Verb: "update", Resource: "configmaps"},
		{Verb: "watch", Resource: "configmaps"},
		{Verb: "delete", Group: "coordination.k8s.io", Resource: "leases"}, {Verb: "list", Group: "coordination.k8s.io", Resource: "leases"},
		{Verb: "get", Resource: "secrets"}, {Verb: "create", Resource: "pods"}, {Verb: "create", Group: "batch", Resource: "jobs"},
	} {
		what.Namespace = namespace
		review, err := c.client.AuthorizationV1().SubjectAccessReviews().Create(c.t.Context(), &authorizationv1.SubjectAccessReview{
			Spec: authorizationv1.SubjectAccessReviewSpec{User: "system:serviceaccount:" + namespace + ":asm-executor", ResourceAttributes: &what},
		}, metav1.CreateOptions{})
		if err != nil {
			c.t.Fatal(err)
		}
		if review.Status.Allowed {
			c.t.Errorf("the executors may %s %s", what.Verb, what.Resource)
		}
	}
}
