package mesh_test

import (
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

func TestClient(t *testing.T) {
	for agent, want := range map[string]string{
		"google-api-go-client/0.5 Terraform/1.5.7 (+https://www.terraform.io) Terraform-Plugin-SDK/2.36.0 " +
			"terraform-provider-google/6.38.0,gzip(gfe),gzip(gfe)": "Terraform 1.5.7 with the google provider 6.38.0",
		"Terraform/1.2.3 (+https://www.terraform.io) Terraform-Plugin-SDK/terraform-plugin-framework terraform-provider-google-beta/7.1.0": "Terraform 1.2.3 with the google-beta provider 7.1.0",
		"google-cloud-sdk gcloud/501.0.0 command/gcloud.projects.remove-iam-policy-binding invocation-id/0af1 environment/GCE ,gzip(gfe)":  "gcloud 501.0.0 (gcloud projects remove-iam-policy-binding)",
		"kcc/1.2 (+https://github.com/GoogleCloudPlatform/k8s-config-connector) kcc/controller-manager/1.2":                                "Config Connector",
		"Mozilla/5.0 (X11; Linux x86_64)":                                           "the Google Cloud console or another browser",
		"Terraform/1.16.0 (+https://www.terraform.io) terraform-provider-asm/0.1.0": "this provider (terraform-provider-asm 0.1.0)",
		"":       "an unnamed client",
		"curl/8": "curl/8",
	} {
		if got := (mesh.AuditEvent{UserAgent: agent}).Client(); got != want {
			t.Errorf("%q is %q, want %q", agent, got, want)
		}
	}
}

func TestAuditEventSaysWhoWithWhatAndWhen(t *testing.T) {
	c := mesh.AuditEvent{Time: time.Date(2026, 11, 19, 13, 12, 20, 0, time.UTC), Principal: "ci@p.iam.gserviceaccount.com",
		UserAgent: "curl/8", Reason: "TICKET-1"}
	if want := "by ci@p.iam.gserviceaccount.com with curl/8 at 2026-11-19T13:12:20Z, reason given: TICKET-1"; c.String() != want {
		t.Errorf("got %q, want %q", c, want)
	}
}
