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

	"google.golang.org/api/googleapi"

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

// One refused question of many costs few requests, and the others are answered.
func TestCoalescerFindsTheRefusedOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		requests := 0
		c := &coalescer[int, int]{max: 100, fetch: func(_ context.Context, keys []int) (map[int]int, error) {
			requests++
			time.Sleep(time.Second)
			if slices.Contains(keys, 17) {
				return nil, &googleapi.Error{Code: 403}
			}
			answer := map[int]int{}
			for _, k := range keys {
				answer[k] = k
			}
			return answer, nil
		}}
		var failures atomic.Int32
		var callers sync.WaitGroup
		ask := func(ctx context.Context, k int) {
			callers.Go(func() {
				if _, err := c.ask(ctx, []int{k}); err != nil {
					failures.Add(1)
				}
			})
			synctest.Wait()
		}
		for k := range 40 {
			ask(t.Context(), k)
		}
		callers.Wait()
		if failures.Load() != 1 || requests > 15 {
			t.Errorf("%d failures after %d requests", failures.Load(), requests)
		}

		// Those who have gone are not asked for again.
		requests = 0
		failures.Store(0)
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		ask(t.Context(), 0)
		for k := range 16 {
			ask(ctx, 10+k)
		}
		callers.Wait()
		synctest.Wait()
		time.Sleep(time.Minute)
		if failures.Load() != 16 || requests > 2 {
			t.Errorf("%d failures after %d requests", failures.Load(), requests)
		}
	})
}

// A busy API is not asked again for each of many questions.
func TestCoalescerDoesNotTakeApartWhatIsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		requests := 0
		c := &coalescer[int, int]{max: 100, fetch: func(context.Context, []int) (map[int]int, error) {
			requests++
			time.Sleep(time.Second)
			return nil, &googleapi.Error{Code: 429}
		}}
		var callers sync.WaitGroup
		for k := range 10 {
			callers.Go(func() { _, _ = c.ask(t.Context(), []int{k}) })
			synctest.Wait()
		}
		callers.Wait()
		if requests != 2 {
			t.Errorf("%d requests", requests)
		}
	})
}

// A read that nobody waits for any more ends.
func TestMemoEndsAReadThatNobodyWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memo[string, int]{clock: wait.Real}
		var ended atomic.Int32
		read := func(ctx context.Context) (int, error) {
			<-ctx.Done()
			ended.Add(1)
			return 0, ctx.Err()
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		long, end := context.WithTimeout(t.Context(), time.Minute)
		defer end()
		var callers sync.WaitGroup
		for _, ctx := range []context.Context{short, long} {
			callers.Go(func() { _, _ = m.get(ctx, "p", read) })
			synctest.Wait()
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if ended.Load() != 0 {
			t.Error("a read ended while a caller waited for it")
		}
		callers.Wait()
		synctest.Wait()
		if ended.Load() != 1 {
			t.Errorf("%d reads ended", ended.Load())
		}
		if v, err := m.get(t.Context(), "p", func(context.Context) (int, error) { return 7, nil }); v != 7 || err != nil {
			t.Errorf("%d, %v after a read that was given up", v, err)
		}
	})
}
