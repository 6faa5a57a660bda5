package gcp_test

import (
	"slices"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

func TestPermissionsThatAreMissing(t *testing.T) {
	c := newCloud(t, sim.Options{})
	wanted := []string{
		"resourcemanager.projects.setIamPolicy",
		"resourcemanager.projects.get",
		"serviceusage.services.enable",
		"resourcemanager.projects.get",
	}
	missing, err := c.as(t, "viewer@example.com").TestPermissions(t.Context(), project, wanted)
	if err != nil || !slices.Equal(missing, []string{"resourcemanager.projects.setIamPolicy", "serviceusage.services.enable"}) {
		t.Errorf("missing %v, %v", missing, err)
	}
	if n := c.world.Count(":testIamPermissions"); n != 1 {
		t.Errorf("%d requests for one question", n)
	}
	if missing, err := c.TestPermissions(t.Context(), project, wanted); err != nil || len(missing) > 0 {
		t.Errorf("the owner lacks %v, %v", missing, err)
	}
	// What the API does not know cannot be told, and does not hide the others.
	missing, err = c.as(t, "viewer@example.com").
		TestPermissions(t.Context(), project, append(wanted, "gkehub.no.such", "container.clusters.update"))
	if err != nil ||
		!slices.Equal(missing, []string{"container.clusters.update", "resourcemanager.projects.setIamPolicy", "serviceusage.services.enable"}) {
		t.Errorf("missing %v, %v", missing, err)
	}
	if _, err := c.TestPermissions(t.Context(), "no-such-project", wanted); !apierr.Forbidden(err) {
		t.Errorf("a project that is not there: %v", err)
	}
}

func TestRegisterAndEnableTheFeature(t *testing.T) {
	c := newCloud(t, sim.Options{})
	m := mesh.Membership{Project: project, Location: "us-central1", Name: "cluster-1"}
	cluster := mesh.Cluster{Project: project, Location: "us-central1", Name: "cluster-1"}
	if err := c.Register(t.Context(), m, cluster); !apierr.AlreadyExists(err) || !apierr.Conflict(err) {
		t.Errorf("registered twice: %v", err)
	}
	if err := c.EnableMeshFeature(t.Context(), project); !apierr.AlreadyExists(err) {
		t.Errorf("enabled twice: %v", err)
	}
	if err := c.DisableMeshFeature(t.Context(), project); err == nil {
		t.Error("a feature that is used was deleted")
	}
	if err := c.SetManagement(t.Context(), m, gcp.HubV1, ""); err != nil {
		t.Fatal(err)
	}
	if err := c.DisableMeshFeature(t.Context(), project); err != nil {
		t.Fatal(err)
	}
	if _, err := c.MeshFeature(t.Context(), project); !apierr.NotFound(err) {
		t.Errorf("the feature is still there: %v", err)
	}
	if err := c.Unregister(t.Context(), m, cluster); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Cluster(t.Context(), cluster); err != nil || got.FleetProject != "" {
		t.Errorf("the cluster is still in a fleet: %+v, %v", got, err)
	}
	if err := c.Register(t.Context(), m, cluster); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Cluster(t.Context(), cluster); err != nil || got.FleetProject != "100000000001" {
		t.Errorf("the cluster does not know its fleet: %+v, %v", got, err)
	}
}
