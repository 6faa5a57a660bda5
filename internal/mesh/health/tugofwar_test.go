package health_test

import (
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

const googleAgent = "google-api-go-client/0.5 Terraform/1.5.7 (+https://www.terraform.io) Terraform-Plugin-SDK/2.36.0 " +
	"terraform-provider-google/6.38.0,gzip(gfe)"

// changes makes a log of a binding: R is a removal by CI, A an addition by the platform team, one every twelve hours.
func changes(log string) (all []health.BindingChange) {
	for i, c := range log {
		at := noon.Add(time.Duration(i) * 12 * time.Hour)
		change := mesh.AuditEvent{Time: at, Principal: "ci@p.iam.gserviceaccount.com", UserAgent: googleAgent, Method: "SetIamPolicy"}
		if c == 'A' {
			change = mesh.AuditEvent{Time: at, Principal: "ops@example.com", UserAgent: "Terraform/1.16.0 (+https://www.terraform.io) " +
				"terraform-provider-asm/0.1.0", Method: "SetIamPolicy"}
		}
		all = append(all, health.BindingChange{AuditEvent: change, Added: c == 'A'})
	}
	return all
}

func TestFindTugOfWar(t *testing.T) {
	for log, want := range map[string]int{
		"": 0, "R": 0, "A": 0, "RA": 0, "ARAR": 0, "RAR": 0, "AAAA": 0, "RRRR": 0, "RRAAR": 0,
		"RARA": 2, "ARARA": 2, "RARAR": 2, "RRAARRAA": 2, "RARARARA": 4,
	} {
		got := health.FindTugOfWar(changes(log))
		switch {
		case want == 0 && got != nil:
			t.Errorf("%q is a tug-of-war: %+v", log, got)
		case want > 0 && (got == nil || got.Times != want):
			t.Errorf("%q: got %+v, want %d times", log, got, want)
		}
	}
}

// What the product repaired itself, and what its own author undid, is no configuration that asks for the opposite.
func TestRepairsAreNoTugOfWar(t *testing.T) {
	for name, repair := range map[string]mesh.AuditEvent{
		"a run of a runbook": {Principal: "ops@example.com", UserAgent: "terraform-provider-asm/0.1.0"},
		"the remover itself": {Principal: "ci@p.iam.gserviceaccount.com", UserAgent: googleAgent},
	} {
		log := changes("RARARA")
		for i := range log {
			if log[i].Added {
				log[i].Principal, log[i].UserAgent = repair.Principal, repair.UserAgent
			}
		}
		if got := health.FindTugOfWar(log); got != nil {
			t.Errorf("repaired by %s: %+v", name, got)
		}
		// Beside them the configurations that do disagree still count, and only they.
		mixed := append(log[:2:2], changes("RARARA")[2:]...)
		if got := health.FindTugOfWar(mixed); got == nil || got.Times != 2 || len(got.Restorers) != 1 {
			t.Errorf("beside repairs by %s: %+v", name, got)
		}
	}
}

func TestTugOfWarNamesBothSides(t *testing.T) {
	got := health.FindTugOfWar(changes("RARARA"))
	if got == nil {
		t.Fatal("it is not found")
	}
	if got.Period != 24*time.Hour || len(got.Removers) != 1 || len(got.Restorers) != 1 || !got.First.Equal(noon) ||
		!got.Last.Equal(noon.Add(48*time.Hour)) {
		t.Errorf("got %+v", got)
	}
	f := got.Finding("projects/p")
	for _, want := range []string{
		"removed about once a day by ci@p.iam.gserviceaccount.com with Terraform 1.5.7 with the google provider 6.38.0",
		"restored by ops@example.com with this provider", "google_project_iam_policy or google_project_iam_binding",
	} {
		if !strings.Contains(f.Message, want) {
			t.Errorf("the message %q does not say %q", f.Message, want)
		}
	}
	if f.Code != catalogue.BindingTugOfWar || f.Severity != catalogue.Warning || strings.Contains(f.Message, "2026") {
		t.Errorf("the finding %+v; its message must not change from read to read", f)
	}
	if want := "removed and restored 3 times; first removed at 2026-11-22T12:00:00Z, last at 2026-11-24T12:00:00Z, some 24h0m0s apart"; got.Evidence() != want {
		t.Errorf("the evidence is %q, want %q", got.Evidence(), want)
	}
}

func TestTugOfWarPeriodInWords(t *testing.T) {
	for every, want := range map[time.Duration]string{
		30 * time.Second: "about once a minute", 15 * time.Minute: "about every 15 minutes", time.Hour: "about once an hour",
		6 * time.Hour: "about every 6 hours", 23 * time.Hour: "about once a day", 7 * 24 * time.Hour: "about every 7 days",
	} {
		log := changes("RARARA")
		for i := range log {
			log[i].Time = noon.Add(time.Duration(i) * every / 2)
		}
		if got := health.FindTugOfWar(log).Finding("projects/p").Message; !strings.Contains(got, want) {
			t.Errorf("every %s is %q, want %q", every, got, want)
		}
	}
}
