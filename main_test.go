//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asProgram makes this test's binary the program.
const asProgram = "ASM_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

// A reader of standard output or standard error that has gone does not kill the program.
func TestReaderThatHasGone(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"nonsense"}} {
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		_ = read.Close()
		cmd := program(t, args...)
		var others bytes.Buffer
		if cmd.Stdout, cmd.Stderr = write, &others; args[0] == "nonsense" {
			cmd.Stdout, cmd.Stderr = &others, write
		}
		var exit *exec.ExitError
		if err := cmd.Run(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
			t.Errorf("%s: %v, want exit code 1", args, err)
		}
		_ = write.Close()
		if others.Len() > 0 {
			t.Errorf("%s: it writes %q", args, others.String())
		}
	}
}

// The hang-up of a terminal ends a command as Ctrl-C does.
func TestHangUp(t *testing.T) {
	cmd := program(t, "simulate", "--env-file", t.TempDir()+"/sim.env")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 1)
	if _, err := io.ReadFull(out, buffer); err != nil { // it says when it is ready
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(out); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v, want exit code 0", err)
	}
}

// One request to end may come as two signals: the second must not end the process before the run has stopped.
func TestSignalThatComesTwice(t *testing.T) {
	ctx, stop := untilSignal(context.Background())
	defer stop()
	for range 2 {
		if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Second):
			t.Fatal("the signal does not cancel the context")
		}
		<-time.After(debounce / 10) // for what follows the first signal
	}
	if cause := context.Cause(ctx).Error(); !strings.Contains(cause, "terminated") {
		t.Errorf("the cause is %q", cause)
	}
}
