package report_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

// BenchmarkWrite tells what a cluster costs in each format: time, bytes written
// and bytes allocated. There is no latency in it, so the floor is nothing.
func BenchmarkWrite(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		r := fleet(n)
		for _, format := range report.Formats() {
			b.Run(fmt.Sprintf("%s/%d", format, n), func(b *testing.B) {
				b.ReportAllocs()
				var out bytes.Buffer
				for b.Loop() {
					out.Reset()
					if err := report.Write(&out, format, r, report.Options{Width: 100}); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/cluster")
				b.ReportMetric(float64(out.Len())/float64(n), "written-B/cluster")
			})
		}
	}
}
