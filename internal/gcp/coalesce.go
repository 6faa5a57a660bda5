package gcp

import (
	"context"
	"slices"
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
	ctx    context.Context // that of the request, which serves others, too
	caller context.Context
}

type answer[K comparable, V any] struct {
	values map[K]V
	err    error
}

// ask returns the values of keys, of which there are at most max.
func (c *coalescer[K, V]) ask(ctx context.Context, keys []K) (map[K]V, error) {
	q := &question[K, V]{keys, make(chan answer[K, V], 1), context.WithoutCancel(ctx), ctx}
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
		batch := c.next()
		if len(batch) == 0 {
			return
		}
		c.serve(batch)
	}
}

// serve answers a batch with one request. One question may be what a request is refused for: then either half of the
// batch is asked for again, without those whose callers have gone.
func (c *coalescer[K, V]) serve(batch []*question[K, V]) {
	batch = slices.DeleteFunc(slices.Clone(batch), func(q *question[K, V]) bool { return q.caller.Err() != nil })
	if len(batch) == 0 {
		return
	}
	var keys []K
	seen := map[K]bool{}
	for _, q := range batch {
		for _, k := range q.keys {
			if !seen[k] {
				seen[k] = true
				keys = append(keys, k)
			}
		}
	}
	values, err := c.fetch(batch[0].ctx, keys)
	if err != nil && len(batch) > 1 && concernsContent(err) {
		c.serve(batch[:len(batch)/2])
		c.serve(batch[len(batch)/2:])
		return
	}
	for _, q := range batch {
		q.answer <- answer[K, V]{values, err}
	}
}

// next takes as many questions off the queue as fit one request.
func (c *coalescer[K, V]) next() (batch []*question[K, V]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen, keys := map[K]bool{}, 0
	for len(c.queue) > 0 {
		var added []K
		for _, k := range c.queue[0].keys {
			if !seen[k] {
				added = append(added, k)
			}
		}
		if len(batch) > 0 && keys+len(added) > c.max {
			break
		}
		for _, k := range added {
			if !seen[k] {
				seen[k] = true
				keys++
			}
		}
		batch, c.queue = append(batch, c.queue[0]), c.queue[1:]
	}
	if len(c.queue) == 0 {
		c.queue = nil // its array would keep questions and their contexts alive
	}
	c.running = len(batch) > 0
	return batch
}
