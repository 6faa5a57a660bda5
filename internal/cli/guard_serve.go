package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/managed-mesh/terraform-provider-asm/internal/guard"
	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

func newGuardServe(version string) *cobra.Command {
	var listen, keyFile, host string
	var fleets []string
	var allowUnknown bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Guard the runs of HCP Terraform or Terraform Enterprise, as a run task",
		Long: `Serve a run task for the stage after the plan. It listens on a loopback address:
put your own proxy with TLS before it. Requests are checked by their signature,
plans are read from one host alone, with the token of the run, and the verdict is
sent back to it. It runs until it is interrupted.

A plan that would take away what the mesh needs fails the task, and so does one
that cannot be told, unless --allow-unknown is given.`,
		Example: `  terraform-provider-asm guard serve --hmac-key-file /etc/mesh-guard/key --fleet-project my-fleet-project=123456789012`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options, err := guardOptions(version, fleets)
			if err != nil {
				return err
			}
			raw, err := os.ReadFile(keyFile)
			if err != nil {
				return fmt.Errorf("--hmac-key-file: %w", err)
			}
			key := strings.TrimSpace(string(raw))
			if key == "" {
				return fmt.Errorf("--hmac-key-file: %s is empty; it has the HMAC key of the run task", keyFile)
			}
			var lock sync.Mutex
			task := &runTask{
				key: []byte(key), host: host, allowUnknown: allowUnknown, options: options, slots: make(chan struct{}, taskRuns),
				client: &http.Client{Timeout: 5 * time.Minute, CheckRedirect: onlyTLS},
				log: func(format string, args ...any) {
					lock.Lock()
					defer lock.Unlock()
					fmt.Fprintln(cmd.ErrOrStderr(), report.Clean(fmt.Sprintf(format, args...)))
				},
			}
			return serveTask(cmd.Context(), listen, task)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&listen, "listen", "127.0.0.1:8765", "loopback address to listen on")
	flags.StringVar(&keyFile, "hmac-key-file", "", "file with the HMAC key of the run task")
	flags.StringVar(&host, "host", "app.terraform.io", "host of HCP Terraform or Terraform Enterprise")
	flags.BoolVar(&allowUnknown, "allow-unknown", false, "pass a plan that cannot be told")
	guardFleets(flags, &fleets)
	_ = cmd.MarkFlagRequired("hmac-key-file")
	return cmd
}

// onlyTLS follows redirects as the client does by itself, but never to plain HTTP.
func onlyTLS(r *http.Request, via []*http.Request) error {
	if r.URL.Scheme != "https" || len(via) >= 10 {
		return errors.New("it redirects to plain HTTP, or in a circle")
	}
	return nil
}

// serveTask serves until the context ends, and then waits for the plans that are being judged.
func serveTask(ctx context.Context, listen string, task *runTask) error {
	address, err := net.ResolveTCPAddr("tcp", listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	if !address.IP.IsLoopback() {
		return fmt.Errorf("--listen: %s is not a loopback address; put a proxy with TLS before it", listen)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address.String())
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	task.log("ready http://%s", listener.Addr())
	server := &http.Server{Handler: task, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	task.running.Wait()
	return nil
}

// guardOptions reads the fleets of the flag.
func guardOptions(version string, fleets []string) (guard.Options, error) {
	options := guard.Options{Tool: "terraform-provider-asm " + version}
	for _, one := range fleets {
		fleet, err := guard.ParseFleet(one)
		if err != nil {
			return options, fmt.Errorf("--fleet-project: %w", err)
		}
		options.Fleets = append(options.Fleets, fleet)
	}
	return options, nil
}
