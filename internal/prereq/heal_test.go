package prereq_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// diagnose reads the whole fleet, and tells what is no information only.
func (w *world) diagnose() (verdict mesh.Verdict, alarms []string, all string) {
	w.t.Helper()
	report, err := diagnosis.Run(w.t.Context(), diagnosis.Reader{Client: w.client, Clusters: w.clusters},
		diagnosis.Options{FleetProjects: []string{"mesh-sim-1"}, Clock: w.Clock, Since: 24 * time.Hour})
	w.must(err)
	for _, f := range report.Findings {
		name := strings.TrimSuffix(string(f.Code)+":"+f.Detail, ":")
		all += fmt.Sprintf("%s %s: %s\n", f.Severity, name, f.Message)
		if f.Severity != catalogue.Info {
			alarms = append(alarms, name)
		}
	}
	return report.Verdict, alarms, all
}

// enforce brings a prerequisite about as a run does: check, write, check again while time passes.
func (w *world) enforce(p prereq.Prerequisite) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	state, err := p.Check(ctx, true)
	w.must(err)
	if state.Met() {
		return
	}
	_, err = p.Enforce(ctx, state)
	w.must(err)
	for range 10 {
		if state, err = p.Check(ctx, true); err == nil && state.Met() {
			return
		}
		w.must(err)
		w.Advance(time.Minute)
	}
	w.t.Errorf("%s %s is not met: %+v", p.Kind(), p.Subject(), state)
}

// What the fixes put right, the mesh gets over: after each fault the prerequisites that
// its runbook has leave a fleet of which the diagnosis has nothing to say.
func TestFixesHealTheWorld(t *testing.T) {
	automatic := func(w *world) prereq.Prerequisite {
		return &prereq.MeshManagement{Client: w.client, Membership: member, Management: mesh.ManagementAutomatic}
	}
	provisioned := func(w *world) prereq.Prerequisite {
		return &prereq.ControlPlaneProvisioned{Client: w.client, Membership: member}
	}
	restart := func(w *world) prereq.Prerequisite {
		return &prereq.RollingRestart{Clusters: w.clusters, Target: place, Scope: prereq.RestartNeeded, Announced: []time.Time{w.Clock.Now()}}
	}
	webhooks := func(w *world) prereq.Prerequisite {
		return &prereq.WebhookURLs{Clusters: w.clusters, Target: place, Revision: "asm-managed"}
	}
	channel := func(w *world) prereq.Prerequisite {
		return &prereq.RevisionChannel{Clusters: w.clusters, Target: place, Revision: "asm-managed"}
	}
	for fault, fixes := range map[string][]func(w *world) prereq.Prerequisite{
		"stop-name": {func(w *world) prereq.Prerequisite {
			return &prereq.RevisionRemoved{Clusters: w.clusters, Target: place, Namespace: "istio-system", Revision: "asm-custom"}
		}, provisioned},
		"stop-namespace": {func(w *world) prereq.Prerequisite {
			return &prereq.RevisionRemoved{Clusters: w.clusters, Target: place, Namespace: "default", Revision: "asm-managed"}
		}, provisioned},
		"stop-channel":         {channel, provisioned},
		"stop-channel-missing": {channel, provisioned},
		"stop-type": {func(w *world) prereq.Prerequisite {
			return &prereq.RevisionType{Clusters: w.clusters, Target: place, Revision: "asm-managed"}
		}, provisioned},
		"stop-mutating-url":   {webhooks, provisioned},
		"stop-validating-url": {webhooks, provisioned},
		"node-pool-metadata": {func(w *world) prereq.Prerequisite {
			return &prereq.NodePoolMetadata{Client: w.client, Cluster: gke}
		}, provisioned},
		"feature-disabled": {func(w *world) prereq.Prerequisite {
			return &prereq.MeshFeature{Client: w.client, FleetProject: "mesh-sim-1"}
		}, provisioned},
		"management-manual": {automatic, provisioned},
		"wrong-injection": {func(w *world) prereq.Prerequisite {
			return &prereq.NamespaceInjection{Clusters: w.clusters, Target: place, Namespace: "shop", Revision: "asm-managed"}
		}, restart},
		"proxies-failed": {restart},
		"identity-provider-missing": {func(w *world) prereq.Prerequisite {
			return &prereq.MembershipIdentity{Client: w.client, Membership: member}
		}, provisioned},
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sim.Options{Projects: 1, Clusters: 1})
			w.Advance(time.Hour)
			w.Fault(fault)
			w.Advance(time.Hour)
			if verdict, alarms, _ := w.diagnose(); verdict == mesh.Healthy || len(alarms) == 0 {
				t.Fatalf("the fault shows as %s %v", verdict, alarms)
			}
			for _, fix := range fixes {
				w.enforce(fix(w))
			}
			w.Advance(30 * time.Minute)
			if verdict, alarms, all := w.diagnose(); verdict != mesh.Healthy || len(alarms) > 0 {
				t.Errorf("after the fix: %s\n%s", verdict, all)
			} else {
				t.Logf("after the fix: %s\n%s", verdict, all)
			}
		})
	}
}
