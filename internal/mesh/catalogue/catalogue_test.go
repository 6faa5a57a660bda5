package catalogue_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/meshtest"
)

var (
	kebab    = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)+$`)
	runbooks = []string{
		"restore-service-agent-binding", "restore-hub-agent-binding", "correct-injection",
		"enable-workload-identity", "enable-managed-data-plane", "restart-proxies",
		"register-membership-identity", "provision-control-plane", "restore-connect-gateway", "fix-revision-channel", "fix-revision-type",
		"recreate-revision", "correct-webhook-url", "collect-evidence", "restore-apis",
		"use-gke-cluster", "join-own-fleet", "upgrade-kubernetes", "unblock-cluster-resources",
	}
)

// named tells whether a resource and a runbook are ones that exist, or none.
func named(t *testing.T, what, resource, runbook string) {
	t.Helper()
	if resource != "" && mesh.KindOf(resource) == "" {
		t.Errorf("%s is fixed by %q, which is no resource", what, resource)
	}
	if runbook != "" && !slices.Contains(runbooks, runbook) {
		t.Errorf("%s has the runbook %q, which there is not", what, runbook)
	}
}

func sentence(t *testing.T, what, text string) {
	t.Helper()
	if text == "" || !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, ". ") && !strings.Contains(text, "kubectl") &&
		!strings.Contains(text, "gcloud") {
		t.Errorf("%s is %q, which is no sentence", what, text)
	}
}

func TestCatalogueIsComplete(t *testing.T) {
	seen := map[catalogue.Code]bool{}
	for _, d := range catalogue.Catalogue() {
		code := string(d.Code)
		if !kebab.MatchString(code) || seen[d.Code] {
			t.Errorf("%q is not in kebab-case, or is there twice", code)
		}
		seen[d.Code] = true
		for what, text := range map[string]string{"meaning": d.Means, "cause": d.Cause, "remedy": d.Remedy} {
			sentence(t, code+"'s "+what, text)
		}
		if d.Title == "" || d.JudgedBy == "" || d.Source == "" || strings.HasSuffix(d.Title, ".") {
			t.Errorf("%s is incomplete: %+v", code, d)
		}
		if d.DocURL == "" && d.Code != catalogue.Unreadable && d.Code != catalogue.NotConfigured { // neither is Google's to document
			t.Errorf("%s has no documentation", code)
		}
		if !slices.Contains([]catalogue.Severity{catalogue.Error, catalogue.Warning, catalogue.Info}, d.Severity) ||
			!slices.Contains(mesh.Order(), d.Kind) {
			t.Errorf("%s has severity %q and kind %q", code, d.Severity, d.Kind)
		}
		if strings.Contains(d.Source, "inferred") == d.Established {
			t.Errorf("%s: established is %t, and its source says %q", code, d.Established, d.Source)
		}
		named(t, code, d.FixedBy, d.Runbook)
	}
	for _, d := range catalogue.Catalogue() {
		for _, b := range d.Blocks {
			if !seen[b] {
				t.Errorf("%s blocks %q, which is not in the catalogue", d.Code, b)
			}
		}
		if sorted := slices.Sorted(slices.Values(d.Blocks)); len(slices.Compact(sorted)) != len(d.Blocks) {
			t.Errorf("%s blocks something twice: %v", d.Code, d.Blocks)
		}
		if catalogue.Explains(d.Code, d.Code) {
			t.Errorf("%s explains itself, by way of what it blocks", d.Code)
		}
	}
}

func TestDescribeUnknown(t *testing.T) {
	if d := catalogue.Describe("no-such-finding"); d.Code != "no-such-finding" || d.Severity != catalogue.Warning || d.Means != "" {
		t.Errorf("got %+v", d)
	}
}

// The conditions that are described are those of the discovery document: a
// dependency update that adds one fails here until it is described.
func TestEveryConditionOfTheAPIIsDescribed(t *testing.T) {
	documented := []string{"MULTICLUSTER_SECRET_WARNING"} // on Google's page, not in the API's list
	for _, schema := range []string{"ServiceMeshCondition", "ServiceMeshFeatureCondition"} {
		enum := meshtest.HubEnum(t, schema, "code")
		for _, code := range enum {
			if _, known := catalogue.DescribeCondition(code); !known {
				t.Errorf("%s.code has %s, which conditions.go does not describe", schema, code)
			}
		}
		for _, c := range catalogue.Conditions() {
			if !slices.Contains(enum, c.Code) && !slices.Contains(documented, c.Code) {
				t.Errorf("conditions.go describes %s, which %s.code does not have", c.Code, schema)
			}
		}
	}
	if got := meshtest.HubEnum(t, "ServiceMeshCondition", "severity"); !slices.Equal(got,
		[]string{"SEVERITY_UNSPECIFIED", "ERROR", "WARNING", "INFO"}) {
		t.Errorf("the severities are %v", got)
	}
}

func TestConditionsAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range catalogue.Conditions() {
		if seen[c.Code] {
			t.Errorf("%s is there twice", c.Code)
		}
		seen[c.Code] = true
		for what, text := range map[string]string{"meaning": c.Means, "cause": c.Cause, "remedy": c.Remedy} {
			sentence(t, c.Code+"'s "+what, text)
		}
		if !slices.Contains(mesh.Order(), c.Kind) || !strings.HasPrefix(c.DocURL, "https://") {
			t.Errorf("%s has kind %q and documentation %q", c.Code, c.Kind, c.DocURL)
		}
		if c.Blocks && c.Runbook == "" {
			t.Errorf("%s keeps the mesh from working, and has no runbook", c.Code)
		}
		for _, f := range c.Follows {
			if !catalogue.Explains(f, catalogue.ConditionReported) {
				t.Errorf("%s follows from %s, which does not block %s", c.Code, f, catalogue.ConditionReported)
			}
		}
		named(t, c.Code, c.FixedBy, c.Runbook)
	}
}

func TestStatesAreComplete(t *testing.T) {
	for _, schema := range []string{"ServiceMeshControlPlaneManagement", "ServiceMeshDataPlaneManagement"} {
		for _, state := range meshtest.HubEnum(t, schema, "state") {
			if _, known := catalogue.DescribeState(state); !known && !strings.HasSuffix(state, "_UNSPECIFIED") {
				t.Errorf("%s.state has %s, which states.go does not describe", schema, state)
			}
		}
	}
	for _, s := range catalogue.States() {
		for what, text := range map[string]string{"control plane": s.ControlPlane, "its remedy": s.ControlRemedy, "data plane": s.DataPlane,
			"that one's remedy": s.DataPlaneRemedy} {
			sentence(t, s.State+"'s "+what, text)
		}
		named(t, s.State, "", s.DataPlaneRunbook)
	}
	if got := catalogue.States(); len(got) != 8 || got[0].State != mesh.StateActive {
		t.Errorf("the states are %v", got)
	}
}

func TestStopCodesAreComplete(t *testing.T) {
	all := catalogue.StopCodes()
	if len(all) != 13 {
		t.Errorf("there are %d stop codes, and Google's page has 13", len(all))
	}
	for _, s := range all {
		named(t, string(s.Code), s.FixedBy, s.Runbook)
		if s.Runbook == "" {
			t.Errorf("%s has no runbook", s.Code)
		}
		for _, f := range s.Follows {
			if !catalogue.Explains(f, catalogue.RevisionStalled) {
				t.Errorf("%s follows from %s, which does not block %s", s.Code, f, catalogue.RevisionStalled)
			}
		}
	}
}

func TestRunbookOf(t *testing.T) {
	for want, f := range map[string]catalogue.Finding{
		"fix-revision-channel":          {Code: catalogue.RevisionStalled, Detail: string(catalogue.StopChannel)},
		"recreate-revision":             {Code: catalogue.RevisionStalled, Detail: string(catalogue.StopName)},
		"fix-revision-type":             {Code: catalogue.RevisionStalled, Detail: string(catalogue.StopType)},
		"correct-webhook-url":           {Code: catalogue.RevisionStalled, Detail: string(catalogue.StopMutatingURL)},
		"restart-proxies":               {Code: catalogue.DataPlaneState, Detail: mesh.StateNeedsAttention},
		"enable-managed-data-plane":     {Code: catalogue.DataPlaneState, Detail: mesh.StateDisabled},
		"enable-workload-identity":      {Code: catalogue.ConditionReported, Detail: "WORKLOAD_IDENTITY_REQUIRED"},
		"restore-service-agent-binding": {Code: catalogue.BindingMissing},
		"collect-evidence":              {Code: catalogue.RevisionStalled, Detail: "unknown"},
		"unblock-cluster-resources":     {Code: catalogue.RevisionStalled, Detail: string(catalogue.StopClusterUpdate)},
		"restore-apis":                  {Code: catalogue.ServiceDisabled, Detail: "mesh.googleapis.com"},
		"restore-connect-gateway":       {Code: catalogue.ServiceDisabled, Detail: mesh.GatewayService},
		"":                              {Code: catalogue.InjectorLeftover},
	} {
		if got := catalogue.RunbookOf(f); got != want {
			t.Errorf("%s %s has the runbook %q, want %q", f.Code, f.Detail, got, want)
		}
	}
}
