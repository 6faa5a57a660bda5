package kubetest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeServers makes KUBEBUILDER_ASSETS name servers that leave a line in a file and then run the script.
func fakeServers(t *testing.T, script string) (started func() int) {
	t.Helper()
	folder := t.TempDir()
	count := filepath.Join(folder, "started")
	for _, name := range []string{etcdBinary, apiServerBinary, controllersBinary} {
		text := "#!/bin/sh\necho " + name + " >> " + count + "\n" + script + "\n"
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv(assetsVariable, folder)
	t.Setenv("TMPDIR", t.TempDir())
	return func() int {
		text, err := os.ReadFile(count)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(text), "\n")
	}
}

func TestStartTellsWhyAServerEnded(t *testing.T) {
	started := fakeServers(t, "echo 'the disk is full' >&2; exit 3")
	_, err := New(t.Context())
	if err == nil {
		t.Fatal("the start of servers that end succeeded")
	}
	for _, want := range []string{"etcd ended (exit status 3)", "the disk is full"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
	if n := started(); n != 1 {
		t.Errorf("%d servers were started, want only the first", n)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("the failed start left %v (%v)", left, err)
	}
}

func TestStartTakesAnotherPort(t *testing.T) {
	started := fakeServers(t, "echo 'listen tcp 127.0.0.1:1234: bind: address already in use' >&2; exit 1")
	if _, err := New(t.Context()); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("the error is %v", err)
	}
	if n := started(); n != 3 {
		t.Errorf("%d tries were made, want 3", n)
	}
}
