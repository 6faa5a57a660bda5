package kinds

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// diagnose runs the diagnosis of one membership, past anything that was read before.
func diagnose(ctx context.Context, env *Runtime, membership mesh.Membership, since time.Duration) (*diagnosis.Report, error) {
	env.Client.Forget()
	return diagnosis.Run(ctx, diagnosis.Reader{Client: env.Client, Clusters: env.Clusters}, diagnosis.Options{
		Memberships: []mesh.Membership{membership}, Since: since, Tool: env.Tool, Clock: env.Clock,
	})
}

// codes are the findings that an assert or wait checks, each CODE or CODE:DETAIL.
type codes []string

func codeOf(f catalogue.Finding) string {
	if f.Detail == "" {
		return string(f.Code)
	}
	return string(f.Code) + ":" + f.Detail
}

func checkCode(text string) error {
	code, _, _ := strings.Cut(text, ":")
	if catalogue.Describe(catalogue.Code(code)).Title == "" {
		return fmt.Errorf("there is no finding %q; the guide on findings lists them", code)
	}
	return nil
}

func (c codes) have(f catalogue.Finding) bool {
	return slices.Contains(c, string(f.Code)) || slices.Contains(c, codeOf(f))
}

// explain reports whether a finding can be a consequence of one of these: an echo of it, for as long as the mesh has
// not noticed that it is corrected. The audit log, by which the diagnosis knows an echo, lags behind.
func (c codes) explain(f catalogue.Finding) bool {
	return slices.ContainsFunc(c, func(text string) bool {
		code, detail, _ := strings.Cut(text, ":")
		return f.FollowsFrom(catalogue.Finding{Code: catalogue.Code(code), Detail: detail, Subject: f.Subject})
	})
}

// logWindow is how far back logs are searched where a finding in them is asked for:
// long enough for a line to arrive, short enough for one that stays away to count.
const logWindow = 15 * time.Minute

// since is how far back logs have to be searched; 0 where none of the findings is in a log.
func (c codes) since() time.Duration {
	for _, s := range catalogue.LogSignatures {
		if c.have(catalogue.Finding{Code: s.Code}) {
			return logWindow
		}
	}
	return 0
}

// sight sorts the findings of a diagnosis that match codes.
type sight struct {
	present []diagnosis.Finding // errors and warnings
	waiting []diagnosis.Finding // those whose cause is corrected, and that the mesh has yet to notice
	follow  []diagnosis.Finding // those that stand because of something else, which is no echo of these
	blind   string              // which of their checks could not be made, or ""
}

func (c codes) seen(report *diagnosis.Report) sight {
	var s sight
	by := map[string]diagnosis.Finding{}
	for _, f := range report.Findings {
		by[f.Fingerprint] = f
	}
	for _, f := range report.Findings {
		switch {
		case f.Severity == catalogue.Info || !c.have(f.Finding):
		case f.Waiting:
			s.waiting = append(s.waiting, f)
		case slices.ContainsFunc(f.BlockedBy, func(root string) bool {
			return !c.have(by[root].Finding) && !c.explain(by[root].Finding)
		}):
			s.follow = append(s.follow, f)
		default:
			s.present = append(s.present, f)
		}
	}
	s.blind = c.blind(report)
	return s
}

// blind names the checks for these codes that could not be made.
func (c codes) blind(report *diagnosis.Report) string {
	kinds := map[mesh.Kind]bool{}
	for _, code := range c {
		code, detail, _ := strings.Cut(code, ":")
		kinds[catalogue.Describe(catalogue.Code(code)).Kind] = true
		if condition, known := catalogue.DescribeCondition(detail); known {
			kinds[condition.Kind] = true
		}
	}
	var what []string
	for _, s := range report.Subjects {
		for _, check := range s.Checks {
			if kinds[check.Kind] && check.Status == diagnosis.Unknown {
				what = append(what, string(check.Kind)+" of "+s.Name)
			}
		}
	}
	if len(what) == 0 {
		return ""
	}
	text := strings.Join(what, ", ")
	for _, f := range report.Findings {
		if f.Code == catalogue.Unreadable {
			return text + ": " + f.Message
		}
	}
	return text
}

func tell(findings []diagnosis.Finding) string {
	var all []string
	for _, f := range findings {
		all = append(all, codeOf(f.Finding)+": "+f.Message)
	}
	return strings.Join(all, "; ")
}

func noFindings(ctx context.Context, env *Runtime, a Args) (Observation, error) {
	membership, err := a.Membership("membership")
	if err != nil {
		return Observation{}, err
	}
	wanted := codes(a.Texts("codes"))
	report, err := diagnose(ctx, env, membership, wanted.since())
	if err != nil {
		return Observation{}, err
	}
	s := wanted.seen(report)
	found := slices.Concat(s.present, s.waiting, s.follow)
	switch {
	case len(found) > 0:
		return Observation{State: Fails, Message: tell(found)}, nil
	case s.blind != "":
		return Observation{State: Fails, Message: "cannot find out whether they exist, because these could not be read: " + s.blind}, nil
	}
	return Observation{State: Holds, Message: "none is found: " + strings.Join(wanted, ", ")}, nil
}

// The states of findings_gone.
const (
	findingsGone    = "gone"
	findingsPresent = "present"
	findingsWaiting = "waiting"
	findingsUnknown = "unknown"
	findingsBack    = "back"
)

func findingsAreGone(ctx context.Context, env *Runtime, a Args) (Observation, error) {
	membership, err := a.Membership("membership")
	if err != nil {
		return Observation{}, err
	}
	wanted := codes(a.Texts("codes"))
	report, err := diagnose(ctx, env, membership, wanted.since())
	if err != nil {
		return Observation{}, err
	}
	s, corrected := wanted.seen(report), codes(a.Texts("corrected"))
	back := slices.DeleteFunc(slices.Clone(s.present), func(f diagnosis.Finding) bool { return !f.Root() || !corrected.have(f.Finding) })
	switch {
	case len(back) > 0:
		return Observation{State: findingsBack, Message: "what this run corrected is found again, so something takes it back: " + tell(back)}, nil
	case len(s.present) > 0:
		return Observation{State: findingsPresent, Message: tell(s.present)}, nil
	case len(s.waiting) > 0:
		return Observation{
			State:   findingsWaiting,
			Message: "their cause is corrected, but the mesh has not updated its state yet: " + tell(s.waiting),
		}, nil
	case s.blind != "":
		return Observation{State: findingsUnknown, Message: "these could not be read: " + s.blind}, nil
	case len(s.follow) > 0:
		return Observation{State: findingsGone, Message: "the remaining ones have another cause: " + tell(s.follow)}, nil
	}
	return Observation{State: findingsGone, Message: "none is found: " + strings.Join(wanted, ", ")}, nil
}

// rootsType is the type of the result of diagnosed: runbooks by CODE[:DETAIL].
var rootsType = cty.Object(map[string]cty.Type{"roots": cty.Map(cty.String), "blocking": cty.Map(cty.String)})

func diagnosed(ctx context.Context, env *Runtime, a Args) (Observation, error) {
	membership, err := a.Membership("membership")
	if err != nil {
		return Observation{}, err
	}
	report, err := diagnose(ctx, env, membership, 0)
	if err != nil {
		return Observation{}, err
	}
	corrected := codes(a.Texts("corrected"))
	roots, blocking := map[string]cty.Value{}, map[string]cty.Value{}
	for _, f := range report.Findings {
		if !f.Root() || f.Severity == catalogue.Info || f.Waiting {
			continue
		}
		book := cty.StringVal(catalogue.RunbookOf(f.Finding))
		roots[codeOf(f.Finding)] = book
		if catalogue.Explains(f.Code, catalogue.ControlPlaneState) && !corrected.explain(f.Finding) {
			blocking[codeOf(f.Finding)] = book
		}
	}
	value := cty.ObjectVal(map[string]cty.Value{"roots": mapOf(roots), "blocking": mapOf(blocking)})
	return Observation{State: Holds, Message: report.Summary, Result: value}, nil
}

func mapOf(values map[string]cty.Value) cty.Value {
	if len(values) == 0 {
		return cty.MapValEmpty(cty.String)
	}
	return cty.MapVal(values)
}
