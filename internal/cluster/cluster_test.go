package cluster_test

import (
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// test is one of the list, run on every target.
type test struct {
	name string
	run  func(t *testing.T, on target)
}

// Tests of the list share a cluster, so that it starts once. Each takes back what would change the verdict over
// another's; its namespaces are deleted, and nobody waits for that.
func TestOnClusters(t *testing.T) {
	list := []test{{"a healthy cluster takes seven requests", testHealthy}}
	list = append(list, revisionTests...)
	list = append(list, injectionTests...)
	list = append(list, insideTests...)
	list = append(list, proxyTests...)
	list = append(list, restartTests...)
	list = append(list, writeTests...)
	list = append(list, reachTests...)
	list = append(list, debugTests...)
	list = append(list, pagingTests...)
	list = append(list, test{"a cluster without the mesh's kinds", testNoKinds}) // the last, for it takes them away
	for _, target := range targets {
		t.Run(target.name, func(t *testing.T) {
			on := target.start(t)
			arrange(t, on)
			for _, c := range list {
				t.Run(c.name, func(t *testing.T) { c.run(t, on) })
			}
		})
	}
}

func testHealthy(t *testing.T, on target) {
	c, log := reach(t, on)
	s, err := c.Read(t.Context())
	must(t, err)
	if h := s.Health(); h.Verdict != mesh.Healthy || len(s.Unread) > 0 || len(s.Revisions) != 1 || len(s.Namespaces) < 4 ||
		len(s.Environments) != 1 {
		t.Errorf("%s, unread %v, state %+v", h.Summary, s.Unread, s)
	}
	if got := log.count(""); got != 7 {
		t.Errorf("%d requests, want 7", got)
	}
}
