// Command vuln looks for known vulnerabilities in what the provider is built from. Where the database
// cannot be reached it prints that and succeeds, unless VULN_REQUIRED=1: then that is a failure.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// database is where govulncheck looks when GOVULNDB does not say otherwise.
const database = "https://vuln.go.dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "vuln:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("vuln", flag.ContinueOnError)
	root := flags.String("root", filepath.Join("..", ".."), "the repository; go run -C internal/tools is two folders below it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := filepath.Abs(*root)
	if err != nil {
		return err
	}
	db := cmp.Or(os.Getenv("GOVULNDB"), database)
	if err := reachable(ctx, db); err != nil {
		if os.Getenv("VULN_REQUIRED") == "1" {
			return fmt.Errorf("the vulnerability database %s cannot be reached: %w", db, err)
		}
		fmt.Printf("NOT CHECKED: the vulnerability database %s cannot be reached from here (%v).\n"+
			"Nothing is known about vulnerabilities; CI checks them, with VULN_REQUIRED=1.\n", db, err)
		return nil
	}
	cmd := exec.CommandContext(ctx, filepath.Join(dir, ".tools", "bin", "govulncheck"), "./...")
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("govulncheck found something, or could not look: %w", err)
	}
	return nil
}

// reachable asks for the smallest file of the database that govulncheck reads first.
func reachable(ctx context.Context, db string) error {
	if !strings.HasPrefix(db, "http") {
		return nil // a folder
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(db, "/")+"/index/db.json", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("it answered %s", response.Status)
	}
	return nil
}
