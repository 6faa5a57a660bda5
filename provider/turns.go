package provider

import (
	"context"
	"sync"
)

// turns let runs on one target follow each other. Two resources of one apply may
// trigger the same action at the same time; the lock of the runs' store would
// refuse the second.
type turns struct {
	mu     sync.Mutex
	queues map[string]chan struct{}
}

// take waits for the turn of a target. The caller ends it.
func (t *turns) take(ctx context.Context, target string) (end func(), err error) {
	t.mu.Lock()
	if t.queues == nil {
		t.queues = map[string]chan struct{}{}
	}
	if t.queues[target] == nil {
		t.queues[target] = make(chan struct{}, 1)
	}
	queue := t.queues[target]
	t.mu.Unlock()
	select {
	case queue <- struct{}{}:
		return func() { <-queue }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
