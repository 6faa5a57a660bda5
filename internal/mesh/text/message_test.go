package text_test

import (
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/text"
	"strings"
	"testing"
)

func TestMessages(t *testing.T) {
	const agent = "service-1@gcp-sa-servicemesh.iam.gserviceaccount.com"
	if !text.IsMissingAgent("Service account "+agent+" does not exist.", agent) ||
		!text.IsMissingAgent(`Service account "`+strings.ToUpper(agent)+`" does not exist`, agent) {
		t.Error("a missing agent is not recognised")
	}
	if text.IsMissingAgent("Service account other@p.iam.gserviceaccount.com does not exist.", agent) {
		t.Error("somebody else's missing account is taken for the agent")
	}
	for _, busy := range []string{
		"Cluster is running incompatible operation operation-1731137433803-29e34938-....",
		"Operation op is currently upgrading cluster c. Please wait and try again once it is done.",
		"Cluster is currently being created, deleted, updated or repaired and cannot be updated.",
	} {
		if !text.IsBusyCluster(busy) {
			t.Errorf("not recognised as busy: %s", busy)
		}
	}
	if text.IsBusyCluster("Workload Identity Federation must be enabled first.") {
		t.Error("a permanent refusal is taken for a busy cluster")
	}
	title, project, found := text.DisabledAPI("Connect Gateway API has not been used in project [*123*] before or it is disabled. Enable it " +
		"by visiting …")
	if !found || title != "Connect Gateway API" || project != "123" {
		t.Errorf("got %q, %q, %t", title, project, found)
	}
	for _, s := range []string{"Revision(s) reporting unhealthy", "revision reporting  unhealthy: asm-managed", "REVISIONS REPORTING " +
		"UNHEALTHY"} {
		if !text.IsRevisionsUnhealthy(s) {
			t.Errorf("not recognised: %s", s)
		}
	}
}
