package guard_test

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/guard"
)

// large writes a plan of 20,000 resources and 200 MB, as one stream: a third are of types that are judged.
func large(to io.Writer) (size int) {
	write := func(format string, args ...any) {
		n, _ := fmt.Fprintf(to, format, args...)
		size += n
	}
	blob := strings.Repeat("abcdefghij", 500)
	write(`{"format_version":"1.2","terraform_version":"1.11.4","planned_values":{"root_module":{"resources":[`)
	for i := range 4000 {
		write(`{"address":"a.b%d","values":{"x":%q}},`, i, blob)
	}
	write(`{}]}},"resource_changes":[`)
	kinds := []string{"google_container_cluster", "google_storage_bucket", "aws_instance"}
	for i := range 20_000 {
		kind := kinds[i%len(kinds)]
		one := fmt.Sprintf(`{"project":"p-%d","name":"c","location":"l","fleet":[{"project":"1"}],"resource_labels":{"a":"b"},"blob":%q}`, i, blob[:4500])
		write(`{"address":"%s.x[%d]","mode":"managed","type":%q,"change":{"actions":["update"],"before":%s,"after":%s,"after_unknown":{}}},`,
			kind, i, kind, one, one)
	}
	write(`{"address":"google_project_iam_member.x","mode":"managed","type":"google_project_iam_member","change":{"actions":["delete"],"before":%s,"after":null}}]}`,
		member("p-one", agent))
	return size
}

// BenchmarkLarge reads a plan of 200 MB. The heap that is held in the end is reported as MB-held.
func BenchmarkLarge(b *testing.B) {
	b.SetBytes(int64(large(io.Discard)))
	b.ReportAllocs()
	for b.Loop() {
		r, w := io.Pipe()
		go func() {
			large(w)
			_ = w.Close()
		}()
		g := guard.New(guard.Options{})
		if err := g.Add("large", r); err != nil {
			b.Fatal(err)
		}
		if v := g.Result().Verdict; v != guard.Breaks {
			b.Fatal(v)
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapSys)/(1<<20), "MB-heap")
	}
}
