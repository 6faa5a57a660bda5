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

	mu     sync.Mutex
	values map[K]kept[V]
	epochs map[K]int // counts calls of forget, so that a read that started before a write is not kept
	age    int       // counts calls of clear
}

type kept[V any] struct {
	value V
	at    time.Time
}

func (m *memo[K, V]) setClock(c wait.Clock) { m.clock = c }

// get returns the kept value, or reads it. The read goes on when the caller that started it ends, because others may
// wait for it; each caller stops waiting when its own context ends.
func (m *memo[K, V]) get(ctx context.Context, key K, read func(context.Context) (V, error)) (V, error) {
	m.mu.Lock()
	if k, found := m.values[key]; found && m.clock.Now().Sub(k.at) < freshFor {
		m.mu.Unlock()
		return k.value, nil
	}
	epoch, age := m.epochs[key], m.age
	m.mu.Unlock()

	result := m.flight.DoChan(m.flightOf(key, age), func() (any, error) {
		value, err := read(context.WithoutCancel(ctx))
		if err == nil {
			m.mu.Lock()
			if m.epochs[key] == epoch && m.age == age {
				m.keep(key, value)
			}
			m.mu.Unlock()
		}
		return value, err
	})
	select {
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	case r := <-result:
		return r.Val.(V), r.Err
	}
}

// forget makes the next get send a request.
func (m *memo[K, V]) forget(key K) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.advance(key)
	delete(m.values, key)
	m.flight.Forget(m.flightOf(key, m.age))
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
