package kubetest

import (
	"os/exec"
	"syscall"
)

// dieWithParent has the kernel kill the child when this process ends, so that a test that is killed or
// panics leaves no server behind.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
