package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/managed-mesh/terraform-provider-asm/internal/kubetest"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
)

func TestMain(m *testing.M) {
	if order := os.Getenv(childVariable); order != "" {
		os.Exit(child(order))
	}
	os.Exit(kubetest.Main(m))
}

// Place is where runs are kept. It goes to child processes as JSON.
type Place struct {
	Dir        string
	Kubeconfig string
	Namespace  string
}

// store opens the place as one executor does. wrap, if given, stands between it and the API server.
func (p Place) store(o store.Options, wrap func(*rest.Config)) (store.Store, error) {
	if p.Dir != "" {
		return store.NewLocal(p.Dir, o), nil
	}
	config, err := clientcmd.BuildConfigFromFlags("", p.Kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	if wrap != nil {
		wrap(config)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return store.NewKube(client, p.Namespace, o), nil
}

func (p Place) open(t testing.TB, o store.Options) store.Store {
	t.Helper()
	s, err := p.store(o, nil)
	must(t, err)
	return s
}

// backends are the places that every test runs on, with the time that has to
// pass until the lock of a killed process is free.
var backends = []struct {
	name  string
	place func(t *testing.T) Place
	dead  time.Duration
}{
	{"local", func(t *testing.T) Place { return Place{Dir: filepath.Join(t.TempDir(), "runs")} }, 0},
	{"kube-apiserver", func(t *testing.T) Place {
		server := kubetest.Start(t)
		file := filepath.Join(t.TempDir(), "kubeconfig")
		must(t, server.Kubeconfig(file))
		return Place{Kubeconfig: file, Namespace: server.Namespace(t)}
	}, time.Hour},
}

func onBackends(t *testing.T, test func(t *testing.T, place Place, dead time.Duration)) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) { test(t, b.place(t), b.dead) })
	}
}

const (
	target = "projects/p/locations/us-central1/memberships/m"
	minute = time.Minute
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newRun() store.Owner { return store.Me(journal.NewID(time.Now())) }

func acquire(t testing.TB, s store.Store, owner store.Owner) store.Lock {
	t.Helper()
	lock, err := s.Acquire(t.Context(), target, owner, minute)
	must(t, err)
	return lock
}

func start() journal.RunStarted {
	return journal.RunStarted{Runbook: "restore", By: journal.Executor{User: "alice", Host: "desk"}, Reason: "INC-1",
		Inputs: map[string]any{"n": 1}}
}

func begin(t testing.TB, s store.Store, lock store.Lock) *journal.Writer {
	t.Helper()
	w, _, err := s.Create(t.Context(), lock, start())
	must(t, err)
	t.Cleanup(func() { w.Close() })
	return w
}

func appendTo(t testing.TB, w *journal.Writer, payloads ...journal.Payload) {
	t.Helper()
	for _, p := range payloads {
		_, err := w.Append(t.Context(), p)
		must(t, err)
	}
}

func read(t testing.TB, s store.Store, run string) []journal.Entry {
	t.Helper()
	r, err := s.Read(t.Context(), run)
	must(t, err)
	defer r.Close()
	all, err := r.ReadAll()
	must(t, err)
	return all
}

func kinds(entries []journal.Entry) (all []journal.Kind) {
	for _, e := range entries {
		all = append(all, e.Kind)
	}
	return all
}

// fails wants an error of a type, and as returns it.
func fails[E error](t testing.TB, err error) {
	t.Helper()
	_ = as[E](t, err)
}

func as[E error](t testing.TB, err error) E {
	t.Helper()
	var want E
	if !errors.As(err, &want) {
		t.Fatalf("the error is %v, want a %T", err, want)
	}
	return want
}
