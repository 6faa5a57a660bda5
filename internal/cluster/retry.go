package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"

	"golang.org/x/oauth2"
)

// Retryable reports whether the same request may succeed a while later, after what
// it was based on has been read again: a busy server or gateway, a conflict, a
// connection that broke or was too slow. An interruption is not among them.
func Retryable(err error) bool {
	for e := range Errors(err) {
		switch e.Code {
		case http.StatusTooManyRequests, http.StatusConflict, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		case 0:
			if brokeOff(e.cause) {
				return true
			}
		}
	}
	return false
}

// Doubtful reports whether err leaves open if a write happened: it was interrupted
// or not answered after it may have been sent, the answer says so (5xx) or could
// not be read. Of a read it means nothing.
func Doubtful(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	for e := range Errors(err) {
		unreadable := e.Code >= 200 && e.Code < 300
		if e.Code >= http.StatusInternalServerError || unreadable || e.Code == 0 && e.sent && mayHaveArrived(e.cause) {
			return true
		}
	}
	return false
}

// identityError is the failure to get a token: the cluster itself was not asked.
type identityError struct{ err error }

func (e *identityError) Error() string { return e.err.Error() }
func (e *identityError) Unwrap() error { return e.err }

// tokens names the failures of a source of tokens.
type tokens struct{ oauth2.TokenSource }

func (t tokens) Token() (*oauth2.Token, error) {
	token, err := t.TokenSource.Token()
	if err != nil {
		err = &identityError{err}
	}
	return token, err
}

// brokeOff reports whether err is of a connection rather than of what was said
// over it.
func brokeOff(err error) bool {
	var identity *identityError
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &identity) || errors.As(err, &certificate) || errors.Is(err, context.Canceled) {
		return false
	}
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &network)
}

// mayHaveArrived reports whether a request that was not answered may have reached
// the cluster: not one for which there was no token or no connection.
func mayHaveArrived(err error) bool {
	var identity *identityError
	var network *net.OpError
	var certificate *tls.CertificateVerificationError
	connecting := errors.As(err, &network) && (network.Op == "dial" || network.Op == "proxyconnect")
	return !connecting && !errors.As(err, &identity) && !errors.As(err, &certificate)
}
