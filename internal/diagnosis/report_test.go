package diagnosis_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// asJSON is a report as --output json has it, without the times of the run.
func asJSON(t *testing.T, r *diagnosis.Report) []byte {
	t.Helper()
	of := *r
	of.Started, of.Finished = time.Time{}, time.Time{}
	text, err := json.MarshalIndent(of, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func prints(findings []diagnosis.Finding) (all []string) {
	for _, f := range findings {
		all = append(all, f.Fingerprint)
	}
	return all
}

func TestTwoRunsAreAlike(t *testing.T) {
	w := newWorld(t, sim.Options{Projects: 3, Clusters: 9})
	w.Advance(time.Hour)
	w.fight(2)
	for _, fault := range []string{
		"everything-broken?cluster=*", "stop-channel?cluster=*", "stop-name?cluster=*", "wrong-injection?cluster=cluster-2",
		"new-enum?cluster=cluster-4",
		"cluster-deleted?cluster=cluster-7", "identity-provider-missing?cluster=cluster-5",
	} {
		w.Fault(fault)
	}
	w.Advance(time.Hour)
	first := w.diagnose(diagnosis.Options{})
	text := asJSON(t, first)
	for range 5 {
		if again := asJSON(t, w.diagnose(diagnosis.Options{})); !bytes.Equal(again, text) {
			a, b := strings.Split(string(text), "\n"), strings.Split(string(again), "\n")
			for i := range min(len(a), len(b)) {
				if a[i] != b[i] {
					t.Fatalf("line %d was\n%s\nand is\n%s", i, a[i], b[i])
				}
			}
			t.Fatalf("one has %d lines, the other %d", len(a), len(b))
		}
	}
	all := prints(first.Findings)
	slices.Sort(all)
	if len(all) < 50 || len(slices.Compact(slices.Clone(all))) != len(all) {
		t.Errorf("%d findings have %d fingerprints", len(all), len(slices.Compact(all)))
	}
}

func TestAFingerprintOutlivesItsMessage(t *testing.T) {
	w := newWorld(t, one)
	w.Advance(time.Hour)
	w.Fault("workload-pool-wrong")
	w.Advance(time.Hour)
	before := w.diagnose(diagnosis.Options{})
	w.Edit(func(doc map[string]any) {
		of := project(doc, fleetProject)["clusters"].([]any)[0].(map[string]any)
		of["workloadIdentityConfig"] = map[string]any{"workloadPool": "a-third-project.svc.id.goog"}
	})
	w.Advance(time.Hour)
	after := w.diagnose(diagnosis.Options{Baseline: before})
	a, b := before.Findings[0], after.Findings[0]
	if a.Code != catalogue.PoolWrong || b.Code != catalogue.PoolWrong || a.Message == b.Message || a.Fingerprint != b.Fingerprint || b.New {
		t.Errorf("it was %s %s\nand is %s %s, new: %t", a.Fingerprint, a.Message, b.Fingerprint, b.Message, b.New)
	}
}

func TestABaselineTellsNewFromKnown(t *testing.T) {
	w := newWorld(t, one)
	w.Advance(time.Hour)
	w.Fault("identity-provider-missing")
	w.Fault("stop-name")
	w.Advance(time.Hour)
	known := w.diagnose(diagnosis.Options{})
	for _, f := range known.Findings {
		if f.New {
			t.Errorf("without a baseline %s is new", name(f))
		}
	}
	read, err := diagnosis.ReadReport(bytes.NewReader(asJSON(t, known)))
	if err != nil {
		t.Fatal(err)
	}
	r := w.diagnose(diagnosis.Options{Baseline: read})
	if r.ExitCode(diagnosis.FailNew) != diagnosis.ExitClean || r.ExitCode(diagnosis.FailDegraded) == diagnosis.ExitClean ||
		len(r.Resolved) > 0 {
		t.Errorf("nothing is new: exit %d, resolved %v\n%s", r.ExitCode(diagnosis.FailNew), r.Resolved, told(r))
	}
	w.ClearFault("stop-name")
	w.Fault("binding-revoked")
	w.Advance(time.Hour)
	r = w.diagnose(diagnosis.Options{Baseline: read})
	var fresh []string
	for _, f := range alarms(r) {
		if f.New && f.Root() {
			fresh = append(fresh, place(r, f))
		}
		if f.Code == catalogue.IdentityMissing && f.New {
			t.Error("what was known is new")
		}
	}
	if !slices.Equal(fresh, []string{"service-agent-binding-missing of project"}) || r.ExitCode(diagnosis.FailNew) != diagnosis.ExitChanges {
		t.Errorf("new are %q, exit %d", fresh, r.ExitCode(diagnosis.FailNew))
	}
	for _, f := range known.Findings {
		if gone := f.Code == catalogue.RevisionMismatch; gone && !slices.Contains(r.Resolved, f.Fingerprint) {
			t.Errorf("%s is not said to be resolved: %v", name(f), r.Resolved)
		}
	}

	// What is left alone on purpose is neither resolved nor, on the day after, new.
	leave := diagnosis.Suppression{Code: catalogue.IdentityMissing, Subject: "*", Reason: "known", Expires: "2999-01-01"}
	leave.Subject = "projects/*/locations/*/memberships/*"
	left := w.diagnose(diagnosis.Options{Baseline: read, Suppressions: []diagnosis.Suppression{leave}})
	for _, f := range known.Findings {
		if f.Code == catalogue.IdentityMissing && slices.Contains(left.Resolved, f.Fingerprint) {
			t.Errorf("%s is said to be resolved, and is only left alone", name(f))
		}
	}
	for _, f := range w.diagnose(diagnosis.Options{Baseline: left}).Findings {
		if f.New {
			t.Errorf("%s was there before, and is said to be new", name(f))
		}
	}
}

func TestABaselineOfAnotherKindIsRefused(t *testing.T) {
	for text, says := range map[string]string{
		"":              "not a diagnosis",
		"[]":            "not a diagnosis",
		`{"schema": 7}`: "schema version 7",
		`{}`:            "schema version 0",
	} {
		if _, err := diagnosis.ReadReport(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestSuppressions(t *testing.T) {
	w := newWorld(t, sim.Options{Projects: 1, Clusters: 2})
	w.Advance(time.Hour)
	w.Fault("identity-provider-missing?cluster=*")
	w.Fault("node-pool-metadata")
	w.Advance(time.Minute)
	today, yesterday := w.Clock.Now().UTC().Format(time.DateOnly), w.Clock.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	for _, c := range []struct {
		code             catalogue.Code
		subject, expires string
		covered, expired int
	}{
		{catalogue.IdentityMissing, "projects/mesh-sim-1/locations/us-central1/memberships/cluster-1", today, 1, 0},
		{catalogue.IdentityMissing, "projects/mesh-sim-1/locations/*/memberships/*", today, 2, 0},
		{catalogue.IdentityMissing, "projects/mesh-sim-1/*", today, 0, 0}, // a * does not cross a slash
		{catalogue.IdentityWrong, "projects/mesh-sim-1/locations/*/memberships/*", today, 0, 0},
		{catalogue.IdentityMissing, "projects/mesh-sim-1/locations/*/memberships/*", yesterday, 0, 1},
	} {
		s := diagnosis.Suppression{Code: c.code, Subject: c.subject, Reason: "moves next week", Expires: c.expires}
		r := w.diagnose(diagnosis.Options{Suppressions: []diagnosis.Suppression{s}})
		if len(r.Suppressed) != c.covered || len(r.Expired) != c.expired {
			t.Errorf("%+v covers %d, expired %d; want %d, %d", s, len(r.Suppressed), len(r.Expired), c.covered, c.expired)
		}
		for _, f := range r.Suppressed {
			if f.Suppression == nil || *f.Suppression != s {
				t.Errorf("%s is suppressed by %v", name(f), f.Suppression)
			}
		}
		for _, of := range r.Subjects {
			if of.Type == diagnosis.TypeMembership && (of.Verdict == mesh.Healthy) != (c.covered == 2 && strings.HasSuffix(of.Name, "cluster-2")) {
				t.Errorf("%+v: %s is %s", s, of.Name, of.Verdict)
			}
		}
	}
}

func TestAWrongFileOfSuppressionsIsRefused(t *testing.T) {
	for text, says := range map[string][]string{
		"suppressions: 7": {"not a list of suppressions"},
		"supressions: []": {"not a list of suppressions"},
		"suppressions:\n- {code: mesh-condition, subject: x, reason: y}\n- {code: no-such, subject: x, reason: y, expires: 2026-12-31}\n- " +
			"{code: mesh-condition, subject: '[', reason: y, expires: 2026-12-31}\n- {code: mesh-condition, subject: x, reason: y, expires: soon}": {
			"suppression 1: code, subject, reason and expires are needed", `suppression 2: there is no finding "no-such"`,
			`suppression 3: subject "["`, `suppression 4: expires "soon"`,
		},
	} {
		_, err := diagnosis.ReadSuppressions(strings.NewReader(text))
		for _, part := range says {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%q: %v; want %q", text, err, part)
			}
		}
	}
	got, err := diagnosis.ReadSuppressions(strings.NewReader(`{"suppressions": [{"code": "mesh-condition", "subject": "projects/*", "reason": "r", "expires": "2026-12-31"}]}`))
	if err != nil || len(got) != 1 || got[0].Code != catalogue.ConditionReported {
		t.Errorf("%v, %v", got, err)
	}
}

func TestWhateverIsNamedIsLookedAtOnce(t *testing.T) {
	w := newWorld(t, sim.Options{Projects: 2, Clusters: 4})
	w.Advance(time.Hour)
	m := func(project, n string) mesh.Membership {
		return mesh.Membership{Project: project, Location: "us-central1", Name: "cluster-" + n}
	}
	c := func(project, location, n string) mesh.Cluster {
		return mesh.Cluster{Project: project, Location: location, Name: "cluster-" + n}
	}
	for name, of := range map[string]struct {
		options diagnosis.Options
		want    []string
	}{
		"a membership": {diagnosis.Options{Memberships: []mesh.Membership{m(fleetProject, "2")}}, []string{"cluster-2"}},
		"a membership twice": {diagnosis.Options{Memberships: []mesh.Membership{m(fleetProject, "2"), m("100000000001", "2")}},
			[]string{"cluster-2"}},
		"its cluster": {diagnosis.Options{Clusters: []mesh.Cluster{c("mesh-sim-2", "us-central1", "2")}},
			[]string{"cluster-2"}},
		"both": {diagnosis.Options{Memberships: []mesh.Membership{m(fleetProject, "2")},
			Clusters: []mesh.Cluster{c("mesh-sim-2", "us-central1", "2")}}, []string{"cluster-2"}},
		"a cluster and another's": {diagnosis.Options{Memberships: []mesh.Membership{m(fleetProject, "4")},
			Clusters: []mesh.Cluster{c(fleetProject, "us-central1-a", "3")}}, []string{"cluster-3", "cluster-4"}},
		"a fleet by number and a cluster": {diagnosis.Options{FleetProjects: []string{"100000000001", fleetProject},
			Clusters: []mesh.Cluster{c("mesh-sim-2", "us-central1", "2")}}, []string{"cluster-1", "cluster-2", "cluster-3", "cluster-4"}},
	} {
		w.Forget()
		r := w.diagnose(of.options)
		var got []string
		for _, s := range r.Subjects {
			if s.Type == diagnosis.TypeMembership {
				got = append(got, s.Name[strings.LastIndex(s.Name, "/")+1:])
			}
		}
		if !slices.Equal(got, of.want) || r.Verdict != mesh.Healthy {
			t.Errorf("%s: looked at %v\n%s", name, got, told(r))
		}
		if n, want := w.Count("/gkeMemberships/"), 7*len(of.want); n != want || w.Count("features/servicemesh") != 1 ||
			w.Count("locations/-/memberships") != 1 {
			t.Errorf("%s: %d requests to clusters, want %d; of all %v", name, n, want, w.Lines())
		}
	}
}

func TestWhatIsNamedAndDoesNotExist(t *testing.T) {
	w := newWorld(t, one)
	for name, of := range map[string]struct {
		options diagnosis.Options
		want    string
	}{
		"cluster": {diagnosis.Options{Clusters: []mesh.Cluster{{Project: fleetProject, Location: "us-central1", Name: "no-such"}}},
			"cluster-missing of cluster"},
		"membership": {diagnosis.Options{Memberships: []mesh.Membership{{Project: fleetProject, Location: "us-central1", Name: "no-such"}}},
			"cannot-read of membership"}, // it may be misspelt
		"project": {diagnosis.Options{FleetProjects: []string{"no-such-project"}}, "cannot-read of fleet"},
	} {
		if got := rootNames(w.diagnose(of.options)); len(got) == 0 || got[0] != of.want {
			t.Errorf("%s: %q, want %q", name, got, of.want)
		}
	}
	if _, err := diagnosis.Run(t.Context(), w.reader("admin@example.com"), diagnosis.Options{}); err == nil {
		t.Error("nothing was named, and it ran")
	}
}
