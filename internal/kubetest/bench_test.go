package kubetest_test

import (
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/kubetest"
)

// BenchmarkStart is what a test package pays before its first test, and after its last.
func BenchmarkStart(b *testing.B) {
	kubetest.Start(b) // so that the binaries are there, and in the page cache
	var stopping time.Duration
	for b.Loop() {
		server, err := kubetest.New(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		begin := time.Now()
		if err := server.Stop(); err != nil {
			b.Fatal(err)
		}
		stopping += time.Since(begin)
	}
	b.ReportMetric(stopping.Seconds()/float64(b.N), "s/stop")
}
