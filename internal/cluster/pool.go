package cluster

import (
	"container/list"
	"context"
	"sync"
	"sync/atomic"
)

// pool keeps clients for a bounded number of clusters. One that is in use stays; of the idle ones the least recently
// used is closed for a new one. When all are in use, a caller waits until there is room or its context ends. Clusters
// get room in the order of their first callers, and only the callers of that cluster wake.
type pool struct {
	max int

	mu      sync.Mutex
	clients map[string]*pooled
	idle    *list.List // of *pooled, least recently used first
	queue   *list.List // of *waiter
	waiters map[string]*waiter
}

// waiter is a cluster that waits for room. While there is one, no client is idle: a
// client that becomes idle is closed for the first waiter.
type waiter struct {
	key     string
	element *list.Element
	waiting int
	ready   chan struct{}
	entry   *pooled // in use by all who waited, once ready is closed
}

type pooled struct {
	key        string
	users      int
	idle       *list.Element
	dropped    bool          // is closed with the end of its last use
	connecting chan struct{} // is full while a caller connects
	client     atomic.Pointer[client]
}

func newPooled(key string, users int) *pooled {
	return &pooled{key: key, users: users, connecting: make(chan struct{}, 1)}
}

func newPool(size int) *pool {
	return &pool{max: size, clients: map[string]*pooled{}, idle: list.New(), queue: list.New(), waiters: map[string]*waiter{}}
}

// lease returns the client of key, connecting it when it is new. release must be called once.
func (p *pool) lease(ctx context.Context, key string, connect func(context.Context) (*client, error)) (c *client, release func(),
	err error) {
	entry, err := p.take(ctx, key)
	if err != nil {
		return nil, nil, err
	}
	select {
	case entry.connecting <- struct{}{}:
	case <-ctx.Done():
		p.release(entry, entry.client.Load() == nil)
		return nil, nil, context.Cause(ctx)
	}
	defer func() { <-entry.connecting }()
	if c = entry.client.Load(); c == nil {
		if c, err = connect(ctx); err != nil {
			p.release(entry, true)
			return nil, nil, err
		}
		entry.client.Store(c)
	}
	return c, func() { p.release(entry, false) }, nil
}

// drop has the next caller of key connect anew, unless another client than c is kept for it by now. Those who use c keep it.
func (p *pool) drop(key string, c *client) (dropped bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	entry, found := p.clients[key]
	if !found || entry.client.Load() != c {
		return false
	}
	delete(p.clients, key)
	entry.dropped = true
	if entry.idle != nil {
		p.idle.Remove(entry.idle)
		entry.idle = nil
		c.close()
	}
	p.next()
	return true
}

func (p *pool) take(ctx context.Context, key string) (*pooled, error) {
	p.mu.Lock()
	entry, found := p.clients[key]
	if !found && (len(p.clients) < p.max || p.evict()) {
		entry = newPooled(key, 0)
		p.clients[key], found = entry, true
	}
	if found {
		entry.users++
		if entry.idle != nil {
			p.idle.Remove(entry.idle)
			entry.idle = nil
		}
		p.mu.Unlock()
		return entry, nil
	}
	t := p.enqueue(key)
	p.mu.Unlock()
	select {
	case <-t.ready:
		return t.entry, nil
	case <-ctx.Done():
		p.cancelWait(t)
		return nil, context.Cause(ctx)
	}
}

// enqueue adds a caller to those that wait for a cluster; p.mu is held.
func (p *pool) enqueue(key string) *waiter {
	t, found := p.waiters[key]
	if !found {
		t = &waiter{key: key, ready: make(chan struct{})}
		t.element = p.queue.PushBack(t)
		p.waiters[key] = t
	}
	t.waiting++
	return t
}

// next gives room to the first waiter, if there is room; p.mu is held.
func (p *pool) next() {
	first := p.queue.Front()
	if first == nil || len(p.clients) >= p.max && !p.evict() {
		return
	}
	t := p.queue.Remove(first).(*waiter)
	delete(p.waiters, t.key)
	t.entry = newPooled(t.key, t.waiting)
	p.clients[t.key] = t.entry
	close(t.ready)
}

// cancelWait leaves the queue, or releases the client that the wait gave.
func (p *pool) cancelWait(t *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.entry != nil {
		p.endUse(t.entry, false)
		return
	}
	if t.waiting--; t.waiting == 0 {
		p.queue.Remove(t.element)
		delete(p.waiters, t.key)
	}
}

// evict closes the client that has been idle longest; p.mu is held.
func (p *pool) evict() bool {
	oldest := p.idle.Front()
	if oldest == nil {
		return false
	}
	entry := p.idle.Remove(oldest).(*pooled)
	delete(p.clients, entry.key)
	if c := entry.client.Load(); c != nil {
		c.close()
	}
	return true
}

// release ends one use.
func (p *pool) release(entry *pooled, failed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endUse(entry, failed)
}

// endUse ends one use; an entry that failed to connect is forgotten with its last user. p.mu is held.
func (p *pool) endUse(entry *pooled, failed bool) {
	if entry.users--; entry.users > 0 {
		return
	}
	switch {
	case entry.dropped:
		entry.client.Load().close()
	case failed && p.clients[entry.key] == entry:
		delete(p.clients, entry.key)
	default:
		entry.idle = p.idle.PushBack(entry)
	}
	p.next()
}

func (p *pool) size() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.clients)
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.evict() {
	}
}
