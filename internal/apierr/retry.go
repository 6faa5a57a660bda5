package apierr

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
)

// TokenError is the failure to get an access token; the API itself was not called.
type TokenError struct{ Err error }

func (e *TokenError) Error() string { return "cannot get an access token: " + e.Err.Error() }
func (e *TokenError) Unwrap() error { return e.Err }

// Busy reports whether a server that answers with this HTTP status did not do what
// it was asked to, and may do it a moment later.
func Busy(code int) bool {
	return code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable
}

// BadGateway reports whether a proxy on the way answers with this HTTP status for
// a server that it could not reach, or that may have done what it was asked to.
func BadGateway(code int) bool {
	return code == http.StatusBadGateway || code == http.StatusGatewayTimeout
}

// Retryable reports whether the same call may succeed a while later, after what it was based on has been read again: a
// quota, a busy server, a conflict, a connection that broke or was too slow. An interruption is not retryable.
func Retryable(err error) bool {
	called := false
	for e := range All(err) {
		if e.retryable() {
			return true
		}
		called = true
	}
	return !called && errors.Is(err, context.DeadlineExceeded)
}

func (e *Error) retryable() bool {
	switch {
	case e.Code == http.StatusConflict || e.Code == http.StatusPreconditionFailed || Busy(e.Code) || BadGateway(e.Code):
		return true
	case e.Code != 0:
		return false
	case e.Status != "": // an operation ended with it
		return slices.Contains([]string{"UNAVAILABLE", "ABORTED", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED"}, e.Status)
	case contains(e.Cause, func(*Error) bool { return true }): // an earlier call on the way failed
		return Retryable(e.Cause)
	}
	return connectionFailed(e.Cause)
}

// Ambiguous reports whether a write that failed with err may have happened: it was
// interrupted, or sent and not answered, the answer (5xx) or its content leaves it
// open, or the end of its operation was not seen. It says nothing about a read.
func Ambiguous(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	return contains(err, func(e *Error) bool { return e.Ambiguous })
}

// connectionFailed reports whether err is about a connection rather than about what was said over it.
func connectionFailed(err error) bool {
	if notCalled(err) || errors.Is(err, context.Canceled) {
		return false
	}
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.As(err, &network)
}

// MayHaveArrived reports whether a request that was not answered may have reached
// the server: it did not without a token or a connection.
func MayHaveArrived(err error) bool {
	var network *net.OpError
	connecting := errors.As(err, &network) && (network.Op == "dial" || network.Op == "proxyconnect")
	return !connecting && !notCalled(err)
}

// notCalled reports whether a call ended before its request was sent, for want of
// a token or of a server that could be trusted.
func notCalled(err error) bool {
	var token *TokenError
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &token) || errors.As(err, &certificate)
}
