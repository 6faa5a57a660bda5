package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/managed-mesh/terraform-provider-asm/internal/cli"
)

// asCommand makes the test binary the command line: the tests start it as a process of its own, with real signals.
const asCommand = "ASM_TEST_CLI"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM) // as main does
		context.AfterFunc(ctx, stop)
		os.Exit(cli.Main(ctx, "1.2.3", os.Args[1:], os.Stdout, os.Stderr))
	}
	goleak.VerifyTestMain(m)
}

func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	code = cli.Main(ctx, "1.2.3", args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestHelpAndVersion(t *testing.T) {
	for _, args := range [][]string{{}, {"--help"}, {"help"}} {
		if code, out, _ := run(t, args...); code != 0 || !strings.Contains(out, "simulate") {
			t.Errorf("%v: %d %q", args, code, out)
		}
	}
	if code, out, _ := run(t, "--version"); code != 0 || out != "terraform-provider-asm 1.2.3\n" {
		t.Errorf("%d %q", code, out)
	}
	platform := runtime.GOOS + "/" + runtime.GOARCH
	if code, out, _ := run(t, "version"); code != 0 || !strings.HasPrefix(out, "terraform-provider-asm 1.2.3\n") ||
		!strings.Contains(out, platform) {
		t.Errorf("%d %q", code, out)
	}
	code, out, _ := run(t, "version", "--json")
	var made struct{ Version, Platform string }
	if err := json.Unmarshal([]byte(out), &made); err != nil || code != 0 || made.Version != "1.2.3" || made.Platform != platform {
		t.Errorf("%v: %d %q", err, code, out)
	}
}

func TestListFaults(t *testing.T) {
	code, out, _ := run(t, "simulate", "--list-faults")
	if code != 0 || !regexp.MustCompile(`(?m)^binding-revoked +\S`).MatchString(out) {
		t.Errorf("%d %q", code, out)
	}
}

func TestMistakes(t *testing.T) {
	for _, tc := range []struct {
		want string
		args []string
	}{
		{"unknown command", []string{"simulat"}},
		{"unknown command", []string{"simulate", "more"}},
		{"unknown command", []string{"version", "more"}},
		{"unknown flag", []string{"simulate", "--nonsense"}},
		{`did you mean "simulate"? "terraform-provider-asm --help" lists its commands`, []string{"simulat"}},
		{`unknown command "xyzzy" for "terraform-provider-asm"; "terraform-provider-asm --help"`, []string{"xyzzy"}},
		{`did you mean "resume"?`, []string{"runbook", "resum"}},
		{`did you mean "--projects"? "terraform-provider-asm simulate --help" lists the flags`, []string{"simulate", "--project"}},
		{"is not on loopback", []string{"simulate", "--listen", "0.0.0.0:0"}},
		{"unknown fault \"x\"", []string{"simulate", "--fault", "x"}},
		{"--projects: 0", []string{"simulate", "--projects", "0"}},
		{"--clusters: -1", []string{"simulate", "--clusters", "-1"}},
		{"invalid argument", []string{"simulate", "--latency", "soon"}},
		{"env file", []string{"simulate", "--env-file", "/no/such/folder/env"}},
	} {
		code, out, errs := run(t, tc.args...)
		if code != 1 || !strings.Contains(errs, tc.want) || out != "" {
			t.Errorf("%v: exit %d, stdout %q, stderr %q", tc.args, code, out, errs)
		}
		if n := strings.Count(strings.TrimSpace(errs), "\n"); n > 3 {
			t.Errorf("%v: the error has %d lines", tc.args, n+1)
		}
	}
}

// TestSimulate starts the command as a process, uses it, and ends it with a signal.
func TestSimulate(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			envFile := filepath.Join(t.TempDir(), "sim.env")
			cmd := exec.CommandContext(t.Context(), os.Args[0], "simulate", "--env-file", envFile, "--projects", "2", "--clusters", "3",
				"--fault", "binding-revoked")
			cmd.Env = append(os.Environ(), asCommand+"=1")
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewReader(stdout)
			line, err := lines.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			m := regexp.MustCompile(`^ready (http://127\.0\.0\.1:\d+) \(2 projects, 3 clusters; env file (.+)\)\n$`).FindStringSubmatch(line)
			if m == nil || m[2] != envFile {
				t.Fatalf("ready line is %q", line)
			}
			text, err := os.ReadFile(envFile)
			if err != nil || !strings.Contains(string(text), "export ASM_SIM_URL='"+m[1]+"'\n") {
				t.Errorf("env file is %q, %v", text, err)
			}
			ca := regexp.MustCompile(`SSL_CERT_FILE='(.+)'`).FindStringSubmatch(string(text))[1]
			if _, err := os.Stat(ca); err != nil {
				t.Error(err)
			}
			if body := get(t, m[1]+"/_sim/faults"); !strings.Contains(body, `"active": true`) {
				t.Errorf("faults are %s", body)
			}

			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			rest, _ := io.ReadAll(lines)
			if err := cmd.Wait(); err != nil || len(rest) != 0 {
				t.Errorf("ended with %v, and %q", err, rest)
			}
			if _, err := os.Stat(ca); !os.IsNotExist(err) {
				t.Errorf("the CA file is still there: %v", err)
			}
			if _, err := os.Stat(envFile); err != nil {
				t.Errorf("the env file is not its to remove: %v", err)
			}
		})
	}
}

// TestSimulateEndsWithContext is the same for a caller's context.
func TestSimulateEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan int)
	go func() { done <- cli.Main(ctx, "dev", []string{"simulate"}, w, io.Discard) }()
	if _, err := bufio.NewReader(r).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	cancel()
	if code := <-done; code != 0 {
		t.Errorf("exit code is %d", code)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
