package gcp

import (
	"cmp"
	"context"
	"net/http"

	"google.golang.org/genproto/googleapis/rpc/code"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// operation is what an API says about a long-running operation.
type operation struct {
	name    string
	done    bool
	state   string // RUNNING; "" for the APIs that say only whether it is done
	code    int64  // google.rpc.Code of its error; 0 is none
	message string
}

// follow waits until an operation is done. op is the answer of the call that started it, so the first poll follows a
// pause; permission is the one that poll needs. The error is the operation's, or that its end was not seen.
func (c *Client) follow(
	ctx context.Context, doing, permission string, op operation, poll func(context.Context) (operation, error),
) error {
	first := true
	return wait.Until(ctx, c.backoff(), "operation "+op.name+" to "+doing, func(ctx context.Context) (bool, string, error) {
		if !op.done && !first {
			next, err := poll(ctx)
			if err != nil {
				return false, "", unfollowed(err, doing, permission)
			}
			op = next
		}
		first = false
		switch {
		case op.done && op.code != 0:
			return false, "", operationError(doing, op.code, op.message)
		case op.state != "":
			return op.done, "operation " + op.name + " is " + op.state, nil
		}
		return op.done, "operation " + op.name + " is not done", nil
	})
}

// errorCode is the code of an operation's error. An error without one is unknown, never OK.
func errorCode(given int64) int64 { return cmp.Or(given, int64(code.Code_UNKNOWN)) }

// operationError is the failure that a long-running operation ended with. Its
// call was accepted, so it has no HTTP status of its own.
func operationError(doing string, ended int64, message string) error {
	e := &apierr.Error{Doing: doing, Source: apierr.GoogleAPI, Status: code.Code_name[int32(ended)], Message: message}
	if e.Message == "" {
		e.Message = "the operation failed without a message"
	}
	switch code.Code(ended) {
	case code.Code_ABORTED:
		e.Code = http.StatusConflict
	case code.Code_PERMISSION_DENIED:
		e.Code = http.StatusForbidden
	}
	e.Next = "The operation was accepted and then failed; what it changed before that is shown by the next plan."
	return e
}
