package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// callPatience is how long a call is tried again. It is shorter than a journal waits for an entry.
const callPatience = 20 * time.Second

// retry makes a call again while the API server is out of reach or busy. A call that writes has to bear that the one
// before did succeed. What the API server refuses comes back at once.
func (k *Kube) retry(ctx context.Context, doing string, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, callPatience)
	defer cancel()
	var last error
	err := wait.Until(ctx, wait.Backoff{First: 200 * time.Millisecond, Max: 3 * time.Second, Clock: k.o.Clock}, "the API server",
		func(ctx context.Context) (bool, string, error) {
			err := call(ctx)
			if err == nil {
				return true, "", nil
			}
			if transient(err) {
				last = err
				return false, err.Error(), nil
			}
			return false, "", err
		})
	if err == nil {
		return nil
	}
	var expired *wait.Expired
	if errors.As(err, &expired) && last != nil {
		return fmt.Errorf("cannot %s in namespace %s: %w (tried for %s)\n\n%s", doing, k.namespace, last, expired.After.Round(time.Second),
			"Look whether the cluster that keeps the runs can be reached.")
	}
	if final(err) {
		return err
	}
	next := ""
	if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
		next = fmt.Sprintf("\n\nWho runs this needs, in namespace %s: get, create and update on leases of coordination.k8s.io; "+
			"get, list, create and patch on configmaps, and to remove runs also delete.", k.namespace)
	}
	return fmt.Errorf("cannot %s in namespace %s: %w%s", doing, k.namespace, err, next)
}

// final reports whether err is this program's own and says all there is to say.
func final(err error) bool {
	var overtaken *OvertakenError
	var lost *LostError
	var held *HeldError
	var alien *alienError
	return errors.As(err, &overtaken) || errors.As(err, &lost) || errors.As(err, &held) || errors.As(err, &alien)
}

// transient reports whether the same call may succeed later.
func transient(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return !final(err) // no answer, or one that makes no sense
	}
	return apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) || apierrors.IsTooManyRequests(err) ||
		apierrors.IsInternalError(err) || apierrors.IsServiceUnavailable(err) || status.Status().Code >= 500
}
