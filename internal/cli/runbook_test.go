package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/cli"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

const (
	member      = simtest.Membership
	bindingBook = "restore-service-agent-binding"
)

// world is a simulated Google Cloud that runbooks work on. Waits let its time pass at once.
type world struct {
	*simtest.World
	t   *testing.T
	dir string // of the runs
}

func newWorld(t *testing.T, clusters int, faults ...string) *world {
	t.Helper()
	w := &world{t: t, World: simulate(t, sim.Options{Clusters: clusters}), dir: filepath.Join(t.TempDir(), "runs")}
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	w.Suffer(faults...)
	return w
}

// wrote returns the writes since the last call, as METHOD PATH.
func (w *world) wrote() (all []string) {
	for _, e := range w.Writes() {
		all = append(all, e.Method+" "+e.Path)
	}
	w.Forget()
	return all
}

// run runs a command with the world's runs.
func (w *world) run(args ...string) (code int, stdout, stderr string) {
	w.t.Helper()
	return w.answer("", args...)
}

// answer is run with answers at a terminal; "" is without a terminal.
func (w *world) answer(answers string, args ...string) (code int, stdout, stderr string) {
	w.t.Helper()
	var from io.Reader
	if answers != "" {
		from = strings.NewReader(answers)
	}
	var out, errs bytes.Buffer
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Minute)
	defer cancel()
	code = cli.MainAt(ctx, w.Clock, from, append(slices.Clone(args), "--state-dir="+w.dir), &out, &errs)
	return code, out.String(), errs.String()
}

// want runs a command and holds it to its exit code.
func (w *world) want(code int, args ...string) (stdout, stderr string) {
	w.t.Helper()
	got, out, errs := w.run(args...)
	if got != code {
		w.t.Fatalf("%v: exit %d, want %d\n%s\n%s", args, got, code, out, errs)
	}
	return out, errs
}

// last is the ID of the latest run.
func (w *world) last() string {
	w.t.Helper()
	out, _ := w.want(0, "runbook", "history", "--output=json", "--limit=1")
	var runs []store.Info
	if err := json.Unmarshal([]byte(out), &runs); err != nil || len(runs) != 1 {
		w.t.Fatalf("%v: %s", err, out)
	}
	return runs[0].Run
}

// document is the world's JSON.
func (w *world) document() string {
	w.t.Helper()
	text, err := w.Control.World(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

func contains(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}

// Nothing to do is 0, something 2, and neither writes.
func TestRunbookPlan(t *testing.T) {
	w := newWorld(t, 1)
	out, _ := w.want(0, "runbook", "plan", bindingBook, "--membership", member)
	contains(t, out, "NOTHING TO DO", "✓ grant")
	w.Suffer("binding-revoked")
	saved := filepath.Join(t.TempDir(), "plan.json")
	out, _ = w.want(2, "runbook", "plan", bindingBook, "--membership", member, "--out", saved)
	contains(t, out, "CHANGES", "~ grant", "granted: false -> true", "fingerprint: ")
	if did := w.wrote(); len(did) > 0 {
		t.Errorf("planning wrote %q", did)
	}
	if _, err := os.Stat(saved); err != nil {
		t.Error(err)
	}
	// A folder takes a plan for each target.
	folder := filepath.Join(t.TempDir(), "plans") + "/"
	w.want(2, "runbook", "plan", bindingBook, "--fleet-project", "mesh-sim-1", "--out", folder)
	if names, _ := filepath.Glob(folder + "*.json"); len(names) != 1 {
		t.Errorf("the folder has %q", names)
	}
	w.want(0, "runbook", "run", folder)
	if did := w.wrote(); len(did) != 1 || !strings.HasSuffix(did[0], ":setIamPolicy") {
		t.Errorf("running it wrote %q", did)
	}
	// The world is not what the other plan was made of any more.
	_, errs := w.want(1, "runbook", "run", saved)
	contains(t, errs, "has changed since the plan was made", `step grant["mesh-sim-1"] was "change" and is "satisfied"`, "plan again")
	if did := w.wrote(); len(did) > 0 {
		t.Errorf("the refused plan wrote %q", did)
	}
}

// prune removes finished runs that are old enough, and only with --yes.
func TestRunbookPrune(t *testing.T) {
	w := newWorld(t, 1, "binding-revoked")
	w.want(0, "runbook", "run", bindingBook, "--membership", member)
	id := w.last()
	for _, args := range [][]string{{}, {"--before", "yesterday"}} {
		if code, _, errs := run(t, append([]string{"runbook", "prune"}, args...)...); code != 1 || !strings.Contains(errs, "--before: ") {
			t.Errorf("%q: %d, %s", args, code, errs)
		}
	}
	w.want(0, "runbook", "prune", "--before", "24h", "--yes")
	out, errs := w.want(0, "runbook", "prune", "--before", "0s")
	contains(t, out, id)
	contains(t, errs, "Would remove these 1 from")
	w.want(0, "runbook", "show", id)
	out, errs = w.want(0, "runbook", "prune", "--before", "0s", "--yes")
	contains(t, out, id)
	contains(t, errs, "Removed 1 from")
	w.want(1, "runbook", "show", id)
}

// A run can be listed, shown, verified and undone.
func TestRunbookRunAndUndo(t *testing.T) {
	w := newWorld(t, 1, "binding-revoked")
	revoked := w.document()
	out, errs := w.want(0, "runbook", "run", bindingBook, "--membership", member, "--request-reason", "INC-4711")
	contains(t, out, "SUCCEEDED", "~ grant", "granted: false -> true")
	contains(t, errs, "cluster-1: grant", "changing projects/mesh-sim-1")
	if did := w.wrote(); len(did) != 1 || !strings.HasSuffix(did[0], ":setIamPolicy") {
		t.Fatalf("it wrote %q", did)
	}
	if again, _ := w.want(0, "runbook", "run", bindingBook, "--membership", member); !strings.Contains(again,
		"nothing to do") || len(w.wrote()) > 0 {
		t.Errorf("run again: %s", again)
	}
	id := w.last()
	out, _ = w.want(0, "runbook", "history", "--runbook", bindingBook, "--target", "//gkehub.googleapis.com/"+member, "--since", "24h")
	contains(t, out, id, "succeeded")
	if none, _ := w.want(0, "runbook", "history", "--unfinished"); none != "" {
		t.Errorf("unfinished are %s", none)
	}
	// What is misspelt is not "all well".
	_, errs = w.want(1, "runbook", "merge", "misspelt")
	contains(t, errs, `no run of the job "misspelt"`)
	was := w.dir
	w.dir += "-misspelt"
	_, errs = w.want(1, "runbook", "audit")
	contains(t, errs, "nothing was audited", w.dir)
	w.dir = was
	out, _ = w.want(0, "runbook", "show", strings.ToUpper(id))
	contains(t, out, "INC-4711", member, "granted: false -> true", "started", "By  ")
	out, _ = w.want(0, "runbook", "audit", id, "--output=json")
	head := regexp.MustCompile(`"head": "([0-9a-f]{64})"`).FindStringSubmatch(out)
	if head == nil {
		t.Fatalf("there is no head in %s", out)
	}
	w.want(0, "runbook", "audit", id, "--head", head[1])
	w.want(1, "runbook", "audit", id, "--head", head[1][:3]) // tells nothing

	out, _ = w.want(2, "runbook", "undo", id, "--plan")
	contains(t, out, "undo of "+id, "granted: true -> false")
	out, _ = w.want(5, "runbook", "undo", id)
	contains(t, out, "NEEDS APPROVAL", "runbook resume ", "--state-dir="+w.dir)
	if did := w.wrote(); len(did) > 0 {
		t.Fatalf("without approval it wrote %q", did)
	}
	w.want(0, append(resume(t, out), "--yes")...)
	if did := w.wrote(); len(did) != 1 || !strings.HasSuffix(did[0], ":setIamPolicy") {
		t.Errorf("taking back wrote %q", did)
	}
	if granted := strings.Contains(w.document(), "roles/anthosservicemesh.serviceAgent"); granted != strings.Contains(revoked,
		"roles/anthosservicemesh.serviceAgent") {
		t.Error("the policy is not as it was before")
	}
	// The end of a journal that was cut off is noticed by its head.
	path := filepath.Join(w.dir, id+".jsonl")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	if err := os.WriteFile(path, bytes.Join(lines[:len(lines)-2], nil), 0o600); err != nil {
		t.Fatal(err)
	}
	w.want(0, "runbook", "audit", id)
	_, errs = w.want(1, "runbook", "audit", id, "--head", head[1])
	contains(t, errs, "1 journal of 1 not intact")
	if err := os.WriteFile(path, bytes.Replace(text, []byte("INC-4711"), []byte("INC-4712"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ = w.want(1, "runbook", "audit")
	contains(t, out, "run "+id+": NOT INTACT", "line 1")
	// What is intact is shown, with how to go on.
	last := bytes.Replace(lines[len(lines)-2], []byte(`"prev"`), []byte(`"prew"`), 1)
	if err := os.WriteFile(path, append(bytes.Join(lines[:len(lines)-2], nil), last...), 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs = w.want(1, "runbook", "show", id)
	contains(t, out, "Run "+id, "INC-4711")
	contains(t, errs, "broken at line", "can be neither resumed nor undone", "Run the runbook again")
}

// resume reads the command that a report gives, for a shell, and drops what leads to
// the world's runs, which every command of the world has.
func resume(t *testing.T, report string) []string {
	t.Helper()
	m := regexp.MustCompile(`next: terraform-provider-asm (runbook resume .*) --state-dir=`).FindStringSubmatch(report)
	if m == nil {
		t.Fatalf("there is no command to resume in\n%s", report)
	}
	var words []string
	for _, word := range regexp.MustCompile(`'[^']*'|\S+`).FindAllString(m[1], -1) {
		words = append(words, strings.Trim(word, "'"))
	}
	return words
}

// A missing approval stops the run with 5; the command that it prints resumes the run.
func TestRunbookGate(t *testing.T) {
	w := newWorld(t, 1, "connectgateway-disabled")
	out, _ := w.want(5, "runbook", "run", "restore-connect-gateway", "--membership", member)
	contains(t, out, "! provision  waits for a person", "NEEDS APPROVAL")
	first := w.wrote()
	if len(first) != 1 || !strings.Contains(first[0], "connectgateway.googleapis.com:enable") {
		t.Fatalf("before the gate it wrote %q", first)
	}
	for n := 0; ; n++ {
		command := resume(t, out)
		if !slices.Contains(command, "--approve") || n > 3 {
			t.Fatalf("round %d: %q", n, command)
		}
		code, next, errs := w.run(append(command, "--approver", "oncall@example.com")...)
		if out = next; code == 0 {
			break
		} else if code != 5 {
			t.Fatalf("%v: exit %d\n%s\n%s", command, code, next, errs)
		}
	}
	if did := w.wrote(); slices.ContainsFunc(did, func(s string) bool { return strings.Contains(s, ":enable") }) {
		t.Errorf("what was done was done again: %q", did)
	}
	shown, _ := w.want(0, "runbook", "show", w.last())
	contains(t, shown, "provision: approved by oncall@example.com (flag)")
}

// At a terminal a gate shows what it is about; only yes is yes.
func TestRunbookAsks(t *testing.T) {
	w := newWorld(t, 1, "connectgateway-disabled")
	code, out, errs := w.answer("y\n", "runbook", "run", "restore-connect-gateway", "--membership", member)
	if code != 5 {
		t.Errorf("exit %d\n%s", code, out)
	}
	contains(t, errs, "step provision (risk: medium)", "Only \"yes\" is accepted.",
		`management: "MANAGEMENT_AUTOMATIC" -> "MANAGEMENT_AUTOMATIC"`)
	contains(t, out, "refused by ")
	command := resume(t, out)[:3] // without --approve
	if code, out, errs := w.answer("yes\nyes\nyes\n", command...); code != 0 {
		t.Errorf("exit %d\n%s\n%s", code, out, errs)
	}
	shown, _ := w.want(0, "runbook", "show", w.last())
	contains(t, shown, "(terminal)")
}

// A target that is locked by another run is refused with the holder, and nothing is started.
func TestRunbookLocked(t *testing.T) {
	w := newWorld(t, 1, "binding-revoked")
	held, err := store.NewLocal(w.dir, store.Options{}).Acquire(t.Context(), member,
		store.Owner{Host: "laptop-7", PID: 1, User: "ada", Run: journal.NewID(time.Now())}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	out, errs := w.want(1, "runbook", "run", bindingBook, "--membership", member)
	contains(t, errs, member+" is locked by ada on laptop-7", "runbook show")
	if did := w.wrote(); len(did) > 0 || out != "" {
		t.Errorf("it wrote %q and said %q", did, out)
	}
	if err := held.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Where no journal can be written nothing is changed.
func TestRunbookWithoutAJournal(t *testing.T) {
	w := newWorld(t, 1, "binding-revoked")
	if err := os.WriteFile(w.dir, nil, 0o600); err != nil { // a file where the folder would be
		t.Fatal(err)
	}
	for _, args := range [][]string{{"runbook", "run", bindingBook, "--membership", member, "--yes"},
		{"remediate", "--membership", member, "--yes"}} {
		code, out, errs := w.run(args...)
		if code == 0 || !strings.Contains(out+errs, w.dir) {
			t.Errorf("%v: exit %d\n%s\n%s", args, code, out, errs)
		}
	}
	if did := w.wrote(); len(did) > 0 {
		t.Errorf("it wrote %q", did)
	}
}

func TestRemediate(t *testing.T) {
	t.Chdir(t.TempDir()) // evidence is written to where one is
	w := newWorld(t, 1, "binding-revoked", "connectgateway-disabled")
	out, _ := w.want(5, "remediate", "--fleet-project", "mesh-sim-1")
	contains(t, out, "nothing was run: nothing is approved", "runbook: "+bindingBook)
	w.want(2, "remediate", "--fleet-project", "mesh-sim-1", "--plan")
	if code, out, _ := w.answer("no\n", "remediate", "--fleet-project", "mesh-sim-1"); code != 5 || !strings.Contains(out,
		"nothing was run: refused by ") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if did := w.wrote(); len(did) > 0 {
		t.Fatalf("without approval it wrote %q", did)
	}
	out, _ = w.want(0, "remediate", "--fleet-project", "mesh-sim-1", "--yes", "--job", "night")
	contains(t, out, "HEALTHY", "Before", "Afterwards")
	if did := w.wrote(); len(did) < 2 {
		t.Errorf("it wrote %q", did)
	}
	out, _ = w.want(0, "runbook", "history", "--job", "night")
	contains(t, out, bindingBook, "restore-connect-gateway")
	w.want(0, "remediate", "--fleet-project", "mesh-sim-1", "--yes")
	if did := w.wrote(); len(did) > 0 {
		t.Errorf("run again it wrote %q", did)
	}
	// A cause that needs a person is listed with its remedy.
	w.Suffer("new-enum")
	_, out, _ = w.run("remediate", "--fleet-project", "mesh-sim-1", "--yes", "--patience=1m")
	contains(t, out, "Left to a person")
}

const failing = `runbook "picky" {
  title = "Fails"
  input "good" { default = "no" }
  step "check" {
    assert {
      condition     = input.good == "yes"
      error_message = "not good on ${target.name}"
    }
  }
}
`

// Several targets: the canary goes first, and its failure is reported.
func TestRunbookFan(t *testing.T) {
	w := newWorld(t, 3)
	book := filepath.Join(t.TempDir(), "picky.hcl")
	if err := os.WriteFile(book, []byte(failing), 0o600); err != nil {
		t.Fatal(err)
	}
	fleet := []string{"runbook", "run", "picky", "--file", book, "--fleet-project", "mesh-sim-1"}
	out, _ := w.want(7, fleet...)
	contains(t, out, "of the 1 that go first, failed", "Not started on projects/mesh-sim-1/locations/us-central1/memberships/cluster-3",
		"not good on cluster-1")
	out, _ = w.want(6, append(fleet, "--canary=0", "--max-failures=100%", "--job=j1")...)
	contains(t, out, "3 failed", "job j1")
	out, _ = w.want(6, "runbook", "merge", "j1")
	contains(t, out, "0 of 3 succeeded, 3 failed")

	// A target on which there is nothing to do has no run, and is none that is missing.
	own := []string{"--file", book, "--fleet-project", "mesh-sim-1", "--input", "good=yes"}
	w.want(0, append([]string{"runbook", "run", "--job=j2", "--shards=2", "--shard-index=0"}, own...)...)
	out, _ = w.want(0, append([]string{"runbook", "merge", "j2"}, own...)...)
	contains(t, out, "3 of 3 succeeded")
	own[len(own)-1] = "good=no"
	out, _ = w.want(6, append([]string{"runbook", "merge", "j3"}, own...)...)
	contains(t, out, "3 not begun")
	t.Setenv("JOB_COMPLETION_INDEX", "7")
	_, errs := w.want(1, append(fleet, "--shards=3", "--job=x")...)
	contains(t, errs, "7 is not among 3 shards")
}

// All mistakes of a command line are reported at once, before any request.
func TestRunbookMistakes(t *testing.T) {
	world := simulate(t, sim.Options{})
	_, _, errs := run(t, "runbook", "run", "restart-proxy", "--membership", "m", "--project", "x y", "--approve-risk", "much",
		"--max-failures", "some", "--canary=-1", "--concurrency=0",
		"--state-dir=a", "--state-namespace=b", "--approval-file=/no/such", "--shards=-1", "--approval-valid=0s")
	contains(t, errs, `did you mean "restart-proxies"`, "--membership:", "--project:", "--approve-risk:", "--max-failures:", "--canary:",
		"--concurrency:", "--state-dir and --state-namespace", "--approval-file:", "--shards:", "--approval-valid:")
	for want, args := range map[string][]string{
		"name a target: give":                            {"run", bindingBook},
		"has no step \"grnat\"":                          {"run", bindingBook, "--membership", member, "--approve", "grnat"},
		"has no input \"what\"":                          {"plan", bindingBook, "--membership", member, "--input", "what=x"},
		"it must be NAME=VALUE":                          {"plan", bindingBook, "--membership", member, "--input", "what"},
		"name the job with --job":                        {"run", bindingBook, "--membership", member, "--shards=2", "--shard-index=0"},
		"reading the plan /no/such.json":                 {"run", "/no/such.json"},
		"is not the name of a run":                       {"resume", "latest"},
		"\"runbook history\" lists":                      {"show", "20260101-000000-00000000"},
		"there is no report format \"sarif\"; the forma": {"plan", bindingBook, "--membership", member, "--output", "sarif"},
		"give that, too":                                 {"history", "--state-context=x"},
		"is no day such as":                              {"history", "--since=yesterday"},
		"works on a membership, and ":                    {"plan", bindingBook, "--project", "mesh-sim-1"},
	} {
		if code, out, errs := run(t, append([]string{"runbook"}, args...)...); code != 1 || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%v: exit %d, %q, %q", args, code, out, errs)
		}
	}
	if n := len(world.All()); n > 0 {
		t.Errorf("%d requests were made", n)
	}
}

// Secrets among the inputs are nowhere: not in plans, journals, events, reports.
func TestRunbookSecrets(t *testing.T) {
	const secret, token = "hunter2-but-longer", "ya29.a0AfB_planted"
	w := newWorld(t, 1, "binding-revoked")
	folder := t.TempDir()
	book, file, plan, events := filepath.Join(folder, "own.hcl"), filepath.Join(folder, "secret"), filepath.Join(folder, "plan.json"),
		filepath.Join(folder, "events")
	text := `runbook "own" {
  title = "Own"
  input "password" { sensitive = true }
  input "note" {
    default = "none"
    validation {
      condition     = !startswith(input.note, "!")
      error_message = "not ${input.note}"
    }
  }
  input "project" { default = "mesh-sim-1" }
  step "grant" {
    approval = "grants, says ${input.note}"
    ensure "service_agent_binding" {
      project       = input.project
      fleet_project = target.fleet_project
    }
  }
  step "check" {
    assert {
      condition     = input.password == "x" && input.note == "y"
      error_message = "the note is ${input.note}"
    }
  }
}
`
	for name, text := range map[string]string{book: text, file: secret + "\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	inputs := []string{"--file", book, "--membership", member, "--input", "password=@" + file}
	var all strings.Builder
	note := func(code int, out, errs string) { fmt.Fprintln(&all, code, out, errs) }
	note(w.run(append([]string{"runbook", "plan", "--out", plan, "--output=json"}, inputs...)...))
	for _, given := range []string{"note=" + token, "note=!" + token, "project=" + token} {
		note(w.run(append([]string{"runbook", "plan", "--output=json", "--input", given}, inputs...)...))
	}
	if code, out, errs := w.run(append([]string{"runbook", "plan", "--out", plan + "2", "--input", "note=" + token},
		inputs...)...); code != 1 || !strings.Contains(errs, "inputs.note looks like a secret") {
		t.Errorf("exit %d\n%s\n%s", code, out, errs)
	}
	_, errs := w.want(1, "runbook", "run", plan)
	contains(t, errs, "sensitive inputs are kept nowhere; give them again with --input: password")
	t.Setenv("ASM_INPUT_password", secret)
	for _, format := range []string{"table", "json", "markdown", "html", "junit"} {
		note(w.run("runbook", "run", "--file", book, "--membership", member, "--input", "note="+token, "--yes", "--output", format,
			"--events="+events))
	}
	id := w.last()
	note(w.run("runbook", "show", id))
	note(w.run("runbook", "show", id, "--output=json"))
	note(w.run("runbook", "resume", id, "--input", "password="+secret, "--input", "note="+token))
	note(w.run("runbook", "resume", id, "--input", "password="+secret))
	note(w.run("runbook", "run", "--file", book, "--membership", member, "--input", "password="+secret, "--input", "nope="+secret))
	note(w.run("runbook", "run", "--file", book, "--membership", member, "--input", secret))
	for _, name := range []string{plan, events} {
		raw, err := os.ReadFile(name)
		if err != nil || len(raw) == 0 {
			t.Fatalf("%s: %v", name, err)
		}
		all.Write(raw)
	}
	journals, err := filepath.Glob(filepath.Join(w.dir, "*.jsonl"))
	if err != nil || len(journals) == 0 {
		t.Fatal("there is no journal")
	}
	for _, name := range journals {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(raw)
	}
	for _, planted := range []string{secret, token} {
		if at := strings.Index(all.String(), planted); at >= 0 {
			t.Errorf("%s is shown: …%s…", planted, all.String()[max(0, at-200):min(all.Len(), at+60)])
		}
	}
	contains(t, all.String(), "[redacted]")
}

// Ctrl-C ends a run cleanly: its journal says so, and resume goes on with it.
func TestRunbookInterrupted(t *testing.T) {
	w := newWorld(t, 1, "binding-revoked")
	cmd := exec.CommandContext(t.Context(), os.Args[0], "runbook", "run", bindingBook, "--membership", member, "--state-dir", w.dir)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	var out bytes.Buffer
	cmd.Stdout = &out
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	for lines.Scan() && !strings.Contains(lines.Text(), "noticed: waiting") {
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() { // until it ends
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 6 {
		t.Errorf("ended with %v\n%s", err, out.String())
	}
	contains(t, out.String(), "stopped", "runbook resume "+w.last())
	listed, _ := w.want(0, "runbook", "history")
	contains(t, listed, "stopped")
	w.wrote()
	w.want(0, "runbook", "resume", w.last())
	if did := w.wrote(); len(did) > 0 {
		t.Errorf("resumed, it wrote %q", did)
	}
}
