package cli

import (
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/guard"
)

// terraformHost is HCP Terraform as a run task sees it: a store of plans on another host, and a callback.
type terraformHost struct {
	lock     sync.Mutex
	callback string // the body of the last answer
	tokens   []string
}

func (h *terraformHost) start(t *testing.T, plan string) (api *httptest.Server) {
	t.Helper()
	store := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the store of plans is given the token")
		}
		fmt.Fprint(w, plan)
	}))
	t.Cleanup(store.Close)
	away := strings.Replace(store.URL, "127.0.0.1", "localhost", 1)
	api = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.lock.Lock()
		defer h.lock.Unlock()
		h.tokens = append(h.tokens, r.Header.Get("Authorization"))
		if r.Method == http.MethodPatch {
			var body strings.Builder
			var document any
			if json.NewDecoder(r.Body).Decode(&document) == nil {
				_ = json.NewEncoder(&body).Encode(document)
			}
			h.callback = body.String()
			return
		}
		http.Redirect(w, r, away+"/plan?signature=s3cret", http.StatusTemporaryRedirect)
	}))
	t.Cleanup(api.Close)
	return api
}

func newTask(api *httptest.Server) *runTask {
	client := api.Client()
	client.Transport.(*http.Transport).TLSClientConfig.InsecureSkipVerify = true //nolint:gosec // the store has a certificate of the test
	return &runTask{
		key: []byte("key"), host: strings.TrimPrefix(api.URL, "https://"), slots: make(chan struct{}, 2), client: client,
		options: guard.Options{}, log: func(string, ...any) {},
	}
}

// post sends a task with a signature made by a key, and waits for the verdict.
func (t *runTask) post(body, key string) int {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/", strings.NewReader(body))
	mac := hmac.New(sha512.New, []byte(key))
	mac.Write([]byte(body))
	r.Header.Set("X-TFC-Task-Signature", hex.EncodeToString(mac.Sum(nil)))
	w := httptest.NewRecorder()
	t.ServeHTTP(w, r)
	t.running.Wait()
	return w.Code
}

func taskFor(url string) string {
	return fmt.Sprintf(`{"access_token":"t0ken","stage":"post_plan","run_id":"run-1","workspace_name":"net","plan_json_api_url":"%s/plan",
		"task_result_callback_url":"%s/callback"}`, url, url)
}

func TestRunTask(t *testing.T) {
	t.Parallel()
	const change = `{"format_version":"1.2","planned_values":{},"resource_changes":[{"address":"google_project_service.x","mode":"managed",
		"type":"google_project_service","change":{"actions":["delete"],"before":{"project":"p","service":"%s","disable_on_destroy":true},"after":null}}]}`
	for name, tc := range map[string]struct {
		plan    string
		allow   bool
		status  string
		mention string
	}{
		"breaks":            {fmt.Sprintf(change, "mesh.googleapis.com"), false, "failed", "google_project_service.x"},
		"harmless":          {fmt.Sprintf(change, "bigquery.googleapis.com"), false, "passed", "nothing is taken away"},
		"unknown":           {`{"format_version":"1.2","planned_values":{},"errored":true}`, false, "failed", "the plan failed"},
		"unknown, allowed":  {`{"format_version":"1.2","planned_values":{},"errored":true}`, true, "passed", "the plan failed"},
		"breaks, allowed":   {fmt.Sprintf(change, "mesh.googleapis.com"), true, "failed", "takes away"},
		"it is not a plan":  {`{"values":{}}`, true, "failed", "No verdict"},
		"the plan is empty": {"", false, "failed", "No verdict"},
	} {
		host := &terraformHost{}
		api := host.start(t, tc.plan)
		task := newTask(api)
		task.allowUnknown = tc.allow
		if code := task.post(taskFor(api.URL), "key"); code != http.StatusOK {
			t.Errorf("%s: %d", name, code)
		}
		if !strings.Contains(host.callback, `"status":"`+tc.status+`"`) || !strings.Contains(host.callback, tc.mention) ||
			strings.Contains(host.callback, "s3cret") {
			t.Errorf("%s: answers %s", name, host.callback)
		}
		for _, token := range host.tokens {
			if token != "Bearer t0ken" {
				t.Errorf("%s: the token is %q", name, token)
			}
		}
	}
}

// What is not signed, or would send the token elsewhere, is refused, and nothing is asked for it.
func TestRunTaskRefuses(t *testing.T) {
	t.Parallel()
	host := &terraformHost{}
	api := host.start(t, "{}")
	for name, tc := range map[string]struct {
		body, key string
		want      int
	}{
		"another key":         {taskFor(api.URL), "other", http.StatusUnauthorized},
		"another host":        {taskFor("https://evil.example.com"), "key", http.StatusBadRequest},
		"plain HTTP":          {taskFor(strings.Replace(api.URL, "https", "http", 1)), "key", http.StatusBadRequest},
		"a user in the URL":   {taskFor(strings.Replace(api.URL, "https://", "https://x@", 1)), "key", http.StatusBadRequest},
		"no JSON":             {"x", "key", http.StatusBadRequest},
		"no callback":         {`{"stage":"post_plan"}`, "key", http.StatusBadRequest},
		"a trial":             {`{"stage":"test","access_token":"test-token"}`, "key", http.StatusOK},
		"too large":           {strings.Repeat(" ", taskBody+1), "key", http.StatusBadRequest},
		"a trial, not signed": {`{"stage":"test"}`, "other", http.StatusUnauthorized},
	} {
		if code := newTask(api).post(tc.body, tc.key); code != tc.want {
			t.Errorf("%s: %d, want %d", name, code, tc.want)
		}
	}
	if len(host.tokens) > 0 || host.callback != "" {
		t.Errorf("requests were made with %v", host.tokens)
	}
}

func TestGuardServeOptions(t *testing.T) {
	t.Parallel()
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("k\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"0.0.0.0:0 is not a loopback address": {"--hmac-key-file", key, "--listen", "0.0.0.0:0"},
		"required flag":                       nil,
		"no such file":                        {"--hmac-key-file", key + "x"},
		"is empty":                            {"--hmac-key-file", os.DevNull},
	} {
		var errs strings.Builder
		if code := Main(t.Context(), "1.2.3", append([]string{"guard", "serve"}, args...), &errs, &errs); code != 1 ||
			!strings.Contains(errs.String(), want) {
			t.Errorf("%v: exit %d, %s", args, code, errs.String())
		}
	}
}
