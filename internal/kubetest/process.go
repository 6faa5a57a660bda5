package kubetest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

const lastLines = 12 // of a server's log in an error

// errPortTaken is an end that another try may mend.
var errPortTaken = errors.New("another process took the port")

// A process is one of the servers.
type process struct {
	name string
	log  string
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// run starts a server. It ends with this process, however that ends.
func run(binary, dir string, args ...string) (*process, error) {
	name := filepath.Base(binary)
	p := &process{name: name, log: filepath.Join(dir, name+".log"), done: make(chan struct{})}
	out, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	p.cmd = exec.Command(binary, args...) //nolint:noctx // it outlives every context of a test; stop ends it
	p.cmd.Dir = dir
	// Not the user's environment: etcd takes settings from variables.
	p.cmd.Env = []string{"HOME=" + dir}
	p.cmd.Stdout, p.cmd.Stderr = out, out
	dieWithParent(p.cmd)

	started := make(chan error)
	go func() {
		defer out.Close()
		// The death of a parent is, to Linux, the end of the thread that started the child: the thread
		// stays as long as the child does.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait() // the state says how it ended
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("cannot start %s: %w", name, err)
	}
	return p, nil
}

// stop ends the process at once. It has nothing to save.
func (p *process) stop() error {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("cannot stop %s: %w", p.name, err)
	}
	<-p.done
	return nil
}

// ended returns an error with the reason once the process is gone.
func (p *process) ended() error {
	select {
	case <-p.done:
	default:
		return nil
	}
	text, err := os.ReadFile(p.log)
	if err != nil {
		return fmt.Errorf("%s ended (%s), and its log cannot be read: %w", p.name, p.cmd.ProcessState, err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	last := strings.Join(lines[max(0, len(lines)-lastLines):], "\n    ")
	ended := fmt.Errorf("%s ended (%s). The end of its log:\n    %s", p.name, p.cmd.ProcessState, last)
	if strings.Contains(last, "address already in use") {
		return fmt.Errorf("%w: %w", errPortTaken, ended)
	}
	return ended
}
