package gcp

import (
	"context"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// freshFor is how long a read is shared. It spans the reads of one Terraform
// walk, and is short against what people change by hand.
const freshFor = time.Minute

// memo shares reads: callers that ask for a key at the same time wait for one request, and its answer serves later
// callers until it is old or forgotten. Failures are not kept.
type memo[K ~string, V any] struct {
	flight singleflight.Group
	clock  wait.Clock

	mu      sync.Mutex
	values  map[K]kept[V]
	flights map[string]*flight
	epochs  map[K]int // counts calls of forget, so that a read that started before a write is not kept
	age     int       // counts calls of clear
}

type kept[V any] struct {
	value V
	at    time.Time
}

func (m *memo[K, V]) setClock(c wait.Clock) { m.clock = c }

// flight is a read under way.
type flight struct {
	ctx     context.Context
	cancel  context.CancelFunc
	waiting int // callers
}

// get returns the kept value, or reads it. Each caller stops waiting when its own context ends. The read goes on when
// the caller that started it ends, because others may wait for it; it ends when all have gone.
func (m *memo[K, V]) get(ctx context.Context, key K, read func(context.Context) (V, error)) (V, error) {
	m.mu.Lock()
	if k, found := m.values[key]; found && m.clock.Now().Sub(k.at) < freshFor {
		m.mu.Unlock()
		return k.value, nil
	}
	epoch, age := m.epochs[key], m.age
	name := m.flightOf(key, age)
	f := m.board(ctx, name)
	m.mu.Unlock()

	result := m.flight.DoChan(name, func() (any, error) {
		value, err := read(f.ctx)
		m.mu.Lock()
		if err == nil && m.epochs[key] == epoch && m.age == age {
			m.keep(key, value)
		}
		m.mu.Unlock()
		return value, err
	})
	defer m.leave(name, f)
	select {
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	case r := <-result:
		return r.Val.(V), r.Err
	}
}

func (m *memo[K, V]) board(ctx context.Context, name string) *flight {
	f := m.flights[name]
	if f == nil {
		f = &flight{}
		f.ctx, f.cancel = context.WithCancel(context.WithoutCancel(ctx))
		if m.flights == nil {
			m.flights = map[string]*flight{}
		}
		m.flights[name] = f
	}
	f.waiting++
	return f
}

func (m *memo[K, V]) leave(name string, f *flight) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f.waiting--; f.waiting > 0 {
		return
	}
	f.cancel()
	if m.flights[name] == f {
		delete(m.flights, name)
		m.flight.Forget(name)
	}
}

// forget makes the next get send a request.
func (m *memo[K, V]) forget(key K) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.advance(key)
	delete(m.values, key)
	name := m.flightOf(key, m.age)
	delete(m.flights, name)
	m.flight.Forget(name)
}

// clear drops every value. Reads in flight finish for the callers that wait for them, and serve no others.
func (m *memo[K, V]) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.age++
	clear(m.values)
}

func (m *memo[K, V]) flightOf(key K, age int) string { return strconv.Itoa(age) + " " + string(key) }

func (m *memo[K, V]) keep(key K, value V) {
	if m.values == nil {
		m.values = map[K]kept[V]{}
	}
	m.values[key] = kept[V]{value, m.clock.Now()}
}

func (m *memo[K, V]) advance(key K) {
	if m.epochs == nil {
		m.epochs = map[K]int{}
	}
	m.epochs[key]++
}
