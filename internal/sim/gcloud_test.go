package sim_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// TestGcloud runs the commands of Google's troubleshooting page, unmodified but for the placeholders, against the
// simulation through the proxy. It is the simulator's outside witness: nobody here wrote gcloud.
func TestGcloud(t *testing.T) {
	if _, err := exec.LookPath("gcloud"); err != nil {
		t.Skip("gcloud is not installed")
	}
	if testing.Short() {
		t.Skip("gcloud takes a second or more for each command")
	}
	c := start(t, sim.Options{Clusters: 1})
	world := c.sim("GET", "world", "").ok()
	for _, op := range []string{"enable", "disable", "clusterUpdate"} {
		world.at("timings").(map[string]any)[op] = "0s" // gcloud's waits are long
	}
	c.sim("PUT", "world", toJSON(world.body)).ok()
	gcloud := func(args ...string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, "gcloud", args...)
		cmd.Env = append(os.Environ(), c.s.Env()...)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("gcloud %s: %v\n%s%s", strings.Join(args, " "), err, out, stderr.String())
		}
		return string(out)
	}
	member := "serviceAccount:" + agent
	roles := gcloud("projects", "get-iam-policy", p1, "--flatten=bindings[].members",
		"--filter=bindings.members:"+member+" AND bindings.role:"+agentRole, "--format=table(bindings.role)")
	if !strings.Contains(roles, agentRole) {
		t.Errorf("the role is not listed: %q", roles)
	}
	gcloud("projects", "remove-iam-policy-binding", p1, "--member="+member, "--role="+agentRole)
	if got := c.policy(p1); strings.Contains(string(got.raw), agentRole) {
		t.Errorf("the removed role is there: %s", got.raw)
	}
	gcloud("services", "disable", gateway, "--project="+p1)
	c.api("PUT", container, clusterPath(p1, "us-central1", "cluster-1"), setPool("")).ok()
	c.advance(5 * time.Minute)

	described := gcloud("container", "fleet", "mesh", "describe", "--project", p1)
	for _, text := range []string{"MESH_IAM_PERMISSION_DENIED", "STALLED", "Revision(s) reporting unhealthy"} {
		if !strings.Contains(described, text) {
			t.Errorf("%q is not in %s", text, described)
		}
	}
	found := gcloud("logging", "read",
		`resource.type="istio_control_plane" severity=ERROR jsonPayload.message=~"Connect Gateway API has not been used in project"`,
		"--project", p1, "--format=value(jsonPayload.message)")
	if !strings.Contains(found,
		"Enable it by visiting https://console.developers.google.com/apis/api/connectgateway.googleapis.com/overview?project="+n1) {
		t.Errorf("the log has %q", found)
	}

	gcloud("services", "enable", gateway, "--project="+p1)
	gcloud("projects", "add-iam-policy-binding", p1, "--member="+member, "--role="+agentRole)
	gcloud("container", "clusters", "update", "cluster-1", "--zone", "us-central1", "--workload-pool="+pool1)
	c.advance(2 * time.Minute)
	c.meshOf("cluster-1").healthy()

	got := c.entries(p1, `protoPayload.serviceData.policyDelta.bindingDeltas.action="REMOVE"`)
	if len(got) != 1 || !strings.Contains(toJSON(got), "gcloud.projects.remove-iam-policy-binding") {
		t.Errorf("the audit log does not tell that gcloud removed the binding: %s", toJSON(got))
	}
}
