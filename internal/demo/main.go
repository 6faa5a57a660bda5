// Demo shows the product's main job step by step, with the real binaries: a Terraform, this provider and its simulator.
// It imports none of our packages and runs only the commands that a user types.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

func main() {
	provider := flag.String("provider", "", "the provider's binary")
	terraform := flag.String("terraform", "terraform", "a Terraform 1.11 or later, or an OpenTofu")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *provider, *terraform); err != nil {
		fmt.Fprintf(os.Stderr, "\nThe demo failed: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, provider, terraform string) (err error) {
	start := time.Now()
	dir, err := os.MkdirTemp("", "asm-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	d := &demo{ctx: ctx, dir: dir, terraform: terraform}
	for i, s := range d.steps(provider) {
		fmt.Printf("\n%d. %s\n", i+1, s.title)
		if err := s.do(); err != nil {
			return errors.Join(fmt.Errorf("step %d, %q: %w", i+1, s.title, err), d.stop())
		}
	}
	if err := d.stop(); err != nil {
		return err
	}
	fmt.Printf("\nDone in %s. Nothing is left running, and nothing outside a temporary folder was touched.\n",
		time.Since(start).Round(100*time.Millisecond))
	return nil
}

type step struct {
	title string
	do    func() error
}

type demo struct {
	ctx       context.Context
	dir       string
	terraform string
	env       []string
	sim       *exec.Cmd
}

const configuration = `terraform {
  required_providers {
    asm = { source = "managed-mesh/asm" }
  }
}

resource "asm_service_agent_binding" "mesh" {
  deletion_policy = "DELETE"
}

resource "asm_project_services" "mesh" {}

resource "asm_workload_pool" "mesh" {
  cluster = "projects/mesh-sim-1/locations/us-central1/clusters/cluster-1"
}

data "asm_mesh_health" "fleet" {}

check "mesh" {
  assert {
    condition     = data.asm_mesh_health.fleet.healthy
    error_message = data.asm_mesh_health.fleet.summary
  }
}
`

// ci is a CI job's identity and client, as an audit log would show them.
const (
	ci      = "ci@mesh-sim-1.iam.gserviceaccount.com"
	ciAgent = "google-api-go-client/0.5 Terraform/1.5.7 (+https://www.terraform.io) Terraform-Plugin-SDK/2.36.0 " +
		"terraform-provider-google/6.38.0"
	cluster = "container.googleapis.com/v1/projects/mesh-sim-1/locations/us-central1/clusters/cluster-1"
)

func (d *demo) steps(provider string) []step {
	return []step{
		{"Start a simulated Google Cloud: a project, a fleet, a GKE cluster with managed mesh.", func() error { return d.simulate(provider) }},
		{"Write a configuration that declares what the mesh needs, and apply it. Nothing is missing, so nothing is changed.", func() error {
			if err := d.configure(provider); err != nil {
				return err
			}
			if err := d.tf(0, quiet, "init", "-input=false"); err != nil {
				return err
			}
			return d.tf(0, only("Apply complete"), "apply", "-auto-approve", "-input=false")
		}},
		{
			"Everything is in sync: the plan is empty and exits 0.",
			func() error { return d.tf(0, only("No changes"), "plan", "-detailed-exitcode", "-input=false") },
		},
		{
			"Before: a pull request drops the binding, whose destroy would revoke the role. guard reads its plan, and exits 3.",
			func() error { return d.guard(provider, 3, strings.Replace(configuration, binding, "", 1)) },
		},
		{"With what guard proposes, the resource is forgotten and the role stays: guard exits 0.", func() error {
			return d.guard(provider, 0, strings.Replace(configuration, binding, forgotten, 1))
		}},
		{
			"A CI job, which nobody guards, removes three things through Google's APIs: the service agent's role, an API, the workload pool.",
			d.sabotage,
		},
		{"A quarter of an hour later the fleet API reports that the mesh is unhealthy.", func() error {
			if err := d.control(http.MethodPost, "/_sim/clock?advance=15m"); err != nil {
				return err
			}
			return d.health()
		}},
		{
			"diagnose finds the root causes, lists the consequences of each, and exits 2.",
			func() error { return d.asm(provider, 2, whole, "diagnose") },
		},
		{"terraform plan shows the drift, who caused it and with which client, and exits 2.", func() error {
			return d.tf(2, drift, "plan", "-detailed-exitcode", "-input=false")
		}},
		{"terraform apply corrects it, in place.", func() error {
			return d.tf(0, only("Modif", "Apply complete"), "apply", "-auto-approve", "-input=false")
		}},
		{"A little later the mesh has noticed and is healthy. The plan is empty again, without a warning.", func() error {
			if err := d.control(http.MethodPost, "/_sim/clock?advance=30m"); err != nil {
				return err
			}
			if err := d.health(); err != nil {
				return err
			}
			return d.tf(0, only("No changes", "Warning"), "plan", "-detailed-exitcode", "-input=false")
		}},
		{"At night the CI job disables the mesh's API. A runbook shows what it would change, and exits 2.", func() error {
			if err := d.disable("mesh.googleapis.com"); err != nil {
				return err
			}
			if err := d.control(http.MethodPost, "/_sim/clock?advance=1m"); err != nil { // until the operation has ended
				return err
			}
			return d.asm(provider, 2, whole, "runbook", "plan", "restore-apis", "--membership", membership)
		}},
		{"remediate diagnoses, runs the runbooks of the root causes, and verifies each change with the check that found it.", func() error {
			return d.asm(provider, 0, whole, "remediate", "--fleet-project", "mesh-sim-1", "--yes")
		}},
		{"A journal records the run; from it the run could be resumed or undone.", func() error {
			return d.asm(provider, 0, whole, "runbook", "history")
		}},
	}
}

const membership = "projects/mesh-sim-1/locations/us-central1/memberships/cluster-1"

// simulate starts the simulator and reads the environment file that it writes.
func (d *demo) simulate(provider string) error {
	if provider == "" {
		return errors.New("-provider is not given; run `make demo`")
	}
	env := filepath.Join(d.dir, "sim.env")
	d.sim = exec.CommandContext(context.WithoutCancel(d.ctx), provider, "simulate", "--env-file", env)
	d.sim.Stderr = os.Stderr
	out, err := d.sim.StdoutPipe()
	if err != nil {
		return err
	}
	if err := d.sim.Start(); err != nil {
		return err
	}
	ready, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("the simulator did not report that it is ready: %w", err)
	}
	fmt.Print("   $ terraform-provider-asm simulate\n   ", ready)
	file, err := os.ReadFile(env)
	if err != nil {
		return err
	}
	d.env = os.Environ()
	for line := range strings.Lines(string(file)) {
		if assignment, found := strings.CutPrefix(strings.TrimSpace(line), "export "); found {
			name, value, _ := strings.Cut(assignment, "=")
			d.env = append(d.env, name+"="+strings.Trim(value, "'"))
		}
	}
	return nil
}

// configure writes the configuration, and a mirror in which terraform init finds this build of the provider.
func (d *demo) configure(provider string) error {
	binary, err := filepath.Abs(provider)
	if err != nil {
		return err
	}
	mirror := filepath.Join(d.dir, "mirror")
	for _, registry := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		folder := filepath.Join(mirror, registry, "managed-mesh/asm/0.0.1", runtime.GOOS+"_"+runtime.GOARCH)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		if err := copyFile(binary, filepath.Join(folder, "terraform-provider-asm_v0.0.1")); err != nil {
			return err
		}
	}
	rc := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror)
	if err := os.WriteFile(filepath.Join(d.dir, "terraformrc"), []byte(rc), 0o600); err != nil {
		return err
	}
	d.env = append(d.env, "TF_CLI_CONFIG_FILE="+filepath.Join(d.dir, "terraformrc"), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1",
		"TF_CLI_ARGS=-no-color", "TF_DATA_DIR=", "TF_WORKSPACE=", "XDG_STATE_HOME="+filepath.Join(d.dir, "state"))
	for line := range strings.Lines(configuration[strings.Index(configuration, "resource"):]) {
		fmt.Print("   | ", line)
	}
	return os.WriteFile(filepath.Join(d.dir, "main.tf"), []byte(configuration), 0o600)
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o755)
}

// tf runs Terraform, prints the relevant part of its output, and checks the exit code.
func (d *demo) tf(want int, show func(string) []string, args ...string) error {
	cmd := exec.CommandContext(d.ctx, d.terraform, args...)
	cmd.Dir, cmd.Env = d.dir, d.env
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	out, err := cmd.CombinedOutput()
	code := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		return err
	}
	fmt.Printf("   $ terraform %s\n", strings.Join(args, " "))
	if code != want {
		return fmt.Errorf("terraform %s exits %d instead of %d:\n%s", args[0], code, want, out)
	}
	for _, line := range show(string(out)) {
		fmt.Println("   " + line)
	}
	if args[0] == "plan" {
		fmt.Println("   exit code", code)
	}
	return nil
}

// asm runs the command line of the provider's own binary, shows what it writes, and checks the exit code.
func (d *demo) asm(provider string, want int, show func(string) []string, args ...string) error {
	binary, err := filepath.Abs(provider)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(d.ctx, binary, args...)
	cmd.Dir, cmd.Env = d.dir, d.env
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return err
	}
	code := cmd.ProcessState.ExitCode()
	if code != want {
		said := ""
		if exit != nil {
			said = string(exit.Stderr)
		}
		return fmt.Errorf("%s exits %d instead of %d:\n%s%s", strings.Join(args, " "), code, want, out, said)
	}
	fmt.Println("   $ terraform-provider-asm", strings.Join(args, " "))
	for _, line := range show(string(out)) {
		fmt.Println("   " + line)
	}
	fmt.Println("   exit code", code)
	return nil
}

// revoke removes the service agent's role with the API's own calls.
func (d *demo) revoke() error {
	const crm = "cloudresourcemanager.googleapis.com/v3/projects/mesh-sim-1"
	raw, err := d.api(http.MethodPost, crm+":getIamPolicy", map[string]any{"options": map[string]any{"requestedPolicyVersion": 3}})
	if err != nil {
		return err
	}
	var policy map[string]any
	if err := json.Unmarshal(raw, &policy); err != nil {
		return err
	}
	bindings, _ := policy["bindings"].([]any)
	kept := []any{}
	for _, b := range bindings {
		if binding, _ := b.(map[string]any); binding["role"] != "roles/anthosservicemesh.serviceAgent" {
			kept = append(kept, b)
		}
	}
	policy["bindings"] = kept
	_, err = d.api(http.MethodPost, crm+":setIamPolicy", map[string]any{"policy": policy})
	return err
}

func (d *demo) disable(service string) error {
	_, err := d.api(http.MethodPost, "serviceusage.googleapis.com/v1/projects/mesh-sim-1/services/"+service+":disable", map[string]any{})
	return err
}

// sabotage does what a careless pipeline does.
func (d *demo) sabotage() error {
	if err := d.revoke(); err != nil {
		return err
	}
	if err := d.disable("connectgateway.googleapis.com"); err != nil {
		return err
	}
	_, err := d.api(http.MethodPut, cluster,
		map[string]any{"update": map[string]any{"desiredWorkloadIdentityConfig": map[string]any{"workloadPool": ""}}})
	return err
}

// health prints the mesh's state as the fleet reports it.
func (d *demo) health() error {
	raw, err := d.api(http.MethodGet, "gkehub.googleapis.com/v1/projects/mesh-sim-1/locations/global/features/servicemesh", nil)
	if err != nil {
		return err
	}
	var feature struct {
		MembershipStates map[string]struct {
			State       struct{ Code, Description string }
			Servicemesh struct {
				ControlPlaneManagement struct{ State string }
			}
		}
	}
	if err := json.Unmarshal(raw, &feature); err != nil {
		return err
	}
	for name, m := range feature.MembershipStates {
		fmt.Printf("   %s\n   control plane %s; %s: %s\n", name, m.Servicemesh.ControlPlaneManagement.State, m.State.Code, m.State.Description)
	}
	return nil
}

// api calls a simulated API as the CI job.
func (d *demo) api(method, path string, body any) ([]byte, error) {
	if method != http.MethodGet {
		fmt.Printf("   %s: %s https://%s\n", ci, method, path)
	}
	return d.call(method, "/"+path, body)
}

func (d *demo) control(method, path string) error {
	_, err := d.call(method, path, nil)
	return err
}

func (d *demo) call(method, path string, body any) ([]byte, error) {
	var in io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		in = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(d.ctx, method, d.simURL()+path, in)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer sim-token."+ci)
	req.Header.Set("User-Agent", ciAgent)
	req.Header.Set("Content-Type", "application/json")
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req) // no proxy: straight to the plain door
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	out, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= http.StatusMultipleChoices {
		err = fmt.Errorf("%s %s answers %d: %s", method, path, resp.StatusCode, out)
	}
	return out, err
}

func (d *demo) simURL() string {
	for _, e := range d.env {
		if url, found := strings.CutPrefix(e, "ASM_SIM_URL="); found {
			return url
		}
	}
	return ""
}

// stop ends the simulator, whatever happened.
func (d *demo) stop() error {
	if d.sim == nil || d.sim.Process == nil {
		return nil
	}
	if err := d.sim.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return d.sim.Wait()
}
