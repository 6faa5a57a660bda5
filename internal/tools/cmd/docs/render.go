package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/tools/build"
)

// render generates the pages into a folder of its own and returns it: those of tfplugindocs, and the
// guides that are made of what the program itself uses.
func (g *generator) render(ctx context.Context) (string, error) {
	schema, err := g.schema(ctx)
	if err != nil {
		return "", err
	}
	file := filepath.Join(g.scratch, "schema.json")
	if err := os.WriteFile(file, schema, 0o644); err != nil {
		return "", err
	}
	rendered := filepath.Join(g.scratch, "docs")
	if err := os.Mkdir(rendered, 0o755); err != nil {
		return "", err
	}
	below, err := filepath.Rel(g.root, rendered)
	if err != nil {
		return "", err
	}
	// With a schema file, tfplugindocs neither builds the provider nor looks for a Terraform to download.
	cmd := exec.CommandContext(ctx, g.plugin, "generate",
		"--provider-name", name,
		"--rendered-provider-name", "asm",
		"--provider-dir", g.root,
		"--providers-schema", file,
		"--website-source-dir", templates,
		"--examples-dir", "examples",
		"--rendered-website-dir", below)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("tfplugindocs failed: %w\n%s", err, out.Bytes())
	}
	for line := range strings.Lines(out.String()) {
		// A template for something that the provider does not have is worth a look; the rest is progress.
		if strings.Contains(line, "does not exist") {
			fmt.Print("tfplugindocs: ", line)
		}
	}
	for program, guide := range map[string]string{"findings": "findings.md", "language": "runbook-language.md"} {
		if err := g.guide(ctx, program, filepath.Join(rendered, "guides"), guide); err != nil {
			return "", err
		}
	}
	return rendered, nil
}

// guide adds a guide that a program in internal/docs makes of what the provider itself uses. It is Go of the
// main module, which this one cannot import.
func (g *generator) guide(ctx context.Context, program, guides, name string) error {
	cmd := exec.CommandContext(ctx, "go", "run", "./internal/docs/"+program)
	cmd.Dir = g.root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	page, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("the guide %s cannot be generated: %w\n%s", name, err, stderr.Bytes())
	}
	if err := os.MkdirAll(guides, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(guides, name), page, 0o644)
}

// schema asks the built provider for its schema through Terraform, as a user's Terraform does.
func (g *generator) schema(ctx context.Context) ([]byte, error) {
	work := filepath.Join(g.scratch, "schema")
	if err := os.Mkdir(work, 0o755); err != nil {
		return nil, err
	}
	// An override lets Terraform start the provider where it lies, without init and without a lock file.
	config := filepath.Join(work, "terraformrc")
	files := map[string]string{
		config: fmt.Sprintf("provider_installation {\n  dev_overrides {\n    %q = %q\n  }\n  direct {}\n}\n", address, filepath.Dir(g.provider)),
		filepath.Join(work, "main.tf"): fmt.Sprintf(
			"terraform {\n  required_providers {\n    asm = {\n      source = %q\n    }\n  }\n}\n", address),
	}
	for path, text := range files {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	cmd := exec.CommandContext(ctx, g.terraform, "providers", "schema", "-json")
	cmd.Dir = work
	cmd.Env = build.TerraformEnvironment(config)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("terraform cannot read the provider's schema: %w\n%s", err, stderr.Bytes())
	}
	return underShortName(out)
}

// underShortName files the provider's schema under "asm": tfplugindocs looks for that name, or for a
// provider of HashiCorp's.
func underShortName(schemas []byte) ([]byte, error) {
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(schemas, &doc); err != nil {
		return nil, fmt.Errorf("terraform's answer is not JSON: %w", err)
	}
	var providers map[string]json.RawMessage
	if err := json.Unmarshal(doc["provider_schemas"], &providers); err != nil {
		return nil, fmt.Errorf("terraform's answer has no provider_schemas: %w", err)
	}
	ours, ok := providers[address]
	if !ok {
		return nil, fmt.Errorf("terraform's answer has no schema of %s", address)
	}
	renamed, err := json.Marshal(map[string]json.RawMessage{"asm": ours})
	if err != nil {
		return nil, err
	}
	doc["provider_schemas"] = renamed
	return json.Marshal(doc)
}
