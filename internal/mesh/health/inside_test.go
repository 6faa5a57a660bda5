package health_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

// The managed CNI is off where the label or the option has another value than Google's page names, and nowhere else.
func TestJudgeCNI(t *testing.T) {
	for name, c := range map[string]struct {
		label, options string
		off            int
	}{
		"nothing is said":          {"", "", 0},
		"on":                       {"true", "CA=MESHCA;CNI=on", 0},
		"the label is off":         {"false", "CNI=on", 1},
		"the label is something":   {"yes", "", 1},
		"the option is off":        {"", "CNI=off", 1},
		"among others, with space": {"true", "CA=PRIVATECA; CNI=off;CAAddr=x", 1},
		"both":                     {"false", "CNI=off", 2},
		"another option":           {"", "XCNI=off", 0},
	} {
		r := mesh.ControlPlaneRevision{Name: "asm-managed", Namespace: "istio-system"}
		if c.label != "" {
			r.Labels = map[string]string{mesh.LabelManagedCNI: c.label}
		}
		for implementation, verdict := range map[string]mesh.Verdict{
			"TRAFFIC_DIRECTOR": mesh.Degraded, "": mesh.Degraded, "ISTIOD": mesh.Healthy,
		} {
			h := health.JudgeCNI(implementation, []mesh.ControlPlaneRevision{r}, map[string]string{"ASM_OPTS": c.options})
			if len(h.Findings) != c.off || c.off > 0 && (h.Verdict != verdict || h.Findings[0].Code != catalogue.ManagedCNIOff) {
				t.Errorf("%s, %s: %+v", name, implementation, h)
			}
		}
	}
}

// However many objects are wrong, a finding names ten and counts the others.
func TestJudgeConfigIsBounded(t *testing.T) {
	var problems []mesh.ConfigProblem
	for i := range 1200 {
		problems = append(problems, mesh.ConfigProblem{Kind: "VirtualService", Namespace: "shop", Name: fmt.Sprintf("v%04d", i),
			Condition: mesh.ConditionAccepted, Reason: "Invalid", Message: "no such gateway"})
	}
	problems = append(problems, mesh.ConfigProblem{Kind: "ServiceEntry", Namespace: "shop", Name: "api", Condition: mesh.ConditionCompatible,
		Message: "DNS_ROUND_ROBIN is not supported"})
	h := health.JudgeConfig(problems, "; not all virtualservices were read")
	if len(h.Findings) != 2 || h.Verdict != mesh.Unhealthy {
		t.Fatalf("%+v", h)
	}
	for code, says := range map[catalogue.Code][]string{
		catalogue.ConfigRejected: {"1200 Istio object(s)", "VirtualService shop/v0000 (Invalid: no such gateway)", "and 1190 more",
			"not all virtualservices were read"},
		catalogue.ConfigIncompatible: {"ServiceEntry shop/api (DNS_ROUND_ROBIN is not supported)"},
	} {
		for _, f := range h.Findings {
			for _, text := range says {
				if f.Code == code && !strings.Contains(f.Message, text) {
					t.Errorf("%s is not in %s", text, f.Message)
				}
			}
		}
	}
	if h := health.JudgeConfig(nil, ""); h.Verdict != mesh.Healthy || len(h.Findings) > 0 {
		t.Errorf("%+v", h)
	}
}
