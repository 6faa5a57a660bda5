package gcp

import (
	"context"
	"errors"
	"net/http"

	"google.golang.org/api/googleapi"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
)

// failed turns any failure of a call into an *apierr.Error. permission is the one
// that the call needs, for the next step when the API does not name it.
func failed(err error, doing, permission string) error {
	var already *apierr.Error
	if err == nil || errors.As(err, &already) || errors.Is(err, context.Canceled) {
		return err
	}
	e := &apierr.Error{Doing: doing, Cause: err}
	var refused *googleapi.Error
	if errors.As(err, &refused) {
		e.Source, e.Code, e.Ambiguous = apierr.GoogleAPI, refused.Code, refused.Header.Get(unansweredHeader) != ""
		if !e.DecodeGoogle([]byte(refused.Body)) && refused.Message != "" {
			e.Message = refused.Message
		}
		return e.Refused(permission)
	}
	var unanswered *unansweredError
	e.Ambiguous = errors.As(err, &unanswered)
	return e.Unanswered(err)
}

// concernsContent reports whether a request failed for what it asks, rather than for its time, its caller or the way there.
func concernsContent(err error) bool {
	err = failed(err, "", "")
	var e *apierr.Error
	return !apierr.Retryable(err) && !apierr.Permanent(err) && (!errors.As(err, &e) || e.Code != http.StatusUnauthorized)
}

// unfollowed is failed for an operation whose end was not seen.
func unfollowed(err error, doing, permission string) error {
	err = failed(err, "follow the operation to "+doing, permission)
	var e *apierr.Error
	if errors.As(err, &e) {
		e.Ambiguous = true
	}
	return err
}
