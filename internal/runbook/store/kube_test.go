package store_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/managed-mesh/terraform-provider-asm/internal/kubetest"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// between stands between an executor and the API server.
type between struct {
	next http.RoundTripper
	mu   sync.Mutex
	seen []string // METHOD kind
	hook func(r *http.Request, next http.RoundTripper) (*http.Response, error)
}

func (b *between) RoundTrip(r *http.Request) (*http.Response, error) {
	b.mu.Lock()
	kind := "leases"
	if strings.Contains(r.URL.Path, "/configmaps") {
		kind = "configmaps"
	}
	b.seen = append(b.seen, r.Method+" "+kind)
	hook := b.hook
	b.mu.Unlock()
	if hook != nil {
		return hook(r, b.next)
	}
	return b.next.RoundTrip(r)
}

// act sets what happens to requests, and forgets those that were made.
func (b *between) act(hook func(*http.Request, http.RoundTripper) (*http.Response, error)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hook, b.seen = hook, nil
}

func (b *between) requests() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.seen, ", ")
}

func onKube(t *testing.T) (Place, store.Store, *between) {
	t.Helper()
	place := backends[1].place(t)
	b := &between{}
	s, err := place.store(store.Options{}, func(c *rest.Config) {
		c.Wrap(func(next http.RoundTripper) http.RoundTripper { b.next = next; return b })
	})
	must(t, err)
	return place, s, b
}

func writesJournal(r *http.Request) bool {
	return strings.Contains(r.URL.Path, "/configmaps") && r.Method != http.MethodGet
}

func answer(code int, reason metav1.StatusReason) *http.Response {
	body := fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","status":"Failure","message":"try later","reason":%q,"code":%d}`, reason, code)
	return &http.Response{StatusCode: code, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body))}
}

// An entry costs one look at the lock and one write, a list one request.
func TestRequestsOfAnEntry(t *testing.T) {
	_, s, b := onKube(t)
	lock := acquire(t, s, newRun())
	w := begin(t, s, lock)
	b.act(nil)
	appendTo(t, w, story[0])
	if got, want := b.requests(), "GET leases, PATCH configmaps"; got != want {
		t.Errorf("an entry took %s; want %s", got, want)
	}
	b.act(nil)
	_, err := s.List(t.Context(), store.Filter{})
	must(t, err)
	if got, want := b.requests(), "GET configmaps"; got != want {
		t.Errorf("a list took %s; want %s", got, want)
	}
}

func big(i int) journal.Note { return journal.Note{Text: fmt.Sprint(i, strings.Repeat(" x", 1500))} }

// A long journal takes several objects, none of which holds more than 16 KiB: etcd keeps an
// object whole for each entry that is added to it.
func TestJournalOfSeveralObjects(t *testing.T) {
	place, s, b := onKube(t)
	owner := newRun()
	lock := acquire(t, s, owner)
	w := begin(t, s, lock)
	for i := range 12 {
		appendTo(t, w, big(i))
	}
	list, err := client(t, place).CoreV1().ConfigMaps(place.Namespace).List(t.Context(),
		metav1.ListOptions{LabelSelector: "app.kubernetes.io/managed-by=terraform-provider-asm"})
	must(t, err)
	if len(list.Items) != 3 {
		t.Errorf("there are %d objects, want 3", len(list.Items))
	}
	for _, item := range list.Items {
		size := 0
		for _, line := range item.Data {
			size += len(line)
		}
		if size > 16<<10 || size == 0 {
			t.Errorf("%s holds %d bytes", item.Name, size)
		}
	}
	// It breaks off between the end of one object and the beginning of the next: twice, the second time at a takeover.
	for i := 0; ; i++ {
		b.act(func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			if r.Method == http.MethodPost && writesJournal(r) {
				return answer(http.StatusForbidden, metav1.StatusReasonForbidden), nil
			}
			return next.RoundTrip(r)
		})
		if _, err := w.Append(t.Context(), big(i)); err != nil {
			break
		}
	}
	b.act(nil)
	before := read(t, s, owner.Run)
	later := &wait.Shifted{}
	must(t, later.Advance(time.Hour))
	other := place.open(t, store.Options{Clock: later})
	next := newRun()
	next.Run = owner.Run
	w, _, err = other.Open(t.Context(), acquire(t, other, next), owner.Run, journal.RunResumed{})
	must(t, err)
	appendTo(t, w, big(0), journal.RunFinished{Outcome: journal.Succeeded})
	if got := len(read(t, s, owner.Run)); got != len(before)+4 {
		t.Errorf("afterwards there are %d entries, want %d", got, len(before)+4)
	}
	if info, err := s.Latest(t.Context(), target); err != nil || info.Outcome != journal.Succeeded || info.Started.IsZero() {
		t.Errorf("it is listed as %+v, %v", info, err)
	}
}

// Between the look at the lock and the write, another takes the target over: the
// API server itself refuses the write, whether the last object is full or not.
func TestTakenOverBetweenLookAndWrite(t *testing.T) {
	for name, entries := range map[string]int{"within an object": 1, "at the end of an object": 5} {
		for _, same := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/same run %v", name, same), func(t *testing.T) {
				place, s, b := onKube(t)
				owner := newRun()
				w := begin(t, s, acquire(t, s, owner))
				for i := range entries {
					appendTo(t, w, big(i))
				}
				later := &wait.Shifted{}
				must(t, later.Advance(time.Hour))
				other := place.open(t, store.Options{Clock: later})
				var once sync.Once
				b.act(func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
					// At the end of an object, after that was sealed.
					if writesJournal(r) && (entries == 1 || r.Method == http.MethodPost) {
						once.Do(func() {
							young := newRun()
							if same {
								young.Run = owner.Run
							}
							lock, err := other.Acquire(context.Background(), target, young, minute)
							if err == nil && same {
								_, _, err = other.Open(context.Background(), lock, owner.Run, journal.RunResumed{})
							}
							if err != nil {
								t.Error(err)
							}
						})
					}
					return next.RoundTrip(r)
				})
				_, err := w.Append(t.Context(), journal.ActIntended{Step: strings.Repeat("x ", 40<<10)})
				fails[*store.OvertakenError](t, err)
				want := entries + 1
				if same {
					want += 2
				}
				if got := kinds(read(t, other, owner.Run)); len(got) != want {
					t.Errorf("the journal has %v", got)
				}
			})
		}
	}
}

// A successor that dies before it has closed the journal of its predecessor leaves that to the next.
func TestSuccessorDiesBeforeItClosesTheJournal(t *testing.T) {
	place, s, _ := onKube(t)
	owner := newRun()
	w := begin(t, s, acquire(t, s, owner))
	later := &wait.Shifted{}
	must(t, later.Advance(time.Hour))

	dying := &between{}
	second, err := place.store(store.Options{Clock: later}, func(c *rest.Config) {
		c.Wrap(func(next http.RoundTripper) http.RoundTripper { dying.next = next; return dying })
	})
	must(t, err)
	locked := false
	dying.act(func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		if locked {
			return answer(http.StatusForbidden, metav1.StatusReasonForbidden), nil
		}
		locked = r.Method == http.MethodPut
		return next.RoundTrip(r)
	})
	if _, err := second.Acquire(t.Context(), target, newRun(), minute); err == nil {
		t.Fatal("it has the lock, though the journal is open to its predecessor")
	}
	third := place.open(t, store.Options{Clock: later})
	must(t, later.Advance(time.Hour))
	lock := acquire(t, third, newRun())
	_, err = w.Append(t.Context(), story[0])
	fails[*store.LostError](t, err)
	chunk, err := client(t, place).CoreV1().ConfigMaps(place.Namespace).Get(t.Context(), "asm-run-"+owner.Run+"-0000", metav1.GetOptions{})
	must(t, err)
	if got, want := chunk.Annotations["runbook.terraform-provider-asm/closed"], fmt.Sprint(lock.Holder().Fence); got != want {
		t.Errorf("the first journal is closed by fence %q, want %s", got, want)
	}
}

// An answer that is lost, or that asks to come again, makes no entry twice.
func TestAnswersThatAreLost(t *testing.T) {
	for name, fail := range map[string]func(*http.Request, http.RoundTripper) (*http.Response, error){
		"cut after the write": func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			if answer, err := next.RoundTrip(r); err == nil {
				answer.Body.Close()
			}
			return nil, io.ErrUnexpectedEOF
		},
		"cut before the write": func(*http.Request, http.RoundTripper) (*http.Response, error) { return nil, io.ErrUnexpectedEOF },
		"503": func(*http.Request, http.RoundTripper) (*http.Response, error) {
			return answer(503, metav1.StatusReasonServiceUnavailable), nil
		},
		"429": func(*http.Request, http.RoundTripper) (*http.Response, error) {
			return answer(429, metav1.StatusReasonTooManyRequests), nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, s, b := onKube(t)
			failed := map[string]bool{}
			var mu sync.Mutex
			b.act(func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
				mu.Lock()
				first := r.Method != http.MethodGet && !failed[r.Method+r.URL.Path]
				failed[r.Method+r.URL.Path] = true
				mu.Unlock()
				if first {
					return fail(r, next)
				}
				return next.RoundTrip(r)
			})
			owner := newRun()
			lock := acquire(t, s, owner)
			w := begin(t, s, lock)
			appendTo(t, w, story[0], story[1])
			must(t, lock.Renew(t.Context()))
			must(t, lock.Release(t.Context()))
			if got := len(read(t, s, owner.Run)); got != 3 || lock.Holder().Fence != 1 {
				t.Errorf("there are %d entries, want 3; the fence is %d", got, lock.Holder().Fence)
			}
		})
	}
}

// Somebody who labels the object is no other executor.
func TestLabelledByAPerson(t *testing.T) {
	place, s, _ := onKube(t)
	owner := newRun()
	w := begin(t, s, acquire(t, s, owner))
	maps := client(t, place).CoreV1().ConfigMaps(place.Namespace)
	chunk, err := maps.Get(t.Context(), "asm-run-"+owner.Run+"-0000", metav1.GetOptions{})
	must(t, err)
	chunk.Labels["ticket"] = "INC-1"
	_, err = maps.Update(t.Context(), chunk, metav1.UpdateOptions{})
	must(t, err)
	appendTo(t, w, story[0])
	must(t, maps.Delete(t.Context(), chunk.Name, metav1.DeleteOptions{}))
	_, err = w.Append(t.Context(), story[1])
	fails[*store.OvertakenError](t, err)
}

// With the permissions that the documentation names all is done, and without one of them the error names them.
func TestPermissions(t *testing.T) {
	server := kubetest.Start(t)
	namespace := server.Namespace(t)
	admin := client(t, func() Place {
		file := t.TempDir() + "/kubeconfig"
		must(t, server.Kubeconfig(file))
		return Place{Kubeconfig: file}
	}())
	allow := func(user string, configmaps ...string) Place {
		role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: user}, Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Verbs: []string{"get", "create", "update"}},
			{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: configmaps},
		}}
		_, err := admin.RbacV1().Roles(namespace).Create(t.Context(), role, metav1.CreateOptions{})
		must(t, err)
		email := user + "@example.test"
		_, err = admin.RbacV1().RoleBindings(namespace).Create(t.Context(), &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: user},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: user},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: email}},
		}, metav1.CreateOptions{})
		must(t, err)
		file := t.TempDir() + "/kubeconfig"
		must(t, server.KubeconfigOf(file, email))
		return Place{Kubeconfig: file, Namespace: namespace}
	}
	s := allow("runner", "get", "list", "create", "patch").open(t, store.Options{})
	// The authorizer learns of a new role a moment later.
	var lock store.Lock
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		var err error
		if lock, err = s.Acquire(t.Context(), target, newRun(), minute); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	w := begin(t, s, lock)
	appendTo(t, w, story...)
	_, err := s.List(t.Context(), store.Filter{})
	must(t, err)
	must(t, lock.Release(t.Context()))

	_, err = allow("stranger", "get").open(t, store.Options{}).List(t.Context(), store.Filter{})
	if err == nil {
		t.Fatal("a stranger lists the runs")
	}
	for _, want := range []string{"forbidden", "configmaps", namespace, "get, create and update on leases"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
}
