package gcp

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

func TestMemoReadsOnceForManyAndAnewWhenOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memo[string, int]{clock: wait.Real}
		var reads atomic.Int32
		read := func(context.Context) (int, error) {
			time.Sleep(time.Second)
			return int(reads.Add(1)), nil
		}
		var callers sync.WaitGroup
		for range 100 {
			callers.Go(func() {
				if v, err := m.get(t.Context(), "p", read); err != nil || v != 1 {
					t.Errorf("got %d, %v; want the one read", v, err)
				}
			})
		}
		callers.Wait()
		time.Sleep(freshFor)
		if v, _ := m.get(t.Context(), "p", read); v != 2 {
			t.Errorf("an old value was served: %d", v)
		}
	})
}

func TestMemoDoesNotKeepWhatAWriteOvertook(t *testing.T) {
	m := &memo[string, string]{clock: wait.Real}
	started, release := make(chan struct{}), make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = m.get(t.Context(), "p", func(context.Context) (string, error) {
			close(started)
			<-release
			return "before the write", nil
		})
	}()
	<-started
	m.forget("p")
	close(release)
	<-done
	got, _ := m.get(t.Context(), "p", func(context.Context) (string, error) { return "after", nil })
	if got != "after" {
		t.Errorf("got %q: a read that began before a write was kept", got)
	}
}

func TestMemoKeepsNoFailureAndLetsACallerGo(t *testing.T) {
	m := &memo[string, int]{clock: wait.Real}
	boom := errors.New("boom")
	if _, err := m.get(t.Context(), "p", func(context.Context) (int, error) { return 0, boom }); !errors.Is(err, boom) {
		t.Fatalf("got %v", err)
	}
	if v, err := m.get(t.Context(), "p", func(context.Context) (int, error) { return 7, nil }); v != 7 || err != nil {
		t.Errorf("a failure was kept: %d, %v", v, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	defer close(release)
	cancel()
	if _, err := m.get(ctx, "slow", func(context.Context) (int, error) { <-release; return 0, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled caller got %v", err)
	}
}

func TestCoalescerJoinsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var batches [][]string
		c := &coalescer[string, int]{max: 4, fetch: func(_ context.Context, keys []string) (map[string]int, error) {
			mu.Lock()
			batches = append(batches, slices.Sorted(slices.Values(keys)))
			mu.Unlock()
			time.Sleep(time.Second)
			answer := map[string]int{}
			for _, k := range keys {
				answer[k] = len(k)
			}
			return answer, nil
		}}
		var callers sync.WaitGroup
		ask := func(keys ...string) {
			callers.Go(func() {
				got, err := c.ask(t.Context(), keys)
				if err != nil {
					t.Error(err)
				}
				for _, k := range keys {
					if got[k] != len(k) {
						t.Errorf("%s gives %d", k, got[k])
					}
				}
			})
			synctest.Wait()
		}
		ask("a") // goes out at once
		ask("b", "c")
		ask("c", "d")
		ask("e", "f") // does not fit any more
		callers.Wait()
		want := [][]string{{"a"}, {"b", "c", "d"}, {"e", "f"}}
		if !slices.EqualFunc(batches, want, slices.Equal) {
			t.Errorf("requests %v, want %v", batches, want)
		}
	})
}

func TestCoalescerGivesEachItsOwnFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &coalescer[string, int]{max: 10, fetch: func(_ context.Context, keys []string) (map[string]int, error) {
			time.Sleep(time.Second)
			if slices.Contains(keys, "bad") {
				return nil, errors.New("bad")
			}
			return map[string]int{keys[0]: 1}, nil
		}}
		results := map[string]error{}
		var mu sync.Mutex
		var callers sync.WaitGroup
		for _, k := range []string{"first", "bad", "good"} {
			callers.Go(func() {
				_, err := c.ask(t.Context(), []string{k})
				mu.Lock()
				results[k] = err
				mu.Unlock()
			})
			synctest.Wait()
		}
		callers.Wait()
		if results["bad"] == nil || results["good"] != nil || results["first"] != nil {
			t.Errorf("one bad question spoilt others: %v", results)
		}
	})
}
