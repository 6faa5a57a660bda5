package gcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/api/googleapi"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
)

func TestFailedKeepsTheAPIsWordsAndSaysWhatToDo(t *testing.T) {
	disabled := `{"error":{"code":403,"status":"PERMISSION_DENIED","message":"Kubernetes Engine API has not been used in project ` +
		`123 before or it is disabled. Enable it by visiting …",
		"details":[{"@type":"type.googleapis.com/google.rpc.Help"},{"@type":"type.googleapis.com/google.rpc.ErrorInfo",
		"reason":"SERVICE_DISABLED","metadata":{"service":"container.googleapis.com","consumer":"projects/%s"}}]}}`
	tests := []struct {
		name      string
		err       error
		says      []string
		forbidden bool
	}{
		{
			"disabled API",
			&googleapi.Error{Code: 403, Body: fmt.Sprintf(disabled, "123")},
			[]string{
				"cannot do it: 403 PERMISSION_DENIED (SERVICE_DISABLED): Kubernetes Engine API has not been used",
				"gcloud services enable container.googleapis.com --project 123",
			},
			true,
		},
		{
			"disabled API, bare body",
			&googleapi.Error{
				Code: 403,
				Body: `{"error":{"code":403,"status":"PERMISSION_DENIED","message":"GKE Hub API has not been used in project 9 before or it ` +
					`is disabled."}}`,
			},
			[]string{"Enable that API on project 9"},
			true,
		},
		{"no quota project", &googleapi.Error{Code: 403, Body: fmt.Sprintf(disabled, "764086051850")},
			[]string{"set-quota-project"}, true},
		{"permission", &googleapi.Error{Code: 403,
			Body: `{"error":{"code":403,"status":"PERMISSION_DENIED","message":"The caller does not have permission"}}`},
			[]string{"the permission x.y.get", "does not exist"}, true},
		{
			"permission that the API names",
			&googleapi.Error{
				Code: 403,
				Body: `{"error":{"message":"no","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo",` +
					`"reason":"IAM_PERMISSION_DENIED","metadata":{"permission":"a.b.set"}}]}}`,
			},
			[]string{"the permission a.b.set"},
			true,
		},
		{"help token", &googleapi.Error{Code: 400, Body: `{"error":{"code":400,"message":"bad\nHelp Token: Ae-hA1"}}`}, []string{"400: bad"},
			false},
		{"empty body", &googleapi.Error{Code: 409, Body: `{}`}, []string{"409: Conflict"}, false},
		{"HTML body", &googleapi.Error{Code: 502, Body: `<html>`}, []string{"502: Bad Gateway", "status.cloud.google.com"}, false},
		{"malformed answer", &json.SyntaxError{}, []string{"not valid JSON", "custom endpoints"}, false},
		{"no answer", errors.New("connection refused"), []string{"cannot do it: connection refused", "HTTPS_PROXY"}, false},
		{"expired token", &googleapi.Error{Code: 401, Body: `{"error":{"code":401,"status":"UNAUTHENTICATED","message":"invalid"}}`},
			[]string{"renew the credentials"}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := failed(test.err, "do it", "x.y.get")
			for _, want := range test.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "Ae-hA1") {
				t.Error("the opaque help token is shown; it differs each time")
			}
			if apierr.Forbidden(err) != test.forbidden {
				t.Errorf("Forbidden is %t", apierr.Forbidden(err))
			}
		})
	}
	if err := failed(context.Canceled, "do it", ""); !errors.Is(err, context.Canceled) {
		t.Errorf("an interruption became %v", err)
	}
	if !apierr.Conflict(failed(&googleapi.Error{Code: 409, Body: `{}`}, "", "")) {
		t.Error("a 409 without a body is not a conflict")
	}
}

func TestParseEndpoint(t *testing.T) {
	for in, want := range map[string]string{
		"https://container.googleapis.com/v1/":              "https://container.googleapis.com",
		"https://cloudresourcemanager.googleapis.com/v3":    "https://cloudresourcemanager.googleapis.com",
		"http://127.0.0.1:8080/logging.googleapis.com/":     "http://127.0.0.1:8080/logging.googleapis.com",
		"https://x.example/v1beta1/":                        "https://x.example",
		"http://127.0.0.1:1/serviceusage.googleapis.com/v1": "http://127.0.0.1:1/serviceusage.googleapis.com",
	} {
		if got, err := ParseEndpoint(in); err != nil || got != want {
			t.Errorf("%s gives %q, %v; want %q", in, got, err, want)
		}
	}
	for _, bad := range []string{"", "container.googleapis.com", "ftp://x/", "https://u:p@x/", "https://x/?a=b", "https://"} {
		if _, err := ParseEndpoint(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}
