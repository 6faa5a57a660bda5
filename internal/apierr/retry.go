package apierr

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
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
	case e.OverQuota() || e.Code == http.StatusConflict || e.Code == http.StatusPreconditionFailed || Busy(e.Code) || BadGateway(e.Code):
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
	if Permanent(err) || errors.Is(err, context.Canceled) {
		return false
	}
	if Unconnected(err) {
		return true
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
	return !connecting && !Unconnected(err) && !notCalled(err)
}

// ProxyError is a proxy's refusal to connect to a server.
type ProxyError struct {
	Proxy string // its host
	Code  int    // its HTTP status
}

func (e *ProxyError) Error() string {
	return fmt.Sprintf("the proxy %s refuses the connection: %d %s", e.Proxy, e.Code, http.StatusText(e.Code))
}

// Unconnected reports whether a call found no server: nothing listens, the name is not known, or the proxy does not
// reach it.
func Unconnected(err error) bool {
	var network *net.OpError
	var name *net.DNSError
	var proxy *ProxyError
	if errors.As(err, &name) || errors.As(err, &proxy) {
		return true
	}
	return errors.As(err, &network) && (network.Op == "dial" || network.Op == "proxyconnect") && !network.Timeout()
}

// Permanent reports whether a call without an answer fails in the same way when it is repeated: for want of a token, of a
// server that can be trusted, or of an answer that can be read.
func Permanent(err error) bool {
	var plain tls.RecordHeaderError // the server does not speak TLS
	var proxy *ProxyError
	if errors.As(err, &proxy) {
		return proxy.Code < http.StatusInternalServerError && !Busy(proxy.Code)
	}
	return notCalled(err) || malformed(err) || errors.As(err, &plain)
}

// notCalled reports whether a call ended before its request was sent, for want of
// a token or of a server that could be trusted.
func notCalled(err error) bool {
	var token *TokenError
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &token) || errors.As(err, &certificate)
}
