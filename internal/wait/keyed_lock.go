package wait

import (
	"context"
	"sync"
)

// KeyedLock is one lock for each key. The zero value has none locked.
type KeyedLock struct {
	mu    sync.Mutex
	locks map[string]chan struct{}
}

// Lock waits for the lock of key, or until ctx ends; then it returns ctx's error.
func (l *KeyedLock) Lock(ctx context.Context, key string) (unlock func(), err error) {
	l.mu.Lock()
	if l.locks == nil {
		l.locks = map[string]chan struct{}{}
	}
	lock, found := l.locks[key]
	if !found {
		lock = make(chan struct{}, 1)
		l.locks[key] = lock
	}
	l.mu.Unlock()
	select {
	case lock <- struct{}{}:
		return func() { <-lock }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
