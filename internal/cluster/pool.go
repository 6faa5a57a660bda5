package cluster

import (
	"container/list"
	"context"
	"sync"
)

// pool keeps clients for a bounded number of clusters. One that is in use stays;
// of the idle ones the least recently used makes room. When all are in use, a
// newcomer waits for its turn or its context.
type pool struct {
	max int

	mu      sync.Mutex
	clients map[string]*pooled
	idle    *list.List    // of *pooled, least recently used first
	freed   chan struct{} // closed when a client becomes idle or goes
}

type pooled struct {
	key    string
	users  int
	idle   *list.Element
	once   sync.Mutex // held while connecting
	client *client
}

func newPool(size int) *pool {
	return &pool{max: size, clients: map[string]*pooled{}, idle: list.New(), freed: make(chan struct{})}
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
	for {
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
		freed := p.freed
		p.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
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

// giveBack ends one use; an entry that failed to connect is forgotten with its
// last user.
func (p *pool) giveBack(entry *pooled, failed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if entry.users--; entry.users > 0 {
		return
	}
	if failed && p.clients[entry.key] == entry {
		delete(p.clients, entry.key)
	} else {
		entry.idle = p.idle.PushBack(entry)
	}
	close(p.freed)
	p.freed = make(chan struct{})
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
