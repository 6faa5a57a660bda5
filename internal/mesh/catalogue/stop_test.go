package catalogue_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/meshtest"
)

// distortions are spellings that mean the same. Those that change the case of a variable's value are told by keepsCase.
var distortions = []struct {
	name      string
	keepsCase bool
	apply     func(string) string
}{
	{"as printed", true, func(s string) string { return s }},
	{"upper case", false, strings.ToUpper},
	{"lower case", false, strings.ToLower},
	{"doubled blanks and line breaks", true, func(s string) string { return "\n  " + strings.ReplaceAll(s, " ", " \n\t ") + " \n" }},
	{"no-break and ideographic blanks", true, func(s string) string { return "\u00a0" + strings.ReplaceAll(s, " ", "\u3000") + "\u200b" }},
	{"no blanks", true, func(s string) string { return strings.ReplaceAll(s, " ", "") }},
	{"full-width punctuation", true, func(s string) string {
		return strings.NewReplacer(": ", "\uff1a", ", ", "\uff0c", "\"", "\u201d").Replace(s)
	}},
	{"a full stop", true, func(s string) string { return strings.TrimRight(s, ".。") + " ." }},
}

func TestParseStop(t *testing.T) {
	if len(meshtest.StopMessages) != 13 {
		t.Fatalf("Google's page has 13 stop codes, this table %d", len(meshtest.StopMessages))
	}
	for _, c := range meshtest.StopMessages {
		for language, message := range map[string]string{"English": c.English, "Chinese": c.Chinese} {
			for _, d := range distortions {
				t.Run(string(c.Code)+"/"+language+"/"+d.name, func(t *testing.T) {
					given := d.apply(message)
					got := catalogue.ParseStop(c.Reason, given)
					if got.Code != c.Code {
						t.Fatalf("%q is %s", given, got.Code)
					}
					if got.Message != given {
						t.Errorf("the message %q is not kept whole: %q", given, got.Message)
					}
					same := maps.EqualFunc(got.Variables, c.Variables, func(a, b string) bool {
						return a == b || !d.keepsCase && strings.EqualFold(a, b)
					})
					if !same {
						t.Errorf("%q gives %v, want %v", given, got.Variables, c.Variables)
					}
					if got.Reason != c.Reason || got.Explanation == "" || got.Remedy == "" {
						t.Errorf("reason %q, explanation %q, remedy %q", got.Reason, got.Explanation, got.Remedy)
					}
					if (got.MechanicalFix != "") != c.Fixable {
						t.Errorf("mechanical fix %q", got.MechanicalFix)
					}
					if want := language == "Chinese" || !c.Inferred; got.Established != want {
						t.Errorf("established is %t", got.Established)
					}
				})
			}
		}
	}
}

func TestParseStopFillsInTheReason(t *testing.T) {
	if got := catalogue.ParseStop("", "Workload identity is not enabled"); got.Reason != catalogue.ReasonPreconditionFailed {
		t.Errorf("reason %q", got.Reason)
	}
	if got := catalogue.ParseStop(" Other ", "Workload identity is not enabled"); got.Reason != "Other" {
		t.Errorf("a reported reason is replaced by %q", got.Reason)
	}
}

func TestParseStopUnknown(t *testing.T) {
	for _, message := range []string{
		"",
		"  The moon is in the way.\n",
		"Workload identity is not enabled, and the moon is in the way",
		"Unsupported ControlPlaneRevision name", // cut off before the colon
		"Unsupported Kubernetes version: v1.14 or so",
	} {
		got := catalogue.ParseStop("PreconditionFailed", message)
		if got.Code != catalogue.StopUnknown || got.Message != message || got.Established || got.MechanicalFix != "" || got.Explanation == "" {
			t.Errorf("%q gives %+v", message, got)
		}
	}
}

func FuzzParseStop(f *testing.F) {
	for _, c := range meshtest.StopMessages {
		f.Add(c.Reason, c.English)
		f.Add(c.Reason, c.Chinese)
	}
	f.Fuzz(func(t *testing.T, reason, message string) {
		got := catalogue.ParseStop(reason, message)
		if got.Message != message || got.Variables == nil || got.Code == "" || got.Explanation == "" {
			t.Errorf("%q gives %+v", message, got)
		}
		spaced := catalogue.ParseStop(reason, " \t"+strings.ReplaceAll(message, " ", "  ")+"\n")
		if spaced.Code != got.Code || !maps.Equal(spaced.Variables, got.Variables) {
			t.Errorf("%q is %s %v, with more blanks %s %v", message, got.Code, got.Variables, spaced.Code, spaced.Variables)
		}
	})
}
