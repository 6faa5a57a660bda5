package wait

import (
	"context"
	"fmt"
)

type guardKey struct{}

// WithGuard has check called right before each request of ctx that changes something is sent, repeated ones included. A
// request is not sent when check returns an error.
func WithGuard(ctx context.Context, check func(context.Context) error) context.Context {
	return context.WithValue(ctx, guardKey{}, check)
}

// CheckGuard calls the guard of ctx, if it has one. Its error is a *GuardError.
func CheckGuard(ctx context.Context) error {
	check, guarded := ctx.Value(guardKey{}).(func(context.Context) error)
	if !guarded {
		return nil
	}
	if err := check(ctx); err != nil {
		return &GuardError{err}
	}
	return nil
}

// GuardError is the error of a request that was not sent because the guard of its context refused it.
type GuardError struct{ cause error }

func (e *GuardError) Error() string {
	return fmt.Sprintf("the request was not sent, because this executor may no longer write: %v", e.cause)
}

func (e *GuardError) Unwrap() error { return e.cause }
