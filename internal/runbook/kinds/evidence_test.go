package kinds_test

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// unzip reads a bundle's files by name.
func unzip(t *testing.T, path string) map[string]string {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	files := map[string]string{}
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(text)
	}
	return files
}

func TestEvidence(t *testing.T) {
	const secret, token = "hunter2-of-the-input", "ya29.a0AfH6SMBxLongEnoughToLookLikeOne0123456789"
	w := newWorld(t, "proxies-failed", "binding-revoked")
	planted := []string{
		"ghp_abcdefghijklmnopqrstuvwxyz0123456789", "AKIAIOSFODNN7EXAMPLE", "xoxb-123456789012-abcdefghijkl", "sk_live_abcdefghijklmnop",
		"hunter2secret", "s3cr3tpw", "plain-words-1", "plain-words-2", "plain-words-3", "plain-words-4",
	}
	annotations := map[string]any{
		"test.istio.io/note":      secret + " and " + token + " " + strings.Join(planted[:4], " "),
		"test.istio.io/url":       "https://user:hunter2secret@example.com and postgres://app:s3cr3tpw@db/x and env DB_PASSWORD=plain-words-4",
		"test.istio.io/api-token": "plain-words-1",
		"DB_PASSWORD":             "plain-words-2",
		"example.com/anything":    "plain-words-2",
		"kubectl.kubernetes.io/last-applied-configuration": `{"env":[{"name":"A","value":"plain-words-3"}]}`,
	}
	for _, path := range []string{"/api/v1/namespaces/shop",
		"/apis/mesh.cloud.google.com/v1beta1/namespaces/istio-system/controlplanerevisions/asm-managed"} {
		patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": annotations}})
		if err != nil {
			t.Fatal(err)
		}
		w.patch(path, string(patch))
	}
	w.env.Redactor.Add(secret)
	dir := t.TempDir()
	about := given{"membership": member, "directory": dir, "since": "2h"}

	// While it is planned there is nothing to see, and the plan does not depend on when.
	d, planned := w.thing("evidence", about)
	state, err := planned.Check(t.Context(), true)
	if err != nil || state.Met() {
		t.Fatalf("%v, met %t", err, state.Met())
	}
	_, before := state.Gap()
	w.Advance(time.Minute)
	w.env.Run = "20261122-1700-abcd"
	w.Forget()
	_, thing := w.thing("evidence", about)
	if state, err = thing.Check(t.Context(), true); err != nil || state.Met() {
		t.Fatalf("%v, met %t", err, state.Met())
	}
	if _, now := state.Gap(); now["bundle"] != before["bundle"] || thing.Subject() != planned.Subject() {
		t.Errorf("planned %v of %s, run %v of %s", before, planned.Subject(), now, thing.Subject())
	}
	change, err := thing.Enforce(t.Context(), state)
	if err != nil {
		t.Fatal(err)
	}
	if wrote := w.wrote(); len(wrote) > 0 {
		t.Errorf("collecting wrote %q", wrote)
	}
	if state, err = thing.Check(t.Context(), true); err != nil || !state.Met() {
		t.Fatalf("%v, met %t", err, state.Met())
	}
	path := attribute(d.ResultValue(state), "file")
	if path != filepath.Join(dir, "evidence-cluster-1-20261122-1700-abcd.zip") {
		t.Errorf("it is at %s", path)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}

	files := unzip(t, path)
	for _, name := range []string{"README.txt", "diagnosis.json", "feature.json", "membership.json", "cluster.json",
		"services-mesh-sim-1.json", "revisions.json", "webhooks.json", "environments.json", "namespaces.json", "proxies.json", "logs.json"} {
		if files[name] == "" {
			t.Errorf("it has no %s", name)
		}
		if strings.HasSuffix(name, ".json") && !json.Valid([]byte(files[name])) {
			t.Errorf("%s is not JSON", name)
		}
		if name != "README.txt" && !strings.Contains(files["README.txt"], name) {
			t.Errorf("README.txt does not name %s", name)
		}
	}
	for name, text := range files {
		for _, s := range append([]string{secret, token, "sim-token."}, planted...) {
			if strings.Contains(text, s) {
				t.Errorf("%s shows %q", name, s)
			}
		}
	}
	for name, want := range map[string]string{"namespaces.json": "[redacted]", "diagnosis.json": "service-agent-binding-missing",
		"proxies.json": "dataplane-upgrade", "revisions.json": "asm-managed"} {
		if !strings.Contains(files[name], want) {
			t.Errorf("%s has no %q", name, want)
		}
	}

	// Done once: an executor that takes over asks nobody and writes nothing.
	written, _ := os.Stat(path)
	w.Forget()
	_, again := w.thing("evidence", about)
	if state, err := again.Check(t.Context(), true); err != nil || !state.Met() || len(w.Lines()) > 0 {
		t.Errorf("resumed: %v, asked %q", err, w.Lines())
	}
	var kept *prereq.KeptError
	if err := again.Undo(t.Context(), change); !errors.As(err, &kept) {
		t.Errorf("undo: %v", err)
	}
	if now, err := os.Stat(path); err != nil || !now.ModTime().Equal(written.ModTime()) {
		t.Errorf("the bundle did not stay: %v", err)
	}
}

// What cannot be read is named, and the rest is as good without it.
func TestEvidenceOfAWorldThatAnswersInPart(t *testing.T) {
	w := newWorld(t, "feature-disabled", "cluster-deleted")
	w.env.Run = "run"
	d, thing := w.thing("evidence", given{"membership": member, "directory": t.TempDir()})
	state, err := thing.Check(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := thing.Enforce(t.Context(), state); err != nil {
		t.Fatal(err)
	}
	if state, err = thing.Check(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	files := unzip(t, attribute(d.ResultValue(state), "file"))
	_, unread, found := strings.Cut(files["README.txt"], "Could not be read:")
	if !found || !strings.Contains(unread, "feature.json: ") || !strings.Contains(unread, "cluster") || files["diagnosis.json"] == "" ||
		files["feature.json"] != "" {
		t.Errorf("%s", files["README.txt"])
	}
}

// That it cannot be written is told before anybody is asked.
func TestEvidenceWithoutAFolder(t *testing.T) {
	w := newWorld(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		filepath.Join(t.TempDir(), "missing"): "evidence cannot be written to ",
		file:                                  "is not a folder",
	} {
		_, thing := w.thing("evidence", given{"membership": member, "directory": dir})
		if _, err := thing.Check(t.Context(), true); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", dir, err)
		}
	}
	if asked := w.Lines(); len(asked) > 0 {
		t.Errorf("it asked %q", asked)
	}
	if names := find(t, lang.Ensure, "evidence").Permissions; !slices.Contains(names, "logging.logEntries.list") {
		t.Errorf("%v", names)
	}
}

// A run that is interrupted leaves no half of a bundle.
func TestEvidenceThatIsInterrupted(t *testing.T) {
	w := newWorld(t)
	dir := t.TempDir()
	w.env.Run = "run"
	_, thing := w.thing("evidence", given{"membership": member, "directory": dir})
	state, err := thing.Check(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if change, err := thing.Enforce(ctx, state); err == nil || !change.Empty() {
		t.Errorf("%+v, %v", change, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}
