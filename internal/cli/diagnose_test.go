package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

// simulate starts a simulated Google Cloud that the environment leads to.
func simulate(t *testing.T, o sim.Options) *simtest.World {
	t.Helper()
	w := simtest.Start(t, o)
	w.SetEnvironment()
	return w
}

func TestDiagnose(t *testing.T) {
	world := simulate(t, sim.Options{Projects: 2, Clusters: 2})
	if code, out, errs := run(t, "diagnose"); code != 0 || !strings.HasPrefix(out, "HEALTHY") {
		t.Fatalf("healthy: exit %d\n%s\n%s", code, out, errs)
	}
	baseline := filepath.Join(t.TempDir(), "baseline.json")
	if code, out, _ := run(t, "diagnose", "--output", "json="+baseline); code != 0 || out != "" {
		t.Fatalf("exit %d, %q", code, out)
	}
	world.Suffer("binding-revoked")

	page := filepath.Join(t.TempDir(), "report.html")
	code, out, errs := run(t, "diagnose", "--output", "json", "--output", "html="+page, "--baseline", baseline)
	var r diagnosis.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 2 {
		t.Fatalf("exit %d, %v: %s", code, err, errs)
	}
	root := r.Findings[0]
	if root.Code != catalogue.BindingMissing || !root.Root() || !root.New || root.Culprit == nil ||
		root.Culprit.Who != "ci@mesh-sim-1.iam.gserviceaccount.com" {
		t.Errorf("the first finding is %+v", root)
	}
	if html, err := os.ReadFile(page); err != nil || !strings.Contains(string(html), string(catalogue.BindingMissing)) {
		t.Errorf("the page has not the cause: %v", err)
	}

	// What is known and meant to be left alone counts nowhere, until its day.
	list := filepath.Join(t.TempDir(), "known.yaml")
	write := func(expires string) {
		t.Helper()
		text := "suppressions:\n- {code: service-agent-binding-missing, subject: 'projects/*', reason: being moved, expires: " + expires + "}\n"
		if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(time.Now().AddDate(0, 0, 2).Format(time.DateOnly))
	if code, out, errs := run(t, "diagnose", "--suppressions", list, "--no-clusters"); strings.Contains(out,
		"error  service-agent-binding-missing") {
		t.Errorf("exit %d\n%s\n%s", code, out, errs)
	}
	write("2020-01-01")
	if code, out, _ := run(t, "diagnose", "--suppressions", list); code != 2 || !strings.Contains(out, "expired 2020-01-01") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// The exit codes say what kind of trouble it is.
func TestDiagnoseExitCodes(t *testing.T) {
	for name, c := range map[string]struct {
		args  []string
		fault string
		want  int
	}{
		"a prerequisite":          {args: []string{"--no-clusters"}, fault: "connectgateway-disabled", want: 2},
		"health alone":            {fault: "stop-kubernetes-version", want: 3},
		"cannot tell":             {fault: "forbidden", want: 4},
		"never":                   {args: []string{"--fail-on", "never"}, fault: "binding-revoked", want: 0},
		"not so bad":              {args: []string{"--fail-on", "unhealthy"}, fault: "proxies-failed", want: 0},
		"a membership, by itself": {args: []string{"--membership", "projects/mesh-sim-1/locations/us-central1/memberships/cluster-1"}, want: 0},
		"a cluster, by itself":    {args: []string{"--cluster", "projects/mesh-sim-1/locations/us-central1/clusters/cluster-1"}, want: 0},
		"a fleet without mesh":    {args: []string{"--fleet-project", "mesh-sim-2"}, want: 4},
	} {
		t.Run(name, func(t *testing.T) {
			world := simulate(t, sim.Options{Projects: 2, Clusters: 2})
			if c.fault != "" {
				world.Suffer(c.fault)
			}
			if code, out, errs := run(t, append([]string{"diagnose"}, c.args...)...); code != c.want {
				t.Errorf("exit %d, want %d\n%s\n%s", code, c.want, out, errs)
			}
		})
	}
}

// All mistakes are reported at once, before any request.
func TestDiagnoseMistakes(t *testing.T) {
	world := simulate(t, sim.Options{})
	code, out, errs := run(t, "diagnose", "--fleet-project", "x y", "--membership", "foo", "--cluster", "bar", "--fail-on", "maybe",
		"--baseline", "/no/such", "--suppressions", "/no/such/list", "--concurrency", "0", "--since", "-1h")
	for _, want := range []string{"--fleet-project", "--membership", "--cluster", "--fail-on", "--baseline", "--suppressions",
		"--concurrency", "--since"} {
		if !strings.Contains(errs, want+":") {
			t.Errorf("%s is not in %s", want, errs)
		}
	}
	if code != 1 || out != "" {
		t.Errorf("exit %d, %q", code, out)
	}
	for _, args := range [][]string{
		{"--output", "pdf"}, {"--output", "html=/no/such/folder/x"}, {"--fail-on", "new"}, {"more"}, {"--output", "json", "--output", "table"},
	} {
		if code, out, errs := run(t, append([]string{"diagnose"}, args...)...); code != 1 || out != "" || errs == "" {
			t.Errorf("%v: exit %d, %q, %q", args, code, out, errs)
		}
	}
	t.Setenv("GOOGLE_PROJECT", "")
	for _, v := range []string{"GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"} {
		t.Setenv(v, "")
	}
	if code, _, errs := run(t, "diagnose"); code != 1 || !strings.Contains(errs, "name what to diagnose") {
		t.Errorf("exit %d: %s", code, errs)
	}
	if n := len(world.All()); n > 0 {
		t.Errorf("%d requests were made", n)
	}
}

// What one API, or every one, refuses to answer is unknown once its time is over; what was read stays.
func TestDiagnoseRepeatsForItsTimeoutOnly(t *testing.T) {
	for name, c := range map[string]struct {
		fault string
		stays bool
	}{
		"a quota of one API":  {"rate-limit?host=serviceusage.googleapis.com", true},
		"one API is down":     {"unavailable?host=serviceusage.googleapis.com", true},
		"a quota of all APIs": {"rate-limit", false},
		"all APIs are down":   {"unavailable", false},
	} {
		t.Run(name, func(t *testing.T) {
			world := simulate(t, sim.Options{Projects: 2, Clusters: 2})
			world.Suffer("workload-pool-missing")
			world.Fault(c.fault)
			world.Forget()
			code, out, errs := run(t, "diagnose", "--timeout", "0s", "--fail-on", "unknown")
			if stays := strings.Contains(out, "workload-pool-missing"); stays != c.stays || !strings.Contains(out, "cannot-read") {
				t.Errorf("%s\n%s", out, errs)
			}
			if want := map[bool]int{true: 2, false: 4}[c.stays]; code != want {
				t.Errorf("exit %d\n%s\n%s", code, out, errs)
			}
			times := map[string]int{}
			for _, r := range world.All() {
				if r.Status < 429 {
					continue
				}
				request := r.Method + " " + r.Host + r.Path + "?" + r.RawQuery + string(r.RequestBody)
				if times[request]++; times[request] > 3 { // a failed read is not kept for the two others that need it
					t.Errorf("%s was repeated", request)
				}
			}
		})
	}
	if code, _, errs := run(t, "diagnose", "--timeout", "-1s"); code != 1 || !strings.Contains(errs, "--timeout:") {
		t.Errorf("exit %d: %s", code, errs)
	}
}
