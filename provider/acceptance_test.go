package provider_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-version"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/managed-mesh/terraform-provider-asm/internal/contract"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/control"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

// The acceptance suite: every script in testdata/script runs on each Terraform and OpenTofu that is there, with the
// real provider binary, on a simulated Google Cloud of its own. Scripts add to testscript's commands:
//
//	tf ARGS...            the CLI under test; it must exit 0 (or not, after !)
//	plan CODE [ARGS...]   plan -detailed-exitcode, which must exit CODE
//	sim METHOD PATH       a control request of the simulator
//	api CALLER METHOD URL [FILE]   a call to a simulated API as CALLER, from
//	                      Terraform's google provider as far as the audit log can tell
//	requests N REGEXP     exactly N requests since the last reset match "METHOD URL"
//	requests reset
//	hurry DURATION        from now on the world's clock goes on by DURATION ten times a second
//
// the variables $EXAMPLES, the folder of what users copy, and $CLI, the CLI under test, and the conditions [terraform], [tofu],
// [cli>=1.12] and so on.
func TestAcceptance(t *testing.T) {
	clis := findCLIs(t)
	if len(clis) == 0 {
		t.Skip("no Terraform 1.11 or later and no OpenTofu: run `make tools`, or set ASM_TEST_CLIS")
	}
	mirror := buildMirror(t)
	checker, err := contract.New()
	if err != nil {
		t.Fatal(err)
	}
	tolerant, err := contract.New(contract.AllowNewEnums())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*contract.Checker{checker, tolerant} {
		for _, host := range clusterHosts {
			c.Ignore(host)
		}
	}
	setUpScript := func(env *testscript.Env, c cli) error {
		if strings.HasSuffix(env.WorkDir, "script-newenum") { // which is about breaking the contract
			return setUp(env, c, mirror, tolerant)
		}
		return setUp(env, c, mirror, checker)
	}
	t.Run("cli", func(t *testing.T) {
		for _, c := range clis {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				testscript.Run(t, testscript.Params{
					Dir:       "testdata/script",
					Setup:     func(env *testscript.Env) error { return setUpScript(env, c) },
					Condition: c.condition,
					Cmds: map[string]func(*testscript.TestScript, bool, []string){
						"tf": c.tf, "plan": c.plan, "sim": simCommand, "api": apiCommand, "requests": requestsCommand, "hurry": hurryCommand,
					},
				})
			})
		}
	})
	if strings.Contains(flag.Lookup("test.run").Value.String(), "/") {
		return // some scripts were left out on purpose
	}
	for _, method := range []string{
		"cloudresourcemanager.projects.get", "cloudresourcemanager.projects.getIamPolicy", "cloudresourcemanager.projects.setIamPolicy",
		"serviceusage.services.batchGet", "serviceusage.services.enable", "serviceusage.services.batchEnable", "serviceusage.operations.get",
		"container.projects.locations.clusters.list", "container.projects.locations.clusters.update",
		"gkehub.projects.locations.features.get", "gkehub.projects.locations.features.patch", "gkehub.projects.locations.memberships.list",
		"gkehub.projects.locations.memberships.patch", "gkehub.projects.locations.memberships.features.patch",
		"logging.entries.list",
	} {
		if checker.Calls()[method] == 0 {
			t.Errorf("the contract of %s was never checked: no script calls it", method)
		}
	}
}

// clusterHosts speak Kubernetes, which no discovery document describes; the real
// API server holds them to it in internal/cluster.
var clusterHosts = []string{"connectgateway.googleapis.com", "198.51.100.2", "198.51.100.3"}

// cli is a Terraform or an OpenTofu.
type cli struct {
	name, path string
	product    string // "terraform" or "tofu"
	version    *version.Version
}

// findCLIs looks where ASM_TEST_CLIS says, or else on PATH and in .tools/bin,
// and leaves out what is too old or there twice.
func findCLIs(t testing.TB) []cli {
	paths := filepath.SplitList(os.Getenv("ASM_TEST_CLIS"))
	if len(paths) == 0 {
		if p, err := exec.LookPath("terraform"); err == nil {
			paths = append(paths, p)
		}
		paths = append(paths, "../.tools/bin/terraform", "../.tools/bin/tofu")
	}
	var found []cli
	seen := map[string]bool{}
	for _, p := range paths {
		abs, err := filepath.Abs(p)
		if err != nil {
			t.Fatal(err)
		}
		ask := exec.CommandContext(t.Context(), abs, "version", "-json")
		ask.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE=") // warnings about it would come before the JSON
		out, err := ask.Output()
		if err != nil {
			t.Logf("left out %s: %v", p, err)
			continue
		}
		var v struct {
			Version string `json:"terraform_version"`
		}
		if err := json.Unmarshal(out, &v); err != nil {
			t.Fatalf("%s version -json: %v", p, err)
		}
		c := cli{path: abs, product: "terraform", version: version.Must(version.NewVersion(v.Version))}
		if strings.Contains(filepath.Base(abs), "tofu") {
			c.product = "tofu"
		}
		c.name = c.product + "-" + v.Version
		if c.product == "terraform" && c.version.LessThan(version.Must(version.NewVersion("1.11.0"))) {
			t.Logf("left out %s: Terraform %s is older than 1.11", p, v.Version)
			continue
		}
		if !seen[c.name] {
			seen[c.name] = true
			found = append(found, c)
		}
	}
	return found
}

// buildMirror builds the provider, with the race detector when the tests have
// it, into a filesystem mirror, as a user's `make install` does.
func buildMirror(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "registry.terraform.io/managed-mesh/asm/0.1.0", runtime.GOOS+"_"+runtime.GOARCH,
		"terraform-provider-asm_v0.1.0")
	args := []string{"build", "-trimpath", "-ldflags=-s -w -X main.version=0.1.0", "-o", binary}
	if raceEnabled {
		args = append(args, "-race")
	}
	out, err := exec.CommandContext(t.Context(), "go", append(args, "..")...).CombinedOutput()
	if err != nil {
		t.Fatalf("cannot build the provider: %v\n%s", err, out)
	}
	// OpenTofu looks for providers under a host of its own.
	tofu := strings.Replace(binary, "registry.terraform.io", "registry.opentofu.org", 1)
	if err := os.MkdirAll(filepath.Dir(tofu), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(binary, tofu); err != nil {
		t.Fatal(err)
	}
	return dir
}

type simKey struct{}

func setUp(env *testscript.Env, c cli, mirror string, checker *contract.Checker) error {
	var mu sync.Mutex
	var problems []string
	server, err := sim.Start(context.Background(), sim.Options{Projects: 2, Clusters: 2, Observe: func(e sim.Exchange) {
		for _, p := range checker.Check(contract.Exchange{Method: e.Method, Host: e.Host, Path: e.Path, RawQuery: e.RawQuery,
			RequestBody: e.RequestBody, Status: e.Status, ResponseBody: e.ResponseBody}) {
			mu.Lock()
			problems = append(problems, fmt.Sprint(p))
			mu.Unlock()
		}
	}})
	if err != nil {
		return err
	}
	env.Defer(func() {
		if err := server.Close(); err != nil {
			env.T().Log("closing the simulator:", err)
		}
		mu.Lock()
		defer mu.Unlock()
		if len(problems) > 0 {
			env.T().Fatal("requests or answers that the discovery documents do not allow:\n" + strings.Join(problems, "\n"))
		}
	})
	env.Values[simKey{}] = server
	config := filepath.Join(env.WorkDir, ".terraformrc")
	rc := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror)
	if err := os.WriteFile(config, []byte(rc), 0o600); err != nil {
		return err
	}
	folder, err := filepath.Abs(examples)
	if err != nil {
		return err
	}
	env.Vars = append(env.Vars, server.Env()...)
	env.Vars = append(env.Vars, "EXAMPLES="+folder, "CLI="+c.path, "XDG_STATE_HOME="+filepath.Join(env.WorkDir, "state"),
		"TF_CLI_CONFIG_FILE="+config, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_INPUT=0", "TF_CLI_ARGS=-no-color",
		// Left alone, the race detector sleeps a second at the end of each process.
		"GORACE=halt_on_error=1 atexit_sleep_ms=0")
	return nil
}

func (c cli) condition(cond string) (bool, error) {
	if cond == c.product {
		return true, nil
	}
	if cond == "terraform" || cond == "tofu" {
		return false, nil
	}
	if v, found := strings.CutPrefix(cond, "cli>="); found {
		want, err := version.NewVersion(v)
		return err == nil && c.product == "terraform" && c.version.GreaterThanOrEqual(want), err
	}
	return false, fmt.Errorf("unknown condition %q", cond)
}

func (c cli) tf(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec(c.path, args...)
	if neg && err == nil {
		ts.Fatalf("%s %s succeeded", c.name, strings.Join(args, " "))
	}
	if !neg && err != nil {
		ts.Fatalf("%s %s: %v", c.name, strings.Join(args, " "), err)
	}
}

func (c cli) plan(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: plan CODE [ARGS...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	var exit *exec.ExitError
	if err := ts.Exec(c.path, append([]string{"plan", "-detailed-exitcode"}, args[1:]...)...); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if code != want {
		ts.Fatalf("plan -detailed-exitcode exits %d, want %d", code, want)
	}
}

func server(ts *testscript.TestScript) *sim.Server { return ts.Value(simKey{}).(*sim.Server) }

func simCommand(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: sim METHOD PATH [FILE]")
	}
	body := ""
	if len(args) > 2 {
		body = ts.ReadFile(args[2])
	}
	answer, err := control.NewClient(server(ts).URL()).Do(context.Background(), args[0], args[1], []byte(body))
	if (err != nil) != neg {
		ts.Fatalf("%s %s: %v", args[0], args[1], err)
	}
	if err != nil {
		answer = []byte(err.Error())
	}
	_, _ = ts.Stdout().Write(answer)
}

// ciAgent is the user agent of a google provider in some CI job.
const ciAgent = "google-api-go-client/0.5 Terraform/1.5.7 (+https://www.terraform.io) Terraform-Plugin-SDK/2.36.0 " +
	"terraform-provider-google/6.38.0"

func apiCommand(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: api CALLER METHOD HOST/PATH [FILE]")
	}
	body := ""
	if len(args) > 3 {
		body = ts.ReadFile(args[3])
	}
	status, answer := call(ts, args[1], server(ts).URL()+"/"+args[2], args[0], body)
	if (status >= 300) != neg {
		ts.Fatalf("%s %s as %s answers %d: %s", args[1], args[2], args[0], status, answer)
	}
	_, _ = fmt.Fprint(ts.Stdout(), answer)
}

func call(ts *testscript.TestScript, method, url, caller, body string) (int, string) {
	req, err := http.NewRequestWithContext(context.Background(), method, url, strings.NewReader(body))
	ts.Check(err)
	req.Header.Set("User-Agent", ciAgent)
	req.Header.Set("Content-Type", "application/json")
	if strings.Contains(url, "connectgateway") && method == http.MethodPatch {
		req.Header.Set("Content-Type", "application/merge-patch+json")
	}
	req.Header.Set("Authorization", "Bearer "+simtest.Token(caller))
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	ts.Check(err)
	return resp.StatusCode, string(answer)
}

// servedRequest is one of GET /_sim/requests.
type servedRequest struct {
	Method, URL, Caller string
	Status              int
}

func requestsCommand(ts *testscript.TestScript, _ bool, args []string) {
	simulator := control.NewClient(server(ts).URL())
	if len(args) == 1 && args[0] == "reset" {
		_, err := simulator.Do(context.Background(), http.MethodDelete, "requests", nil)
		ts.Check(err)
		return
	}
	if len(args) != 2 {
		ts.Fatalf("usage: requests N REGEXP, or requests reset")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	answer, err := simulator.Do(context.Background(), http.MethodGet, "requests", nil)
	ts.Check(err)
	var served []servedRequest
	ts.Check(json.Unmarshal(answer, &served))
	var matched, all []string
	for _, r := range served {
		line := r.Method + " " + r.URL
		all = append(all, fmt.Sprint(line, " ", r.Status))
		if pattern.MatchString(line) {
			matched = append(matched, line)
		}
	}
	if len(matched) != want {
		ts.Fatalf("%d requests match %s, want %d; all requests:\n%s", len(matched), args[1], want, strings.Join(all, "\n"))
	}
}

func hurryCommand(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: hurry DURATION")
	}
	step, err := time.ParseDuration(args[0])
	ts.Check(err)
	simulator := control.NewClient(server(ts).URL())
	ts.Check(simulator.Advance(context.Background(), step))
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for tick := time.NewTicker(100 * time.Millisecond); ; {
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
				_ = simulator.Advance(ctx, step) // the next request of the script fails, too
			}
		}
	}()
	ts.Defer(func() {
		stop()
		<-stopped
	})
}
