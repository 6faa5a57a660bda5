//go:build !race

package runbook_test

const stride = 1
