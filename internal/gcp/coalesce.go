package gcp

import (
	"context"
	"sync"
)

// coalescer joins questions that arrive while a request is under way into the next one. The first question is sent at
// once: no caller waits for a window to close, and many callers still cost few requests.
type coalescer[K comparable, V any] struct {
	max   int // keys a request may carry
	fetch func(context.Context, []K) (map[K]V, error)

	mu      sync.Mutex
	queue   []*question[K, V]
	running bool
}

type question[K comparable, V any] struct {
	keys   []K
	answer chan answer[K, V]
	ctx    context.Context
}

type answer[K comparable, V any] struct {
	values map[K]V
	err    error
}

// ask returns the values of keys, of which there are at most max.
func (c *coalescer[K, V]) ask(ctx context.Context, keys []K) (map[K]V, error) {
	q := &question[K, V]{keys, make(chan answer[K, V], 1), context.WithoutCancel(ctx)}
	c.mu.Lock()
	c.queue = append(c.queue, q)
	if !c.running {
		c.running = true
		go c.run()
	}
	c.mu.Unlock()
	select {
	case a := <-q.answer:
		return a.values, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (c *coalescer[K, V]) run() {
	for {
		batch, keys := c.next()
		if len(batch) == 0 {
			return
		}
		values, err := c.fetch(batch[0].ctx, keys)
		for _, q := range batch {
			if err != nil && len(batch) > 1 {
				// One question may have made the request fail for the others.
				own, ownErr := c.fetch(q.ctx, q.keys)
				q.answer <- answer[K, V]{own, ownErr}
				continue
			}
			q.answer <- answer[K, V]{values, err}
		}
	}
}

// next takes as many questions off the queue as fit one request.
func (c *coalescer[K, V]) next() (batch []*question[K, V], keys []K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := map[K]bool{}
	for len(c.queue) > 0 {
		var added []K
		for _, k := range c.queue[0].keys {
			if !seen[k] {
				added = append(added, k)
			}
		}
		if len(batch) > 0 && len(keys)+len(added) > c.max {
			break
		}
		for _, k := range added {
			if !seen[k] {
				seen[k] = true
				keys = append(keys, k)
			}
		}
		batch, c.queue = append(batch, c.queue[0]), c.queue[1:]
	}
	if len(c.queue) == 0 {
		c.queue = nil // its array would keep questions and their contexts alive
	}
	c.running = len(batch) > 0
	return batch, keys
}
