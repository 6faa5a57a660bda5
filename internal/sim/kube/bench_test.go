package kube

import (
	"net/http"
	"net/url"
	"testing"
	"time"
)

func benchServe(b *testing.B, method, path, contentType, body string) {
	b.Helper()
	seed := Seed{
		Born:       born,
		ProjectID:  "p-1",
		Location:   "us-central1",
		Name:       "c-1",
		Fleet:      "fleet-1",
		Membership: "locations/us-central1/memberships/c-1",
		Pool:       "p-1.svc.id.goog",
		Mesh:       true,
	}
	query := url.Values{"labelSelector": {"dataplane-upgrade=failed"}}
	b.ReportAllocs()
	for b.Loop() {
		c := New(seed)
		c.Settle(healthy, born.Add(24*time.Hour))
		r := c.Serve(
			&Request{
				Method:  method,
				Path:    path,
				Query:   query,
				Header:  http.Header{"Content-Type": {contentType}},
				Body:    []byte(body),
				User:    "u@x",
				Allowed: func(bool) bool { return true },
			},
		)
		c.Settle(healthy, born.Add(24*time.Hour))
		if r.Status != http.StatusOK {
			b.Fatalf("%d %s", r.Status, r.Body)
		}
	}
}

// BenchmarkListPods is the first read of a cluster's failed pods.
func BenchmarkListPods(b *testing.B) { benchServe(b, "GET", "/api/v1/pods", "", "") }

// BenchmarkLabelNamespace is the first write to a cluster, with what its controllers make of it.
func BenchmarkLabelNamespace(b *testing.B) {
	benchServe(b, "PATCH", "/api/v1/namespaces/default", mergePatchType, `{"metadata":{"labels":{"x":"y"}}}`)
}
