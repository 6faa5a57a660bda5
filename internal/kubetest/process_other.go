//go:build !linux

package kubetest

import "os/exec"

// dieWithParent needs Linux. Elsewhere the servers of a test that is killed have to be ended by hand.
func dieWithParent(*exec.Cmd) {}
