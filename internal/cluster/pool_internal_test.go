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
	if _, release, err := p.lease(t.Context(), "a", func(context.Context) (*client, error) { return &client{close: func() {}}, nil }); err != nil {
		t.Error(err)
	} else {
		release()
	}
}
