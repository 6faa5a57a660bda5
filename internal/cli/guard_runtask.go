package cli

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"

	"github.com/managed-mesh/terraform-provider-asm/internal/guard"
	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

const (
	taskBody     = 1 << 20 // bytes of a request
	taskOutcomes = 50      // findings in an answer
	taskRuns     = 8       // plans that are judged at once
)

// runTask is a run task of HCP Terraform or Terraform Enterprise, for the stage after the plan
// (developer.hashicorp.com/terraform/enterprise/api-docs/run-tasks/run-tasks-integration).
type runTask struct {
	key          []byte
	host         string // whose plans are judged, and who is told the verdict
	allowUnknown bool
	options      guard.Options
	client       *http.Client
	log          func(format string, args ...any)

	running sync.WaitGroup
	slots   chan struct{}
}

// taskRequest is the payload of a run task. An empty access token, or the stage test, is a trial.
type taskRequest struct {
	AccessToken string `json:"access_token"`
	Stage       string `json:"stage"`
	PlanURL     string `json:"plan_json_api_url"`
	CallbackURL string `json:"task_result_callback_url"`
	RunID       string `json:"run_id"`
	Workspace   string `json:"workspace_name"`
}

// ServeHTTP answers at once, and judges the plan afterwards: the caller waits only seconds for an answer, and minutes for
// the verdict.
func (t *runTask) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		http.Error(w, "a run task is posted", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, taskBody))
	if err != nil {
		http.Error(w, "the request is too large, or was cut off", http.StatusBadRequest)
		return
	}
	if !t.signed(body, r.Header.Get("X-Tfc-Task-Signature")) {
		t.log("refused a request: its signature is missing or wrong")
		http.Error(w, "the signature is missing or wrong", http.StatusUnauthorized)
		return
	}
	var task taskRequest
	if err := json.Unmarshal(body, &task); err != nil {
		http.Error(w, "the request is no run task", http.StatusBadRequest)
		return
	}
	if task.Stage == "test" {
		return
	}
	for _, address := range []string{task.PlanURL, task.CallbackURL} {
		if address != "" && !t.trusted(address) {
			t.log("refused run %q: its URLs are not of https://%s", task.RunID, t.host)
			http.Error(w, "the URLs are not of the expected host", http.StatusBadRequest)
			return
		}
	}
	if task.CallbackURL == "" {
		http.Error(w, "the request has no task_result_callback_url", http.StatusBadRequest)
		return
	}
	select {
	case t.slots <- struct{}{}:
	default:
		http.Error(w, "too many plans are being judged; try again", http.StatusServiceUnavailable)
		return
	}
	ctx := context.WithoutCancel(r.Context())
	t.running.Go(func() {
		defer func() { <-t.slots }()
		t.judge(ctx, task)
	})
}

// signed checks the HMAC of a body, which HCP Terraform sends as hexadecimal digits.
func (t *runTask) signed(body []byte, signature string) bool {
	given, err := hex.DecodeString(signature)
	if err != nil {
		return false
	}
	mac := hmac.New(sha512.New, t.key)
	mac.Write(body)
	return hmac.Equal(given, mac.Sum(nil))
}

// trusted keeps the token of a run from going anywhere else.
func (t *runTask) trusted(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.Host == t.host && u.User == nil
}

func (t *runTask) judge(ctx context.Context, task taskRequest) {
	status, message, outcomes := "failed", "", []any{}
	result, err := t.verdict(ctx, task)
	if err != nil {
		message = "No verdict: " + err.Error()
	} else {
		message = result.Summary
		if result.Verdict == guard.Harmless || result.Verdict == guard.Unknown && t.allowUnknown {
			status = "passed"
		}
		for i := range result.Findings[:min(len(result.Findings), taskOutcomes)] {
			outcomes = append(outcomes, outcome(&result.Findings[i], i))
		}
	}
	if err := t.answer(ctx, task, status, message, outcomes); err != nil {
		t.log("run %q of workspace %q: the verdict could not be sent: %v", task.RunID, task.Workspace, err)
		return
	}
	t.log("run %q of workspace %q: %s: %s", task.RunID, task.Workspace, status, message)
}

func (t *runTask) verdict(ctx context.Context, task taskRequest) (*guard.Result, error) {
	if task.PlanURL == "" {
		return nil, fmt.Errorf("the stage %q has no plan; use the task after the plan (post-plan)", task.Stage)
	}
	plan, err := t.send(ctx, http.MethodGet, task.PlanURL, task.AccessToken, nil)
	if err != nil {
		return nil, fmt.Errorf("reading the plan: %w", err)
	}
	defer plan.Close()
	g := guard.New(t.options)
	if err := g.Add(task.RunID, plan); err != nil {
		return nil, fmt.Errorf("reading the plan: %w", err)
	}
	return g.Result(), nil
}

func outcome(f *guard.Finding, i int) any {
	level := map[guard.Verdict]string{guard.Breaks: "error"}[f.Verdict]
	if level == "" {
		level = "warning"
	}
	return map[string]any{
		"type": "task-result-outcomes",
		"attributes": map[string]any{
			"outcome-id": fmt.Sprintf("mesh-guard-%d", i+1), "description": report.Clean(f.Address + ": " + string(f.Code)),
			"body": report.Clean(f.Reason + " " + f.Consequence + " Instead: " + f.Instead),
			"tags": map[string]any{"Verdict": []any{map[string]any{"label": string(f.Verdict), "level": level}}},
		},
	}
}

func (t *runTask) answer(ctx context.Context, task taskRequest, status, message string, outcomes []any) error {
	body, err := json.Marshal(map[string]any{"data": map[string]any{
		"type":          "task-results",
		"attributes":    map[string]any{"status": status, "message": report.Shorten(report.Clean(message), 500)},
		"relationships": map[string]any{"outcomes": map[string]any{"data": outcomes}},
	}})
	if err != nil {
		return err
	}
	answer, err := t.send(ctx, http.MethodPatch, task.CallbackURL, task.AccessToken, body)
	if err != nil {
		return err
	}
	return answer.Close()
}

// send makes a request with the run's own token. The client drops it where it is redirected to another host, such as to
// the store of plans.
func (t *runTask) send(ctx context.Context, method, address, token string, body []byte) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the URL is not valid")
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/vnd.api+json")
	answer, err := t.client.Do(request)
	var failed *url.Error
	if errors.As(err, &failed) {
		return nil, failed.Err // without its URL, which is a secret of the store of plans
	}
	if err != nil {
		return nil, err
	}
	if answer.StatusCode/100 != 2 {
		_ = answer.Body.Close()
		return nil, fmt.Errorf("%s answers %s", t.host, answer.Status)
	}
	return answer.Body, nil
}
