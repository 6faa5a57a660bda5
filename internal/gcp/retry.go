package gcp

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
)

// Retryable reports whether the same call may succeed a while later, after what it
// was based on has been read again: quota, an API that is busy, a conflict, a
// connection that broke or that was too slow. An interruption is not among them.
func Retryable(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return errors.Is(err, context.DeadlineExceeded)
	}
	switch e.Code {
	case http.StatusTooManyRequests, http.StatusConflict, http.StatusPreconditionFailed,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	case 0:
		// With a status an operation ended; without one, no answer was read.
		if e.Status != "" {
			return slices.Contains([]string{"UNAVAILABLE", "ABORTED", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED"}, e.Status)
		}
		return brokeOff(e.cause)
	}
	return false
}

// Doubtful reports whether err leaves open if a write happened: it was interrupted
// or not answered after it may have been sent, an answer said so (5xx) or could not
// be read, or the end of an operation was not seen. Of a read it means nothing.
func Doubtful(err error) bool {
	var e *Error
	var lost *lostError
	switch {
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.As(err, &lost):
		return true
	case !errors.As(err, &e):
		return false
	}
	return e.lost || e.Code >= http.StatusInternalServerError || e.Code == 0 && isMalformed(e.cause)
}

// brokeOff reports whether err is of a connection rather than of what was said
// over it.
func brokeOff(err error) bool {
	var identity *identityError
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &identity) || errors.As(err, &certificate) {
		return false
	}
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &network)
}
