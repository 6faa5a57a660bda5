package store_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
)

// childVariable makes the test binary an executor, as the Order in it says.
const childVariable = "ASM_STORE_CHILD"

// Order is what a child process does: it locks the target, makes a run and says
// so; then it writes an entry of the story for each line that it reads.
type Order struct {
	Place Place
	Run   string
	// Where in the n-th write to a journal in the cluster it dies.
	Die   string // "before-request", "after-request"
	Write int
}

// story is what a child writes after its RunStarted.
var story = []journal.Payload{
	journal.StepStarted{Step: "one", Attempt: 1},
	journal.ActIntended{Step: "one",
		Change: journal.FieldChange{Kind: "k", Subject: "s", Before: map[string]any{"on": false}, After: map[string]any{"on": true}}},
	journal.ActDone{Step: "one",
		Change: journal.FieldChange{Kind: "k", Subject: "s", Before: map[string]any{"on": false}, After: map[string]any{"on": true}}},
	journal.StepVerified{Step: "one"},
	journal.RunFinished{Outcome: journal.Succeeded},
}

// statusAfter is that of step one after so many entries of the whole journal.
var statusAfter = []journal.Status{1: journal.Pending, journal.Started, journal.InFlight, journal.Done, journal.Verified, journal.Verified}

func child(text string) int {
	var order Order
	if err := json.Unmarshal([]byte(text), &order); err != nil {
		panic(err)
	}
	say := func(format string, args ...any) {
		fmt.Println(strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", " "))
	}
	ctx := context.Background()
	s, err := order.Place.store(store.Options{}, func(config *rest.Config) {
		if order.Die != "" {
			config.Wrap(func(next http.RoundTripper) http.RoundTripper { return &dying{next: next, order: order} })
		}
	})
	if err != nil {
		say("error %v", err)
		return 1
	}
	lock, err := s.Acquire(ctx, target, store.Me(order.Run), minute)
	if err != nil {
		say("refused %v", err)
		return 0
	}
	say("locked")
	w, _, err := s.Create(ctx, lock, start())
	if err != nil {
		say("error %v", err)
		return 1
	}
	say("created")
	lines := bufio.NewScanner(os.Stdin)
	for i := 0; lines.Scan(); i++ {
		if _, err := w.Append(ctx, story[min(i, len(story)-1)]); err != nil {
			var lost *store.LostError
			var overtaken *store.OvertakenError
			say("error lost=%v %v", errors.As(err, &lost) || errors.As(err, &overtaken), err)
			continue
		}
		say("stored")
	}
	return 0
}

// dying kills this process before or after the n-th write to a journal.
type dying struct {
	next   http.RoundTripper
	order  Order
	writes int
}

func (d *dying) RoundTrip(r *http.Request) (*http.Response, error) {
	writes := strings.Contains(r.URL.Path, "/configmaps") && r.Method != http.MethodGet
	if writes {
		d.writes++
	}
	die := writes && d.writes == d.order.Write
	if die && d.order.Die == "before-request" {
		killMyself()
	}
	answer, err := d.next.RoundTrip(r)
	if die {
		killMyself()
	}
	return answer, err
}

func killMyself() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

// executor is a child process.
type executor struct {
	t     testing.TB
	cmd   *exec.Cmd
	tell  io.WriteCloser
	said  *bufio.Scanner
	ended bool
}

func spawn(t testing.TB, order Order) *executor {
	t.Helper()
	text, err := json.Marshal(order)
	must(t, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+string(text))
	cmd.Stderr = os.Stderr
	tell, err := cmd.StdinPipe()
	must(t, err)
	said, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	e := &executor{t: t, cmd: cmd, tell: tell, said: bufio.NewScanner(said)}
	t.Cleanup(e.kill)
	return e
}

// hear returns the next line that the child says, or "" when it has ended.
func (e *executor) hear() string {
	if e.said.Scan() {
		return e.said.Text()
	}
	return ""
}

func (e *executor) expect(want string) {
	e.t.Helper()
	if got := e.hear(); !strings.HasPrefix(got, want) {
		e.t.Fatalf("the executor says %q, want %q", got, want)
	}
}

func (e *executor) order() { _, _ = io.WriteString(e.tell, "go on\n") }

func (e *executor) signal(s syscall.Signal) {
	e.t.Helper()
	must(e.t, e.cmd.Process.Signal(s))
}

// stopped waits until the kernel has stopped the process.
func (e *executor) stopped() {
	e.t.Helper()
	e.signal(syscall.SIGSTOP)
	var status syscall.WaitStatus
	for {
		_, err := syscall.Wait4(e.cmd.Process.Pid, &status, syscall.WUNTRACED, nil)
		if err == nil && status.Stopped() {
			return
		}
		if err != nil && !errors.Is(err, syscall.EINTR) || status.Exited() || status.Signaled() {
			e.t.Fatalf("it did not stop: %v, %v", status, err)
		}
	}
}

func (e *executor) kill() {
	if e.ended {
		return
	}
	e.ended = true
	_ = e.cmd.Process.Kill()
	_ = e.tell.Close()
	_ = e.cmd.Wait()
}

func newName() string { return journal.NewID(time.Now()) }
