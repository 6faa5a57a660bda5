package provider_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

const examples = "../examples"

// Everything that users copy is tried with the newest Terraform there is and the real provider binary: every folder is
// formatted and valid, and what can run on a simulated Google Cloud is run there.
func TestExamples(t *testing.T) {
	c := newestCLI(t)
	runner := newExampleRunner(t, c)
	for _, folder := range exampleFolders(t) {
		t.Run("valid/"+folder, func(t *testing.T) {
			t.Parallel()
			runner.validate(t, folder)
		})
	}
	t.Run("prerequisites", runner.prerequisites)
	t.Run("simulator", runner.rehearse)
}

// newestCLI is the newest Terraform, or the newest OpenTofu where there is none.
func newestCLI(t *testing.T) cli {
	t.Helper()
	found := findCLIs(t)
	if len(found) == 0 {
		t.Skip("no Terraform 1.11 or later and no OpenTofu: run `make tools`, or set ASM_TEST_CLIS")
	}
	return slices.MaxFunc(found, func(a, b cli) int {
		if a.product != b.product { // "terraform" goes before "tofu"
			return strings.Compare(b.product, a.product)
		}
		return a.version.Compare(b.version)
	})
}

// exampleFolders are the folders below examples/ that hold configuration, with slashes.
func exampleFolders(t *testing.T) []string {
	t.Helper()
	var folders []string
	err := fs.WalkDir(os.DirFS(examples), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == ".terraform" {
			return fs.SkipDir
		}
		folder := filepath.ToSlash(filepath.Dir(path))
		if strings.HasSuffix(path, ".tf") && !slices.Contains(folders, folder) {
			folders = append(folders, folder)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return folders
}

// exampleRunner runs examples with one CLI.
type exampleRunner struct {
	cli cli
	env []string
}

func newExampleRunner(t *testing.T, c cli) exampleRunner {
	t.Helper()
	rc := filepath.Join(t.TempDir(), "terraformrc")
	text := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", buildMirror(t))
	if err := os.WriteFile(rc, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	// Nothing of the developer's machine: neither credentials nor TF_ variables.
	return exampleRunner{c, []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir(),
		"TF_CLI_CONFIG_FILE=" + rc, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_INPUT=0", "TF_CLI_ARGS=-no-color",
		"GORACE=halt_on_error=1 atexit_sleep_ms=0", "TERRAFORM=" + c.path,
	}}
}

// run runs a command in a folder, with further environment, and returns its exit code and everything that it said.
func (b exampleRunner) run(t *testing.T, folder string, env []string, name string, args ...string) (code int, out string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = folder, slices.Concat(b.env, env)
	said, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", name, err)
	}
	return cmd.ProcessState.ExitCode(), string(said)
}

// expect is run with the exit code that it must have.
func (b exampleRunner) expect(t *testing.T, want int, folder string, env []string, name string, args ...string) string {
	t.Helper()
	code, out := b.run(t, folder, env, name, args...)
	if code != want {
		t.Fatalf("%s %s exits %d, want %d:\n%s", filepath.Base(name), strings.Join(args, " "), code, want, out)
	}
	return out
}

var sourceOf = regexp.MustCompile(`(?m)^\s*source\s*=\s*"([^"]+)"`)

// actionBlock is what only Terraform 1.14 or later knows.
var actionBlock = regexp.MustCompile(`(?m)^action "`)

// validate formats and validates a folder. A snippet without required_providers
// gets the block that tells Terraform where this provider comes from.
func (b exampleRunner) validate(t *testing.T, folder string) {
	b.expect(t, 0, filepath.Join(examples, folder), nil, b.cli.path, "fmt", "-check", "-diff")
	work := t.TempDir()
	text := b.copyExample(t, folder, work)
	for _, source := range sourceOf.FindAllStringSubmatch(text, -1) {
		if source[1] != "managed-mesh/asm" {
			t.Skipf("formatted; not validated, because that needs the provider %s", source[1])
		}
	}
	if known, err := b.cli.condition("cli>=1.14"); actionBlock.MatchString(text) && (!known || err != nil) {
		t.Skipf("formatted; not validated, because %s does not know actions", b.cli.name)
	}
	if !strings.Contains(text, "required_providers") {
		block := "terraform {\n  required_providers {\n    asm = {\n      source = \"managed-mesh/asm\"\n    }\n  }\n}\n"
		if err := os.WriteFile(filepath.Join(work, "required_providers.tf"), []byte(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b.expect(t, 0, work, nil, b.cli.path, "init")
	b.expect(t, 0, work, nil, b.cli.path, "validate")
}

// copyExample copies a folder's files, so that nothing is written into examples/,
// and returns the text of its configuration.
func (b exampleRunner) copyExample(t *testing.T, folder, to string) (configuration string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(examples, folder))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if entry.IsDir() || strings.HasPrefix(name, ".") {
			continue
		}
		if known, err := b.cli.condition("cli>=1.12"); name == "import-by-identity.tf" && (!known || err != nil) {
			t.Logf("left out %s, which only Terraform 1.12 or later knows", name)
			continue
		}
		text, err := os.ReadFile(filepath.Join(examples, folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Ext(name) == ".tf" {
			configuration += string(text)
		}
		if err := os.WriteFile(filepath.Join(to, name), text, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return configuration
}

// prerequisites applies the platform team's module to the world that its
// variables file is for, and runs the drift job on it.
func (b exampleRunner) prerequisites(t *testing.T) {
	needs(t, "sh")
	world := simtest.Start(t, sim.Options{Projects: 3, Clusters: 2})
	module, env := t.TempDir(), world.Env()
	b.copyExample(t, "prerequisites", module)
	if err := os.Rename(filepath.Join(module, "terraform.tfvars.example"), filepath.Join(module, "terraform.tfvars")); err != nil {
		t.Fatal(err)
	}
	job, err := filepath.Abs(filepath.Join(examples, "drift-job", "drift.sh"))
	if err != nil {
		t.Fatal(err)
	}
	summary := filepath.Join(t.TempDir(), "summary.md")
	drift := func(want int, says string) {
		t.Helper()
		out := b.expect(t, want, t.TempDir(), append(env, "GITHUB_STEP_SUMMARY="+summary), job, module)
		if !strings.Contains(out, says) {
			t.Errorf("drift.sh does not say %q:\n%s", says, out)
		}
	}
	b.expect(t, 0, module, env, b.cli.path, "init")
	b.expect(t, 0, module, env, b.cli.path, "apply", "-auto-approve")
	b.expect(t, 0, module, env, b.cli.path, "plan", "-detailed-exitcode")
	drift(0, "HEALTHY  nothing is to change; 1 check passes")

	// The Shared VPC host and a cluster's project lose the role.
	world.Fault("binding-revoked?project=mesh-sim-3")
	world.Fault("binding-revoked?project=mesh-sim-2")
	drift(2, "UNHEALTHY  2 resources have drifted; 1 check passes; 2 root causes")
	world.Advance(15 * time.Minute)
	b.expect(t, 0, module, env, b.cli.path, "apply", "-auto-approve")
	drift(3, "UNHEALTHY  nothing is to change; 1 check fails") // the mesh has not noticed yet
	world.Advance(15 * time.Minute)
	drift(0, "HEALTHY  nothing is to change; 1 check passes")

	// What is no drift does not count as drift, although plan exits 2.
	nested := "check \"nested\" {\n  data \"asm_mesh_health\" \"nested\" {}\n  assert {\n    condition     = " +
		"data.asm_mesh_health.nested.healthy\n    error_message = \"unhealthy\"\n  }\n}\n"
	if err := os.WriteFile(filepath.Join(module, "nested.tf"), []byte(nested), 0o600); err != nil {
		t.Fatal(err)
	}
	b.expect(t, 2, module, env, b.cli.path, "plan", "-detailed-exitcode", "-var=output_health=true")
	drift(0, "HEALTHY  nothing is to change; 2 checks pass")
	out := b.expect(t, 0, module, append(env, "TF_VAR_output_health=true"), job, ".")
	if want := "HEALTHY  nothing is to change; 2 checks pass; 1 output would change"; !strings.Contains(out, want) {
		t.Errorf("drift.sh does not say %q:\n%s", want, out)
	}

	world.Fault("forbidden")
	drift(1, "drift.sh: terraform plan failed (exit code 1)")
	if text, err := os.ReadFile(summary); err != nil || !strings.Contains(string(text), "2 resources have drifted") {
		t.Errorf("the job's summary does not tell of the drift (%v):\n%s", err, text)
	}
}

// rehearse runs the simulator's example as its user does. The script itself checks the exit codes of its plans.
func (b exampleRunner) rehearse(t *testing.T) {
	needs(t, "sh", "curl")
	work := t.TempDir()
	b.copyExample(t, "simulator", work)
	b.expect(t, 0, work, nil, b.cli.path, "init")
	out := b.expect(t, 0, work, nil, "./rehearse.sh")
	for _, say := range []string{"connectgateway.googleapis.com was disabled", "with reconfigure/1.0", "lost its role",
		"workload pool was changed"} {
		if !strings.Contains(strings.Join(strings.Fields(out), " "), say) {
			t.Errorf("the rehearsal does not say %q:\n%s", say, out)
		}
	}
	if _, err := os.Stat(filepath.Join(work, "terraform.tfstate")); err == nil {
		t.Error("the rehearsal left a state behind")
	}
}

func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("needs %s, which is not installed", p)
		}
	}
}

// The guide on permissions quotes examples/permissions, and the script
// leastprivilege.txtar shows what its roles can and cannot do. They are one list.
func TestPermissions(t *testing.T) {
	script, err := txtar.ParseFile("testdata/script/leastprivilege.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var world struct {
		Roles map[string][]string `json:"roles"`
	}
	for _, f := range script.Files {
		if f.Name == "world.json" {
			if err := json.Unmarshal(f.Data, &world); err != nil {
				t.Fatal(err)
			}
		}
	}
	lists := map[string][]string{}
	for file, role := range map[string]string{"plan.yaml": "asmPlan", "apply.yaml": "asmApply"} {
		lists[file] = permissionsIn(t, file)
		shown := world.Roles["projects/mesh-sim-1/roles/"+role]
		if !slices.Equal(lists[file], shown) {
			t.Errorf("%s and leastprivilege.txtar differ:\n%s\n%s", file, lists[file], shown)
		}
	}
	for _, p := range lists["plan.yaml"] {
		if !slices.Contains(lists["apply.yaml"], p) {
			t.Errorf("apply.yaml lacks %s: apply reads what plan reads", p)
		}
	}
}

var permissionLine = regexp.MustCompile(`(?m)^  - ([A-Za-z.]+)(?: +#.*)?$`)

// permissionsIn are the includedPermissions of a role file, which is the YAML that gcloud iam roles create takes.
func permissionsIn(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(examples, "permissions", file))
	if err != nil {
		t.Fatal(err)
	}
	_, list, found := strings.Cut(string(text), "\nincludedPermissions:\n")
	if !found {
		t.Fatalf("%s has no includedPermissions", file)
	}
	var permissions []string
	for _, m := range permissionLine.FindAllStringSubmatch(list, -1) {
		permissions = append(permissions, m[1])
	}
	return permissions
}
