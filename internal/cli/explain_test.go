package cli_test

import (
	"encoding/json"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/explain"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// runWith runs the command line as a process, with a standard input of its own.
func runWith(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

func TestExplain(t *testing.T) {
	const noise = "E0102 15:04:05 asmcli.go:12] \x1b[31mRevision(s) reporting unhealthy: asm-managed\x1b[0m in project mesh-sim-1"
	for _, tc := range []struct {
		name string
		args []string
		code int
		want []string
	}{
		{"a message with noise", []string{"explain", noise}, 0, []string{"Code          revisions-unhealthy\n",
			"Named in it   project = mesh-sim-1\n", "Next          gcloud projects get-iam-policy mesh-sim-1", "Known         established\n",
			"Recognised "}},
		{"several arguments", strings.Fields("explain " + "Workload identity is not enabled"), 0, []string{"workload-identity-disabled"}},
		{"a finding's code", []string{"explain", "workload-pool-missing"}, 0,
			[]string{"Judged by     container clusters.get", "Causes        installer-health-check-failed, ", "Corrected by  asm_workload_pool\n"}},
		{"a condition's code", []string{"explain", "NODEPOOL_WORKLOAD_IDENTITY_FEDERATION_REQUIRED"}, 0,
			[]string{"Usually from  node-pool-without-gke-metadata\n"}},
		{"a finding of plan-report", []string{"explain", "check-failed"}, 0, []string{"A check of the configuration fails\n"}},
		{"unknown", []string{"explain", "hello", "world"}, 4, []string{"Not known.\n",
			"terraform-provider-asm diagnose --fleet-project=PROJECT", "docs/guides/findings.md"}},
	} {
		code, out, errs := run(t, tc.args...)
		if code != tc.code || errs != "" {
			t.Errorf("%s: exit %d, stderr %q", tc.name, code, errs)
		}
		for _, want := range tc.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is not in\n%s", tc.name, want, out)
			}
		}
		if strings.Contains(out, "\x1b") {
			t.Errorf("%s: escapes without a terminal: %q", tc.name, out)
		}
	}
}

// Root causes come first, each with its own entry.
func TestExplainRootsFirst(t *testing.T) {
	_, out, _ := run(t, "explain", "control plane state FAILED_PRECONDITION, condition WORKLOAD_IDENTITY_REQUIRED; Workload identity is not "+
		"enabled")
	root, consequence := strings.Index(out, "WORKLOAD_IDENTITY_REQUIRED"), strings.Index(out, "control-plane-state")
	if root < 0 || consequence >= 0 && consequence < root {
		t.Errorf("the root cause is not first:\n%s", out)
	}
}

func TestExplainReadsStandardInput(t *testing.T) {
	for _, args := range [][]string{{"explain"}, {"explain", "-"}} {
		if code, out, errs := runWith(t, "some log\nMESH_IAM_PERMISSION_DENIED\n", args...); code != 0 || !strings.Contains(out,
			"asm_service_agent_binding") {
			t.Errorf("%v: exit %d, %q, %q", args, code, out, errs)
		}
	}
	if code, out, errs := runWith(t, " \n", "explain"); code != 1 || out != "" || !strings.Contains(errs, "no text to explain") {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	if code, _, errs := runWith(t, strings.Repeat("x", 17<<20), "explain"); code != 1 || !strings.Contains(errs, "more than 16 MiB") {
		t.Errorf("exit %d, %q", code, errs)
	}
}

func TestExplainJSON(t *testing.T) {
	var got struct {
		Known        *bool
		Explanations []explain.Explanation
	}
	code, out, _ := run(t, "explain", "--output", "json",
		"connectgateway-disabled or: Connect Gateway API has not been used in project 123456789012 before or it is disabled.")
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 || !*got.Known ||
		got.Explanations[0].Variables["project"] != "123456789012" {
		t.Errorf("exit %d, %v: %s", code, err, out)
	}
	code, out, _ = run(t, "explain", "--output=json", "nothing of ours")
	if code != 4 || strings.Join(strings.Fields(out), "") != `{"known":false,"explanations":[]}` {
		t.Errorf("exit %d: %s", code, out)
	}
}

// Each code that is listed can be explained.
func TestExplainList(t *testing.T) {
	code, out, _ := run(t, "explain", "--list", "--output", "json")
	var all []struct{ Code, Type, Title string }
	if err := json.Unmarshal([]byte(out), &all); err != nil || code != 0 {
		t.Fatalf("exit %d, %v", code, err)
	}
	if len(all) != len(catalogue.Catalogue())+len(catalogue.StopCodes())+len(catalogue.Conditions()) {
		t.Errorf("%d codes", len(all))
	}
	for _, c := range all {
		if found := explain.Explain(c.Code); len(found) == 0 || c.Title == "" {
			t.Errorf("%s %s is not explained", c.Type, c.Code)
		}
	}
	if code, out, _ := run(t, "explain", "--list"); code != 0 || strings.Count(out, "\n") != len(all) || !strings.Contains(out,
		"\nworkload-pool-missing ") {
		t.Errorf("exit %d: %s", code, out)
	}
}

func TestExplainMistakes(t *testing.T) {
	for _, tc := range []struct {
		want string
		args []string
	}{
		{`there is no report format "xml"; the formats are table, json`, []string{"explain", "--output", "xml", "x"}},
		{"--list: leave out the text", []string{"explain", "--list", "x"}},
		{"unknown flag: --nonsense", []string{"explain", "--nonsense"}},
	} {
		if code, out, errs := run(t, tc.args...); code != 1 || out != "" || !strings.Contains(errs, tc.want) {
			t.Errorf("%v: exit %d, %q, %q", tc.args, code, out, errs)
		}
	}
}
