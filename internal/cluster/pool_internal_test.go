package cluster

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestPoolEvictsTheIdleAndKeepsTheBusy(t *testing.T) {
	p := newPool(2)
	var closed []string
	connect := func(name string) func(context.Context) (*client, error) {
		return func(context.Context) (*client, error) {
			return &client{close: func() { closed = append(closed, name) }}, nil
		}
	}
	lease := func(name string) func() {
		_, release, err := p.lease(t.Context(), name, connect(name))
		if err != nil {
			t.Fatal(err)
		}
		return release
	}
	lease("a")()
	lease("b")()
	lease("a")() // b is now the least recently used
	lease("c")()
	if fmt.Sprint(closed) != "[b]" || p.size() != 2 {
		t.Errorf("closed %v, %d kept", closed, p.size())
	}
	releaseA, releaseC := lease("a"), lease("c")
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, _, err := p.lease(short, "d", connect("d")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a third client while two are in use: %v", err)
	}
	got := make(chan error, 1)
	go func() {
		_, release, err := p.lease(context.Background(), "d", connect("d"))
		if err == nil {
			release()
		}
		got <- err
	}()
	releaseA()
	if err := <-got; err != nil {
		t.Error(err)
	}
	releaseC()
	p.close()
	if p.size() != 0 || len(closed) != 4 {
		t.Errorf("closed %v, %d kept", closed, p.size())
	}
}

func TestPoolForgetsWhatDidNotConnect(t *testing.T) {
	p := newPool(1)
	wrong := errors.New("no")
	if _, _, err := p.lease(t.Context(), "a", func(context.Context) (*client, error) { return nil, wrong }); !errors.Is(err, wrong) {
		t.Errorf("got %v", err)
	}
	if p.size() != 0 {
		t.Error("a client that did not connect is kept")
	}
	if _, release, err := p.lease(t.Context(), "a",
		func(context.Context) (*client, error) { return &client{close: func() {}}, nil }); err != nil {
		t.Error(err)
	} else {
		release()
	}
}

// Turns come in order, wake only who can use them, and are passed on by who has gone meanwhile.
func TestPoolGivesTurnsInOrder(t *testing.T) {
	p := newPool(1)
	connect := func(context.Context) (*client, error) { return &client{close: func() {}}, nil }
	_, releaseFirst, err := p.lease(t.Context(), "first", connect)
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	done := make(chan string)
	wait := func(ctx context.Context, key string) {
		before := p.waiting(key)
		go func() {
			_, release, err := p.lease(ctx, key, connect)
			if err != nil {
				done <- key + ": " + err.Error()
				return
			}
			done <- key
			release()
		}()
		for p.waiting(key) == before {
			time.Sleep(time.Millisecond)
		}
	}
	leaving, leave := context.WithCancel(t.Context())
	wait(t.Context(), "a")
	wait(t.Context(), "a")
	wait(leaving, "b")
	wait(t.Context(), "c")
	leave()
	order = append(order, <-done)
	releaseFirst()
	for range 3 { // both of a have the client at once, so that c comes last
		order = append(order, <-done)
	}
	if got := fmt.Sprint(order); got != "[b: context canceled a a c]" {
		t.Errorf("turns came as %s", got)
	}
	if len(p.waiters) != 0 || p.queue.Len() != 0 || p.size() != 1 {
		t.Errorf("%d turns in the queue, %d known, %d clients", p.queue.Len(), len(p.waiters), p.size())
	}
}

// A turn that comes at the same time as its context ends is not lost.
func TestPoolPassesATurnOn(t *testing.T) {
	p := newPool(1)
	p.mu.Lock()
	gone, next := p.enqueue("gone"), p.enqueue("next")
	p.next()
	p.mu.Unlock()
	<-gone.ready
	p.cancelWait(gone)
	select {
	case <-next.ready:
	default:
		t.Error("the next does not get the turn")
	}
}

func (p *pool) waiting(key string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.waiters[key]; t != nil {
		return t.waiting
	}
	return 0
}

// A caller who waits for another's connection waits only as long as its own context.
func TestPoolWaitsForAConnectionWithTheCallersContext(t *testing.T) {
	p := newPool(2)
	begun, end := make(chan struct{}), make(chan struct{})
	got := make(chan error, 1)
	go func() {
		_, release, err := p.lease(context.Background(), "a", func(context.Context) (*client, error) {
			close(begun)
			<-end
			return &client{close: func() {}}, nil
		})
		if err == nil {
			release()
		}
		got <- err
	}()
	<-begun
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := p.lease(ctx, "a", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("the caller who was gone: %v", err)
	}
	close(end)
	if err := <-got; err != nil || p.size() != 1 {
		t.Errorf("%v, %d kept", err, p.size())
	}
}

// A dropped client serves those who use it, and is closed with the last of them.
func TestPoolDropsAClientOnce(t *testing.T) {
	p := newPool(1)
	closed, made := 0, 0
	connect := func(context.Context) (*client, error) {
		made++
		return &client{close: func() { closed++ }}, nil
	}
	lease := func() (*client, func()) {
		c, release, err := p.lease(t.Context(), "a", connect)
		if err != nil {
			t.Fatal(err)
		}
		return c, release
	}
	old, release := lease()
	if !p.drop("a", old) || p.drop("a", old) || closed != 0 {
		t.Errorf("closed %d while in use", closed)
	}
	next, releaseNext := lease() // although the pool has room for one only
	if next == old || made != 2 {
		t.Errorf("%d made", made)
	}
	release()
	if closed != 1 || p.drop("a", old) {
		t.Errorf("closed %d", closed)
	}
	releaseNext()
	if !p.drop("a", next) || closed != 2 || p.size() != 0 {
		t.Errorf("closed %d, %d kept", closed, p.size())
	}
}
