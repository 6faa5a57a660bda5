package build

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/semver"
)

// A CLI is a Terraform or OpenTofu that can be run.
type CLI struct {
	Path    string
	Version string // with a leading v
}

func (c CLI) number() string { return strings.TrimPrefix(c.Version, "v") }

// ForDemo returns a Terraform that is new enough for the demo: the one on PATH, else a built one.
func (b *Builder) ForDemo(ctx context.Context) (CLI, error) {
	if cli, ok := b.onPath(ctx, "terraform", DemoTerraform); ok {
		return cli, nil
	}
	terraform, err := Find("terraform")
	if err != nil {
		return CLI{}, err
	}
	if _, err := b.Ensure(ctx, terraform); err != nil {
		return CLI{}, err
	}
	return ask(ctx, b.Bin("terraform"))
}

// ForTests returns every Terraform and OpenTofu that the acceptance suite runs with: the Terraform on
// PATH when it is supported, and the two in .tools/bin. One that occurs twice is returned once.
func (b *Builder) ForTests(ctx context.Context) ([]CLI, error) {
	tools, err := Find("terraform", "tofu")
	if err != nil {
		return nil, err
	}
	if _, err := b.Ensure(ctx, tools); err != nil {
		return nil, err
	}
	var clis []CLI
	seen := map[string]bool{}
	add := func(product string, cli CLI) {
		if id := product + cli.Version; !seen[id] {
			seen[id] = true
			clis = append(clis, cli)
		}
	}
	if cli, ok := b.onPath(ctx, "terraform", DemoTerraform); ok {
		add("terraform", cli)
	}
	for _, tool := range tools {
		cli, err := ask(ctx, b.Bin(tool.Name))
		if err != nil {
			return nil, err
		}
		add(tool.Name, cli)
	}
	return clis, nil
}

// onPath finds a command on PATH whose version is at least oldest. Starting Terraform to ask for its version takes
// longer than all else when there is nothing to do, so the answer is kept for as long as the file is the same.
func (b *Builder) onPath(ctx context.Context, name, oldest string) (CLI, bool) {
	path, ok := b.lookPath(name)
	if !ok {
		return CLI{}, false
	}
	info, err := os.Stat(path)
	if err != nil {
		return CLI{}, false
	}
	asked := answer{CLI: CLI{Path: path}, Size: info.Size(), Changed: info.ModTime().UnixNano()}
	file := b.stamp("path-" + name)
	if known, ok := readAnswer(file); ok && known.about(asked) {
		return known.CLI, semver.Compare(known.Version, oldest) >= 0
	}
	cli, err := ask(ctx, path)
	if err != nil {
		logf(b.out, "%s: the one on PATH is not used: %v.", name, err)
		return CLI{}, false
	}
	asked.Version = cli.Version
	if data, err := json.Marshal(asked); err == nil {
		_ = writeFile(file, data) // only a shortcut for the next time
	}
	return cli, semver.Compare(cli.Version, oldest) >= 0
}

// lookPath finds a command on PATH, but not the one that is here: a developer may have .tools/bin on
// PATH, and what is built must not be taken for what was there.
func (b *Builder) lookPath(name string) (string, bool) {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		path, err := filepath.Abs(filepath.Join(dir, name))
		if err != nil || path == b.Bin(name) {
			continue
		}
		if path, err = exec.LookPath(path); err == nil {
			return path, true
		}
	}
	return "", false
}

// An answer is what a binary on PATH said of itself, and by what it is known to be the same binary.
type answer struct {
	CLI
	Size    int64
	Changed int64
}

func (a answer) about(other answer) bool {
	return a.Path == other.Path && a.Size == other.Size && a.Changed == other.Changed
}

func readAnswer(file string) (answer, bool) {
	var a answer
	data, err := os.ReadFile(file)
	if err != nil || json.Unmarshal(data, &a) != nil {
		return answer{}, false
	}
	return a, semver.IsValid(a.Version)
}

// ask runs a Terraform or OpenTofu for its version.
func ask(ctx context.Context, path string) (CLI, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "version", "-json")
	cmd.Dir = os.TempDir() // not where a configuration would add its providers
	cmd.Env = TerraformEnvironment(os.DevNull)
	out, err := cmd.Output()
	if err != nil {
		return CLI{}, fmt.Errorf("cannot ask %s for its version: %w", path, err)
	}
	version, err := parseVersion(out)
	if err != nil {
		return CLI{}, fmt.Errorf("cannot read the version of %s: %w", path, err)
	}
	return CLI{Path: path, Version: version}, nil
}

func parseVersion(out []byte) (string, error) {
	var said struct {
		Version string `json:"terraform_version"` // OpenTofu's key too
	}
	if err := json.Unmarshal(out, &said); err != nil {
		return "", err
	}
	version := "v" + said.Version
	if !semver.IsValid(version) {
		return "", fmt.Errorf("%q is not a version", said.Version)
	}
	return version, nil
}

// TerraformEnvironment is the environment for a Terraform that reads the given configuration file of the command line:
// without the user's own settings for Terraform, and without the question to HashiCorp for a newer release.
func TerraformEnvironment(configFile string) []string {
	var env []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "TF_") {
			env = append(env, entry)
		}
	}
	return append(env, "CHECKPOINT_DISABLE=1", "TF_CLI_CONFIG_FILE="+configFile)
}
