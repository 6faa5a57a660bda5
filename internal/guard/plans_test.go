package guard_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/managed-mesh/terraform-provider-asm/internal/guard"
)

// fleet is the fleet of every recorded plan.
var fleet = guard.Fleet{Project: "mesh-sim-1", Number: "100000000001"}

// recorded reads testdata/plans.zip: plans that Terraform and OpenTofu made with the real providers, and INDEX.tsv,
// which says of each what it does, often because it was applied.
func recorded(t testing.TB) map[string][]byte {
	t.Helper()
	r, err := zip.OpenReader("testdata/plans.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	files := map[string][]byte{}
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.TrimSuffix(f.Name, ".json")] = raw
	}
	return files
}

type label struct {
	name      string
	verdict   guard.Verdict
	addresses []string
	kind      string
}

// named are addresses that may be named beside those of the index, with the reason.
var named = map[string]string{
	// Its grants are each deleted by one instance and created by the next, in no order.
	"google_project_iam_member.agent[1]": "iam-member-count-shrinks",
	"google_project_iam_member.agent[2]": "iam-member-count-shrinks",
}

func labels(t testing.TB, files map[string][]byte) []label {
	t.Helper()
	r := csv.NewReader(bytes.NewReader(files["INDEX.tsv"]))
	r.Comma, r.LazyQuotes = '\t', true
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var all []label
	for _, row := range rows[1:] {
		l := label{name: row[0], verdict: guard.Verdict(row[1]), kind: row[6]}
		if row[3] != "-" {
			l.addresses = strings.Split(row[3], ", ")
			slices.Sort(l.addresses)
		}
		all = append(all, l)
	}
	return all
}

func judge(t testing.TB, name string, plan []byte, fleets ...guard.Fleet) *guard.Result {
	t.Helper()
	g := guard.New(guard.Options{Fleets: fleets})
	if err := g.Add(name, bytes.NewReader(plan)); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return g.Result()
}

func addresses(r *guard.Result) []string {
	set := map[string]bool{}
	for _, f := range r.Findings {
		set[f.Address] = true
	}
	return slices.Sorted(maps.Keys(set))
}

func TestRecordedPlans(t *testing.T) {
	t.Parallel()
	files := recorded(t)
	for _, c := range []struct {
		what   string
		fleets []guard.Fleet
	}{
		{"no fleet given", nil},
		{"the fleet's number", []guard.Fleet{fleet}},
		{"the fleet's id", []guard.Fleet{{Project: fleet.Project}}},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			confusion := map[[2]guard.Verdict]int{}
			for _, l := range labels(t, files) {
				r := judge(t, l.name, files[l.name], c.fleets...)
				confusion[[2]guard.Verdict{l.verdict, r.Verdict}]++
				if r.Verdict != l.verdict {
					t.Errorf("%s: %s, want %s\n%+v", l.name, r.Verdict, l.verdict, r.Findings)
					continue
				}
				got := slices.DeleteFunc(addresses(r), func(a string) bool { return named[a] == l.name })
				if l.verdict == guard.Unknown && l.addresses == nil {
					continue // the index names none where it is about the plan
				}
				if diff := cmp.Diff(l.addresses, got); diff != "" {
					t.Errorf("%s: addresses (-want +got):\n%s", l.name, diff)
				}
			}
			t.Log("\n" + table(confusion))
		})
	}
}

// table shows how often each verdict was expected (rows) and given (columns).
func table(confusion map[[2]guard.Verdict]int) string {
	verdicts := []guard.Verdict{guard.Breaks, guard.Unknown, guard.Harmless}
	var b strings.Builder
	fmt.Fprintf(&b, "%-10s", "")
	for _, got := range verdicts {
		fmt.Fprintf(&b, "%10s", got)
	}
	for _, want := range verdicts {
		fmt.Fprintf(&b, "\n%-10s", want)
		for _, got := range verdicts {
			fmt.Fprintf(&b, "%10d", confusion[[2]guard.Verdict{want, got}])
		}
	}
	return b.String()
}

func TestForeignInput(t *testing.T) {
	t.Parallel()
	files := recorded(t)
	for name, want := range map[string]string{
		"extra/plan-binary.tfplan":        "the plan file itself",
		"extra/plan-json-log-lines.jsonl": "the log of terraform plan -json",
		"extra/show-json-of-state":        "a state, not a plan",
	} {
		err := guard.New(guard.Options{}).Add(path.Base(name), bytes.NewReader(files[name]))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "terraform show -json") {
			t.Errorf("%s: %v, want %q and how to make a plan", name, err, want)
		}
	}
}
