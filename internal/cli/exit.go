package cli

import "fmt"

// exitCode ends a command that did its work with a code that tells of what it
// found; docs/guides/exit-codes.md has them all. It is no failure, and nothing is
// printed for it.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// exit is the error that ends a command with a code.
func exit(code int) error {
	if code == exitOK {
		return nil
	}
	return exitCode(code)
}
