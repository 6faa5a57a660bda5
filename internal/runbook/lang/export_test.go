package lang

import "testing"

// LowerMaxEvaluation lowers the limit on what evaluating one expression makes, for one test.
func LowerMaxEvaluation(t *testing.T, bytes int) {
	was := maxEvaluation
	maxEvaluation = bytes
	t.Cleanup(func() { maxEvaluation = was })
}
