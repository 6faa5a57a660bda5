package mesh_test

import (
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

func TestCheckProject(t *testing.T) {
	for _, good := range []string{"mesh-prod", "my-project-123456", "example.com:my-project", "123456789012", "a23456"} {
		if err := mesh.CheckProject(good); err != nil {
			t.Errorf("%q is refused: %v", good, err)
		}
	}
	for _, bad := range []string{"", "ab", "Mesh-Prod", "mesh_prod", "-mesh-prod", "mesh-prod-", "projects/mesh-prod", "0123", "mesh prod",
		strings.Repeat("a", 31)} {
		if mesh.CheckProject(bad) == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	if err := mesh.CheckProject("projects/mesh-prod"); err == nil || !strings.Contains(err.Error(), `"mesh-prod"`) {
		t.Errorf("a resource name is refused without the project alone: %v", err)
	}
}

func TestParseCluster(t *testing.T) {
	want := "projects/mesh-prod/locations/europe-west4-a/clusters/gke-1"
	for _, name := range []string{
		want,
		"//container.googleapis.com/" + want,
		"https://container.googleapis.com/v1/projects/mesh-prod/zones/europe-west4-a/clusters/gke-1",
		"projects/mesh-prod/zones/europe-west4-a/clusters/gke-1",
	} {
		got, err := mesh.ParseCluster(name)
		if err != nil || got.String() != want {
			t.Errorf("%q gives %q, %v", name, got, err)
		}
	}
	for name, says := range map[string]string{
		"gke-1": "projects/PROJECT/locations/LOCATION/clusters/CLUSTER",
		"projects/mesh-prod/locations/us-central1/memberships/m":   "clusters",
		"projects/M/locations/us-central1/clusters/c":              "project",
		"projects/mesh-prod/locations/-/clusters/c":                "region or zone",
		"projects/mesh-prod/locations/us-central1/clusters/Gke":    "cluster name",
		"projects/mesh-prod/locations/us-central1/clusters/c/":     "PROJECT",
		"projects/mesh-prod/locations/us-central1/clusters/c\n":    "cluster name",
		"projects/mesh-prod/locations/us-central1/clusters/9lives": "cluster name",
	} {
		if _, err := mesh.ParseCluster(name); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want it to say %q", name, err, says)
		}
	}
}

func TestParseMembership(t *testing.T) {
	got, err := mesh.ParseMembership("//gkehub.googleapis.com/projects/100000000001/locations/global/memberships/m-1")
	if err != nil || got != (mesh.Membership{Project: "100000000001", Location: "global", Name: "m-1"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	other, _ := mesh.ParseMembership("projects/mesh-prod/locations/global/memberships/m-1")
	if !got.SameAs(other) {
		t.Error("a membership by number and by id is not taken for the same")
	}
	elsewhere, _ := mesh.ParseMembership("projects/mesh-prod/locations/us-east1/memberships/m-1")
	if got.SameAs(elsewhere) {
		t.Error("a membership of another location is taken for the same")
	}
	for _, bad := range []string{"m-1", "projects/mesh-prod/locations/global/memberships/", "projects/mesh-prod/locations/mars/memberships/m",
		"projects/mesh-prod/locations/global/memberships/-m"} {
		if _, err := mesh.ParseMembership(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func TestRevision(t *testing.T) {
	for channel, want := range map[string]string{"regular": "asm-managed", "RAPID": "asm-managed-rapid", "Stable": "asm-managed-stable"} {
		if got, err := mesh.Revision(channel); err != nil || got != want {
			t.Errorf("%s gives %q, %v; want %q", channel, got, err, want)
		}
	}
	if _, err := mesh.Revision("extended"); err == nil || !strings.Contains(err.Error(), "rapid, regular, stable") {
		t.Errorf("an unknown channel is not refused with those that exist: %v", err)
	}
}

func TestCheckServiceNamesTheNearest(t *testing.T) {
	for name, says := range map[string]string{
		"conectgateway.googleapis.com": `"connectgateway.googleapis.com"`,
		"mesh":                         `"mesh.googleapis.com"`,
		"mesh.googleapis.co":           `"mesh.googleapis.com"`,
		"bigtable.googleapis.com":      "google_project_service",
	} {
		if err := mesh.CheckService(name); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want it to say %s", name, err, says)
		}
	}
	for _, s := range mesh.Services() {
		if err := mesh.CheckService(s.Name); err != nil || s.Reason == "" {
			t.Errorf("%s: %v, reason %q", s.Name, err, s.Reason)
		}
	}
	var gateway bool
	for _, name := range mesh.DefaultServices() {
		gateway = gateway || name == mesh.GatewayService
	}
	if !gateway {
		t.Error("connectgateway is not in the default set")
	}
}

func FuzzParseNames(f *testing.F) {
	for _, s := range []string{"projects/mesh-prod/locations/us-central1/clusters/c", "//x/projects/p/locations/global/memberships/m",
		"https://h/v1/", "///"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if c, err := mesh.ParseCluster(s); err == nil {
			if again, err := mesh.ParseCluster(c.String()); err != nil || again != c {
				t.Errorf("%q: canonical %q gives %v, %v", s, c, again, err)
			}
		}
		if m, err := mesh.ParseMembership(s); err == nil {
			if again, err := mesh.ParseMembership(m.String()); err != nil || again != m {
				t.Errorf("%q: canonical %q gives %v, %v", s, m, again, err)
			}
		}
		_ = mesh.CheckService(s)
	})
}

// Zones with accelerators have names of another form.
func TestParseClusterInAnAIZone(t *testing.T) {
	const name = "projects/mesh-prod/locations/us-central1-ai1a/clusters/gke-1"
	if got, err := mesh.ParseCluster("//container.googleapis.com/" + name); err != nil || got.String() != name {
		t.Errorf("%s, %v", got, err)
	}
}
