package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// binding is what the pull request drops, and forgotten what it writes in its place.
const (
	binding = `resource "asm_service_agent_binding" "mesh" {
  deletion_policy = "DELETE"
}
`
	forgotten = `removed {
  from = asm_service_agent_binding.mesh

  lifecycle {
    destroy = false
  }
}
`
)

// guard plans a pull request's configuration, and has the plan judged. The configuration is as before afterwards.
func (d *demo) guard(provider string, want int, pullRequest string) error {
	file := filepath.Join(d.dir, "main.tf")
	if err := os.WriteFile(file, []byte(pullRequest), 0o600); err != nil {
		return err
	}
	if err := d.tf(0, quiet, "plan", "-input=false", "-out=pull-request"); err != nil {
		return err
	}
	show := exec.CommandContext(d.ctx, d.terraform, "show", "-json", "pull-request")
	show.Dir, show.Env = d.dir, d.env
	plan, err := show.Output()
	if err != nil {
		return fmt.Errorf("terraform show -json: %w", err)
	}
	fmt.Println("   $ terraform show -json pull-request > plan.json")
	if err := os.WriteFile(filepath.Join(d.dir, "plan.json"), plan, 0o600); err != nil {
		return err
	}
	if err := d.asm(provider, want, whole, "guard", "plan.json", "--fleet-project", "mesh-sim-1", "--output", "markdown"); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(configuration), 0o600)
}
