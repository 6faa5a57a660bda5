package runbook_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/fleet"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// BenchmarkPlanFleet plans a runbook on every membership of a fleet in which the service agent lost its role. The floor
// is as many of the simulator's cheapest answers, asked for as concurrently.
func BenchmarkPlanFleet(b *testing.B) {
	for _, n := range []int{1, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := newWorld(b, sim.Options{Projects: max(1, n/20), Clusters: n})
			w.Fault("binding-revoked")
			w.Advance(time.Hour)
			j := job(b, "restore-service-agent-binding")
			e := w.engine(runs(b))
			targets, err := fleet.Targets(b.Context(), e, j.Runbook, fleet.Selection{Fleets: []string{fleetProject}})
			if err != nil || len(targets) != n {
				b.Fatalf("%d targets, %v", len(targets), err)
			}
			names := make([]string, n)
			for i, t := range targets {
				names[i] = t.Name
			}
			var asked int
			for b.Loop() {
				w.Forget()
				report, err := fleet.RunAll(b.Context(), e, "", names, fleet.Rollout{Concurrency: 16}, func(name string) fleet.TargetFunc {
					return func(ctx context.Context) ([]runbook.Result, error) {
						j := j
						if j.Target, err = runbook.ParseTarget(lang.TargetMembership, name, ""); err != nil {
							return nil, err
						}
						p, err := e.Plan(ctx, j)
						if err == nil && p.ExitCode() == 1 {
							err = fmt.Errorf("no plan of %s", name)
						}
						return []runbook.Result{}, err
					}
				})
				if err != nil || len(report.Results) > 0 {
					b.Fatalf("%v, %+v", err, report)
				}
				asked = len(w.All())
			}
			b.ReportMetric(float64(asked)/float64(n), "requests/target")
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)/float64(n), "ms/target")
			start := time.Now()
			floor(b, w.URL()+"/serviceusage.googleapis.com/v1/projects/"+fleetProject+"/services/mesh.googleapis.com", asked)
			b.ReportMetric(float64(time.Since(start).Milliseconds())/float64(n), "floor-ms/target")
		})
	}
}

func floor(b *testing.B, url string, n int) {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	var group errgroup.Group
	group.SetLimit(16)
	for range n {
		group.Go(func() error {
			req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
			if err != nil {
				return err
			}
			req.Header.Set("Authorization", "Bearer sim-token.admin@example.com")
			resp, err := client.Do(req)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			_, err = io.Copy(io.Discard, resp.Body)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
}
