//go:build race

package runbook_test

// stride is how many interruptions a test leaves out between two that it makes: the race detector makes each four times
// as slow, and make test makes all of them without it.
const stride = 5
