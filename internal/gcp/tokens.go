package gcp

import (
	"context"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
)

// tokenTimeout bounds getting one token, with all its repeated requests.
const tokenTimeout = 30 * time.Second

// sharedTokens get one token at a time for all callers, none of whom waits for longer than its own context: a
// TokenSource knows no context.
type sharedTokens struct {
	source oauth2.TokenSource
	flight singleflight.Group

	mu    sync.Mutex
	token *oauth2.Token
}

// get returns a valid token. The error is a *apierr.TokenError, or ctx's.
func (s *sharedTokens) get(ctx context.Context) (*oauth2.Token, error) {
	s.mu.Lock()
	token := s.token
	s.mu.Unlock()
	// The source renews a token some time before it expires, so the last one is asked for again by then.
	if token.Valid() && (token.Expiry.IsZero() || time.Until(token.Expiry) > 5*time.Minute) {
		return token, nil
	}
	result := s.flight.DoChan("", func() (any, error) {
		token, err := s.source.Token()
		if err != nil {
			return (*oauth2.Token)(nil), err
		}
		s.mu.Lock()
		s.token = token
		s.mu.Unlock()
		return token, nil
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-result:
		if r.Err != nil {
			return nil, &apierr.TokenError{Err: r.Err}
		}
		return r.Val.(*oauth2.Token), nil
	}
}
