package gcp

import (
	"context"
	"errors"
	"net/http"
	"time"

	"google.golang.org/api/gkehub/v1"
	hubv2 "google.golang.org/api/gkehub/v2"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/text"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
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
	var op operation
	// GKE Hub works on a resource for one caller at a time. Each attempt reads again what it is based on.
	pace := wait.Backoff{First: time.Second, Max: 15 * time.Second, Clock: c.clock}
	err = wait.Until(ctx, pace, "other changes of "+change.resource+" to finish, to "+change.doing,
		func(ctx context.Context) (_ bool, _ string, err error) {
			op, err = start(ctx)
			err = failed(err, change.doing, change.permission)
			if fleetBusy(err) {
				return false, err.Error(), nil
			}
			return err == nil, "", err
		})
	if err != nil {
		return err
	}
	return c.follow(ctx, change.doing, "gkehub.operations.get", op, func(ctx context.Context) (operation, error) {
		next, err := c.hub.Projects.Locations.Operations.Get(op.name).Context(ctx).Do()
		return hubOperation(next), err
	})
}

// fleetBusy reports whether GKE Hub refuses a change because it is at work on another.
func fleetBusy(err error) bool {
	var e *apierr.Error
	return apierr.Aborted(err) || errors.As(err, &e) && text.IsFleetBusy(e.Message) &&
		(e.Code == http.StatusConflict || e.Code == http.StatusBadRequest && e.Status == "FAILED_PRECONDITION")
}
