package gcp

import (
	"context"

	"google.golang.org/api/gkehub/v1"
	hubv2 "google.golang.org/api/gkehub/v2"
)

func hubOperation(op *gkehub.Operation) operation {
	switch {
	case op == nil:
		return operation{}
	case op.Error != nil:
		return operation{name: op.Name, done: op.Done, code: errorCode(op.Error.Code), message: op.Error.Message}
	}
	return operation{name: op.Name, done: op.Done}
}

func hubOperationV2(op *hubv2.Operation) operation {
	switch {
	case op == nil:
		return operation{}
	case op.Error != nil:
		return operation{name: op.Name, done: op.Done, code: errorCode(op.Error.Code), message: op.Error.Message}
	}
	return operation{name: op.Name, done: op.Done}
}

// hubChange is a change of one of a fleet's resources in GKE Hub.
type hubChange struct {
	project    string // the fleet's host project
	resource   string // name of the resource; its changes follow each other
	doing      string
	permission string
}

// changeHub makes one change of a fleet's resource at a time, and waits for its
// end. Operations of v2 are followed through v1: they are the same service's.
func (c *Client) changeHub(ctx context.Context, change hubChange, start func(context.Context) (operation, error)) error {
	ctx = chargedTo(ctx, change.project)
	unlock, err := c.writers.Lock(ctx, change.resource)
	if err != nil {
		return err
	}
	defer unlock()
	op, err := start(ctx)
	if err != nil {
		return failed(err, change.doing, change.permission)
	}
	return c.follow(ctx, change.doing, "gkehub.operations.get", op, func(ctx context.Context) (operation, error) {
		next, err := c.hub.Projects.Locations.Operations.Get(op.name).Context(ctx).Do()
		return hubOperation(next), err
	})
}
