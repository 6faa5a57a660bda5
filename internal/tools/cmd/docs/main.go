// Command docs generates docs/ from the provider's schema, the templates in internal/docs/templates and
// the examples. With -check it changes nothing, and fails with a diff when docs/ or an example is stale.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/managed-mesh/terraform-provider-asm/internal/tools/build"
)

const (
	address   = "registry.terraform.io/managed-mesh/asm"
	name      = "terraform-provider-asm"
	templates = "internal/docs/templates"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}

// A generator knows where everything is; all paths are absolute.
type generator struct {
	root      string
	provider  string // the binary
	terraform string
	plugin    string // tfplugindocs
	scratch   string // below root, because tfplugindocs takes the folder it writes to relative to it
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("docs", flag.ContinueOnError)
	root := flags.String("root", filepath.Join("..", ".."), "the repository; go run -C internal/tools is two folders below it")
	check := flags.Bool("check", false, "change nothing; fail when docs/ or an example is stale")
	if err := flags.Parse(args); err != nil {
		return err
	}
	g, err := newGenerator(*root)
	if err != nil {
		return err
	}
	defer os.RemoveAll(g.scratch)

	// Both are said before failing, so that one run shows everything that is stale.
	fmtErr := g.formatExamples(ctx, *check)
	rendered, err := g.render(ctx)
	if err != nil {
		return errors.Join(fmtErr, err)
	}
	docs := filepath.Join(g.root, "docs")
	if *check {
		return errors.Join(fmtErr, compare(docs, rendered))
	}
	if fmtErr != nil {
		return fmtErr
	}
	changed, err := replace(docs, rendered)
	if err != nil {
		return err
	}
	fmt.Printf("docs/ is up to date; %s changed.\n", files(changed))
	return nil
}

func newGenerator(root string) (*generator, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	tools := filepath.Join(root, ".tools")
	g := &generator{
		root:      root,
		provider:  filepath.Join(root, "bin", name),
		terraform: filepath.Join(tools, "bin", "terraform"),
		plugin:    filepath.Join(tools, "bin", "tfplugindocs"),
	}
	for _, needed := range []string{g.provider, g.terraform, g.plugin} {
		if _, err := os.Stat(needed); err != nil {
			return nil, fmt.Errorf("%w; make docs builds it first", err)
		}
	}
	g.scratch, err = os.MkdirTemp(tools, "docs-")
	return g, err
}

// formatExamples runs terraform fmt over the examples, which the pages quote.
func (g *generator) formatExamples(ctx context.Context, check bool) error {
	if _, err := os.Stat(filepath.Join(g.root, "examples")); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	args := []string{"fmt", "-recursive"}
	if check {
		args = append(args, "-check", "-diff")
	}
	cmd := exec.CommandContext(ctx, g.terraform, append(args, "examples")...)
	cmd.Dir = g.root
	cmd.Env = build.TerraformEnvironment(os.DevNull)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		if check && cmd.ProcessState.ExitCode() == 3 {
			return errors.New("the examples named above are not formatted; run make docs")
		}
		return fmt.Errorf("terraform fmt of the examples failed: %w", err)
	}
	return nil
}
