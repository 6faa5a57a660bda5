package cluster

import (
	"container/list"
	"context"
	"sync"
)

// pool keeps clients for a bounded number of clusters. One that is in use stays;
// of the idle ones the least recently used makes room. When all are in use, a
// newcomer waits for its turn or its context; turns are in the order in which
// clusters came, and each wakes only those who wait for that cluster.
type pool struct {
	max int

	mu      sync.Mutex
	clients map[string]*pooled
	idle    *list.List // of *pooled, least recently used first
	queue   *list.List // of *turn
	turns   map[string]*turn
}

// turn is that of one cluster which waits for room. While there is one, there is
// no idle client: whatever becomes idle makes room for the first turn.
type turn struct {
	key     string
	place   *list.Element
	waiting int
	come    chan struct{}
	entry   *pooled // in use by all who waited, once it has come
}

type pooled struct {
	key    string
	users  int
	idle   *list.Element
	once   sync.Mutex // held while connecting
	client *client
}

func newPool(size int) *pool {
	return &pool{max: size, clients: map[string]*pooled{}, idle: list.New(), queue: list.New(), turns: map[string]*turn{}}
}

// lease returns the client of key, connecting it when it is new. release must be
// called once.
func (p *pool) lease(ctx context.Context, key string, connect func(context.Context) (*client, error)) (c *client, release func(), err error) {
	entry, err := p.take(ctx, key)
	if err != nil {
		return nil, nil, err
	}
	entry.once.Lock()
	defer entry.once.Unlock()
	if entry.client == nil {
		if entry.client, err = connect(ctx); err != nil {
			p.giveBack(entry, true)
			return nil, nil, err
		}
	}
	return entry.client, func() { p.giveBack(entry, false) }, nil
}

func (p *pool) take(ctx context.Context, key string) (*pooled, error) {
	p.mu.Lock()
	entry, found := p.clients[key]
	if !found && (len(p.clients) < p.max || p.evict()) {
		entry = &pooled{key: key}
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
	case <-t.come:
		return t.entry, nil
	case <-ctx.Done():
		p.giveUp(t)
		return nil, context.Cause(ctx)
	}
}

// enqueue waits in the turn of a cluster; p.mu is held.
func (p *pool) enqueue(key string) *turn {
	t, found := p.turns[key]
	if !found {
		t = &turn{key: key, come: make(chan struct{})}
		t.place = p.queue.PushBack(t)
		p.turns[key] = t
	}
	t.waiting++
	return t
}

// next gives room to the first turn, if both are there; p.mu is held.
func (p *pool) next() {
	first := p.queue.Front()
	if first == nil || len(p.clients) >= p.max && !p.evict() {
		return
	}
	t := p.queue.Remove(first).(*turn)
	delete(p.turns, t.key)
	t.entry = &pooled{key: t.key, users: t.waiting}
	p.clients[t.key] = t.entry
	close(t.come)
}

// giveUp leaves a turn, or what it gave.
func (p *pool) giveUp(t *turn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.entry != nil {
		p.leave(t.entry, false)
		return
	}
	if t.waiting--; t.waiting == 0 {
		p.queue.Remove(t.place)
		delete(p.turns, t.key)
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
	if entry.client != nil {
		entry.client.close()
	}
	return true
}

// giveBack ends one use.
func (p *pool) giveBack(entry *pooled, failed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leave(entry, failed)
}

// leave ends one use; an entry that failed to connect is forgotten with its last
// user. p.mu is held.
func (p *pool) leave(entry *pooled, failed bool) {
	if entry.users--; entry.users > 0 {
		return
	}
	if failed && p.clients[entry.key] == entry {
		delete(p.clients, entry.key)
	} else {
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
