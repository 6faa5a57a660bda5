package cli

import "fmt"

// exitCode ends a command that succeeded with a code for its result; see
// docs/guides/exit-codes.md. It is no failure, and nothing is printed for it.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// exit returns the error that ends a command with a code.
func exit(code int) error {
	if code == exitOK {
		return nil
	}
	return exitCode(code)
}
