//go:build linux

package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// fillVariable tells the test binary to mount a file system of 64 KiB on a folder of its own view of the world,
// read-only where the value begins with "ro:", and to write a journal there until that fails.
const fillVariable = "ASM_JOURNAL_FILL"

func init() { children[fillVariable] = fill }

func fill(dir string) int {
	dir, readOnly := strings.CutPrefix(dir, "ro:")
	var flags uintptr
	if readOnly {
		flags = syscall.MS_RDONLY
	}
	if err := syscall.Mount("journal", dir, "tmpfs", flags, "size=64k"); err != nil {
		fmt.Fprintln(os.Stderr, "no mount:", err)
		return 3
	}
	path := filepath.Join(dir, "run.jsonl")
	f, err := CreateFile(path)
	if err != nil {
		fmt.Println(err)
		return 0
	}
	w := NewWriter(f, Entry{}, Options{})
	stored := 0
	for _, p := range append([]Payload{story[0]}, bytesOf(200)...) {
		if _, err = w.Append(context.Background(), p); err != nil {
			break
		}
		stored++
	}
	fmt.Println(err)
	text, _ := os.ReadFile(path)
	all, err := NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(all) != stored || len(all) < 10 {
		fmt.Printf("of %d entries that were stored, %d are there: %v\n", stored, len(all), err)
		return 1
	}
	return 0
}

func bytesOf(n int) []Payload {
	all := make([]Payload, n)
	for i := range all {
		all[i] = ActIntended{Step: strings.Repeat("x", 1000)}
	}
	return all
}

func TestDiskFullAndReadOnly(t *testing.T) {
	for prefix, wants := range map[string][]string{
		"":    {"no space left on device", "was not done", "Make room on the disk"},
		"ro:": {"read-only file system", "Nothing was changed", "XDG_STATE_HOME"},
	} {
		t.Run(prefix+"tmpfs", func(t *testing.T) {
			child := exec.Command(os.Args[0])
			child.Env = append(os.Environ(), fillVariable+"="+prefix+t.TempDir())
			child.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
			var complaints bytes.Buffer
			child.Stderr = &complaints
			said, err := child.Output()
			if errors.Is(err, syscall.EPERM) || strings.Contains(complaints.String(), "no mount:") {
				t.Skip("mounting is not allowed here: ", err, complaints.String())
			}
			if err != nil {
				t.Fatalf("%v: %s", err, said)
			}
			for _, want := range wants {
				if !strings.Contains(string(said), want) {
					t.Errorf("the error does not say %q: %s", want, said)
				}
			}
		})
	}
}
