package kubetest_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/kubetest"
)

// orphanVariable makes the test binary start a control plane of its own, tell of it, and wait to be killed.
const orphanVariable = "KUBETEST_BE_ORPHANED"

func beOrphaned() int {
	server, err := kubetest.New(context.Background())
	if err != nil {
		fmt.Println("failed:", err)
		return 1
	}
	for _, pid := range kubetest.PIDs(server) {
		fmt.Println(pid)
	}
	fmt.Println("started")
	select {}
}

// A test that is killed, or that panics at its timeout, stops nothing itself. This is also two control
// planes side by side.
func TestServersDieWithTheTest(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends children with their parent")
	}
	kubetest.Start(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	// Its files are removed with the test's folder: it does not get to removing them.
	cmd.Env = append(os.Environ(), orphanVariable+"=1", "TMPDIR="+t.TempDir())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pids []int
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "started" {
		pid, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Fatalf("it says %q", lines.Text())
		}
		pids = append(pids, pid)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if len(pids) != 3 {
		t.Fatalf("it started %d servers, want 3", len(pids))
	}
	t.Cleanup(func() {
		for _, pid := range pids {
			if process, err := os.FindProcess(pid); err == nil && t.Failed() {
				_ = process.Kill() // it has ended, or should have
			}
		}
	})
	for _, pid := range pids {
		eventually(t, "the end of the servers", func() error {
			// A process that ended and that no parent waits for has a number left, and no program.
			if program, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); err == nil {
				return fmt.Errorf("process %d is still running %s", pid, program)
			}
			return nil
		})
	}
}
