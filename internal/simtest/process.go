package simtest

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// serveVariable makes a test binary a simulator, so that a benchmark does not take the simulator's cost for the client's.
// Its value is PROJECTS/CLUSTERS/LATENCY.
const serveVariable = "ASM_TEST_SIMULATOR"

// ServeIfAsked serves a simulator and then exits, in the process that StartProcess starts; elsewhere it does nothing.
// TestMain calls it first.
func ServeIfAsked() {
	if world := os.Getenv(serveVariable); world != "" {
		if err := serve(world); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// serve writes its address to standard output, and serves until standard input ends.
func serve(world string) error {
	part := strings.Split(world, "/")
	var o sim.Options
	var err error
	if o.Projects, err = strconv.Atoi(part[0]); err != nil {
		return err
	}
	if o.Clusters, err = strconv.Atoi(part[1]); err != nil {
		return err
	}
	if o.Latency, err = time.ParseDuration(part[2]); err != nil {
		return err
	}
	server, err := sim.Start(context.Background(), o)
	if err != nil {
		return err
	}
	fmt.Println(server.URL())
	_, _ = bufio.NewReader(os.Stdin).ReadByte()
	return server.Close()
}

// StartProcess starts a simulator in a process of its own that ends with the test. Of the options it takes the numbers of
// projects and clusters and the latency.
func StartProcess(t testing.TB, o sim.Options) (url string, pid int) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(context.Background(), os.Args[0]) // ends with its input
	command.Env = append(os.Environ(), fmt.Sprintf("%s=%d/%d/%s", serveVariable, o.Projects, o.Clusters, o.Latency))
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	must(err)
	output, err := command.StdoutPipe()
	must(err)
	must(command.Start())
	t.Cleanup(func() {
		_ = input.Close()
		_ = command.Wait()
	})
	url, err = bufio.NewReader(output).ReadString('\n')
	must(err)
	return strings.TrimSpace(url), command.Process.Pid
}

// ProcessorTime is what a process has used so far, by Linux's /proc; elsewhere it is 0.
func ProcessorTime(t testing.TB, pid int) time.Duration {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(text), ") ") // a name may have blanks
	const tick = 10 * time.Millisecond             // USER_HZ is 100 on every platform of Go's
	var used time.Duration
	for _, field := range strings.Fields(after)[11:13] { // of the user, of the system
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		used += time.Duration(ticks) * tick
	}
	return used
}

// ForgetPeak makes this process's resident memory of now its peak, and returns it in KiB.
func ForgetPeak(t testing.TB) int64 {
	t.Helper()
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // proc(5); without it the peak is of all benchmarks so far
	return PeakKB(t)
}

// PeakKB is the most resident memory that this process had, in KiB, by Linux's /proc; elsewhere it is 0.
func PeakKB(t testing.TB) int64 {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(text), "VmHWM:")
	kilobytes, err := strconv.ParseInt(strings.Fields(after)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes
}
