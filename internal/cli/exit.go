package cli

import (
	"fmt"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
)

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

// unreportedError is why the result of runs was not written, or not in full. The command ends with the code of the runs
// all the same, because exit code 1 means that nothing was started.
type unreportedError struct {
	error
	code int
}

func (e *unreportedError) Unwrap() error { return e.error }

// unreported gives a failure to write the code of the runs that were made, and of those that succeeded ExitFailed.
func unreported(failure error, code int, ran bool) error {
	switch {
	case failure == nil || !ran:
		return failure
	case code == exitOK:
		code = runbook.ExitFailed
	}
	return &unreportedError{failure, code}
}

// parts returns the errors that errors.Join joined, or the error alone.
func parts(err error) []error {
	joined, is := err.(interface{ Unwrap() []error })
	if !is {
		return []error{err}
	}
	var all []error
	var texts []string
	for _, one := range joined.Unwrap() {
		all = append(all, parts(one)...)
		texts = append(texts, one.Error())
	}
	if strings.Join(texts, "\n") != err.Error() {
		return []error{err} // it has a text of its own around them
	}
	return all
}
