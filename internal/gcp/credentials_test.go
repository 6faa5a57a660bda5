package gcp

import (
	"strings"
	"testing"
)

// The message names the variable and the file, and never shows what may be a key.
func TestUnusableCredentialsAreNamed(t *testing.T) {
	key := "ewogICJ0eXBlIjogInNlcnZpY2VfYWNjb3VudCIsCiAgInByaXZhdGVfa2V5IjogIi0tLS0tQkVHSU4" + strings.Repeat("A", 300)
	for name, c := range map[string]struct {
		variable, value string
		says, hides     []string
	}{
		"a file that is not there": {"GOOGLE_CREDENTIALS", "/nonexist", []string{"GOOGLE_CREDENTIALS", "(/nonexist)", "no such file"}, nil},
		"its other name":           {"GCLOUD_KEYFILE_JSON", "key.json", []string{"GCLOUD_KEYFILE_JSON", "(key.json)"}, nil},
		"a key in base64":          {"GOOGLE_CREDENTIALS", key, []string{"GOOGLE_CREDENTIALS"}, []string{"ewog"}},
		"a path of a key":          {"GOOGLE_CREDENTIALS", "/" + key, []string{"GOOGLE_CREDENTIALS"}, []string{"ewog"}},
		"broken JSON":              {"GOOGLE_CREDENTIALS", `{"private_key": "hunter2`, []string{"GOOGLE_CREDENTIALS", "not valid JSON"}, []string{"hunter2"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, other := range []string{"GOOGLE_OAUTH_ACCESS_TOKEN", "GOOGLE_CREDENTIALS", "GOOGLE_CLOUD_KEYFILE_JSON", "GCLOUD_KEYFILE_JSON"} {
				t.Setenv(other, "")
			}
			t.Setenv(c.variable, c.value)
			_, err := New(t.Context(), Config{}.FromEnvironment())
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			for _, secret := range c.hides {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("it shows the key: %v", err)
				}
			}
		})
	}
}
