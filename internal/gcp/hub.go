package gcp

import (
	"context"

	"google.golang.org/api/gkehub/v1"
	hubv2 "google.golang.org/api/gkehub/v2"

	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// hubOperation is what GKE Hub's two versions tell of a long-running operation.
type hubOperation struct {
	name    string
	done    bool
	code    int64 // of its error; 0 is none
	message string
}

func hubOperationOf(op *gkehub.Operation) hubOperation {
	switch {
	case op == nil:
		return hubOperation{}
	case op.Error != nil:
		return hubOperation{op.Name, op.Done, op.Error.Code, op.Error.Message}
	}
	return hubOperation{name: op.Name, done: op.Done}
}

func hubOperationOfV2(op *hubv2.Operation) hubOperation {
	switch {
	case op == nil:
		return hubOperation{}
	case op.Error != nil:
		return hubOperation{op.Name, op.Done, op.Error.Code, op.Error.Message}
	}
	return hubOperation{name: op.Name, done: op.Done}
}

// changeHub makes one change of a fleet's resource at a time, and waits for its
// end. Operations of v2 are followed through v1: they are the same service's.
func (c *Client) changeHub(ctx context.Context, project, resource, doing, permission string, start func(context.Context) (hubOperation, error)) error {
	ctx = chargedTo(ctx, project)
	unlock, err := c.writers.Lock(ctx, resource)
	if err != nil {
		return err
	}
	defer unlock()
	op, err := start(ctx)
	if err != nil {
		return failed(err, doing, permission)
	}
	begun := true // op is as good as new: it need not be asked for at once
	return wait.Until(ctx, c.backoff(), "operation "+op.name+" to "+doing, func(ctx context.Context) (bool, string, error) {
		if !op.done && !begun {
			next, err := c.hub.Projects.Locations.Operations.Get(op.name).Context(ctx).Do()
			if err != nil {
				return false, "", unfollowed(err, doing, "gkehub.operations.get")
			}
			op = hubOperationOf(next)
		}
		begun = false
		if op.done && op.code != 0 {
			return false, "", operationError(doing, op.code, op.message)
		}
		return op.done, "operation " + op.name + " is not done", nil
	})
}
