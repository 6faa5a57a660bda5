package gcp

import (
	"net/http"
)

// codes are google.rpc.Code's names, for operations that end in an error.
var codes = map[int64]string{
	1: "CANCELLED", 2: "UNKNOWN", 3: "INVALID_ARGUMENT", 4: "DEADLINE_EXCEEDED", 5: "NOT_FOUND", 6: "ALREADY_EXISTS",
	7: "PERMISSION_DENIED", 8: "RESOURCE_EXHAUSTED", 9: "FAILED_PRECONDITION", 10: "ABORTED", 11: "OUT_OF_RANGE",
	12: "UNIMPLEMENTED", 13: "INTERNAL", 14: "UNAVAILABLE", 15: "DATA_LOSS", 16: "UNAUTHENTICATED",
}

// operationError is the failure that a long-running operation ended with. Its
// call was accepted, so it has no HTTP status of its own.
func operationError(doing string, code int64, message string) error {
	e := &Error{Doing: doing, Status: codes[code], Message: message}
	if e.Message == "" {
		e.Message = "the operation failed without a message"
	}
	switch code {
	case 10:
		e.Code = http.StatusConflict
	case 7:
		e.Code = http.StatusForbidden
	}
	e.Next = "The operation was accepted and then failed; what it changed before that is shown by the next plan."
	return e
}
