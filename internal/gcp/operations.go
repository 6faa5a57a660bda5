package gcp

import (
	"net/http"

	"google.golang.org/genproto/googleapis/rpc/code"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
)

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
