package provider

import (
	"context"
	"slices"
	"sync"

	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
)

// declarations are what the resources of this process declared, and what is being taken back. Two instances may be about
// the same: the old and the new one of a replacement that creates before it destroys, or one that was renamed. What one
// of them declared must not be taken away when the other is destroyed.
type declarations struct {
	mu       sync.Mutex
	declared []subject
	undoing  map[*subject]chan struct{}
	replaced []handover
}

// handover is what an instance that is replaced by another of the same subject changed. The other one takes it over.
type handover struct {
	subject subject
	change  prereq.Change
}

// declare notes that a resource is about to be brought about, and waits until nothing of its subject is being taken back.
func (d *Data) declare(ctx context.Context, s subject) error {
	c := &d.declarations
	c.mu.Lock()
	c.declared = append(c.declared, s)
	undoing := map[*subject]chan struct{}{}
	for other, done := range c.undoing {
		undoing[other] = done
	}
	c.mu.Unlock()
	for other, done := range undoing {
		if !d.sameSubject(ctx, *other, s) {
			continue
		}
		select {
		case <-done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// undo begins to take back what a resource changed. held are the parts of its subject that another instance declared;
// all is true where that is the whole of it. done ends it.
func (d *Data) undo(ctx context.Context, s subject) (held []string, all bool, done func()) {
	c := &d.declarations
	c.mu.Lock()
	declared := slices.Clone(c.declared)
	if c.undoing == nil {
		c.undoing = map[*subject]chan struct{}{}
	}
	ended := make(chan struct{})
	c.undoing[&s] = ended
	c.mu.Unlock()
	for _, other := range declared {
		if d.sameSubject(ctx, other, s) {
			held, all = append(held, other.parts...), all || other.parts == nil
		}
	}
	return held, all, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.undoing, &s)
		close(ended)
	}
}

// handOver leaves a change to the instance that replaces this one.
func (d *Data) handOver(s subject, change prereq.Change) {
	c := &d.declarations
	c.mu.Lock()
	defer c.mu.Unlock()
	c.replaced = append(c.replaced, handover{s, change})
}

// takeOver returns what was left to the instance of this subject, and forgets it.
func (d *Data) takeOver(ctx context.Context, s subject) prereq.Change {
	c := &d.declarations
	c.mu.Lock()
	waiting := slices.Clone(c.replaced)
	c.mu.Unlock()
	for _, h := range waiting {
		if !d.sameSubject(ctx, h.subject, s) {
			continue
		}
		c.mu.Lock()
		c.replaced = slices.DeleteFunc(c.replaced, func(other handover) bool { return other.change.Subject == h.change.Subject })
		c.mu.Unlock()
		return h.change
	}
	return prereq.Change{}
}
