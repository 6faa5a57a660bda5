package contract

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// errorBody is the description of an error answer, in the form of a discovery document, though none of these
// describes it: the envelope of https://cloud.google.com/apis/design/errors with the older list "errors".
var errorBody = &document{ID: "error", Schemas: map[string]*schema{
	"ErrorResponse": {Type: "object", Properties: map[string]*schema{"error": {Ref: "Error"}}},
	"Error": {Type: "object", Properties: map[string]*schema{
		"code":    {Type: "integer", Format: "int32"},
		"message": {Type: "string"},
		"status":  {Type: "string"},
		"errors":  {Type: "array", Items: &schema{Ref: "LegacyError"}},
		"details": {Type: "array", Items: &schema{Type: "object",
			AdditionalProperties: &schema{Type: "any", Description: "Contains field @type."}}},
	}},
	"LegacyError": {Type: "object", Properties: map[string]*schema{
		"domain":       {Type: "string"},
		"reason":       {Type: "string"},
		"message":      {Type: "string"},
		"location":     {Type: "string"},
		"locationType": {Type: "string"},
		"extendedHelp": {Type: "string"},
	}},
}}

// statuses are the values of google.rpc.Code that go with an HTTP status, from google/rpc/code.proto.
var statuses = map[int][]string{
	http.StatusBadRequest:          {"INVALID_ARGUMENT", "FAILED_PRECONDITION", "OUT_OF_RANGE"},
	http.StatusUnauthorized:        {"UNAUTHENTICATED"},
	http.StatusForbidden:           {"PERMISSION_DENIED"},
	http.StatusNotFound:            {"NOT_FOUND"},
	http.StatusConflict:            {"ALREADY_EXISTS", "ABORTED"},
	http.StatusTooManyRequests:     {"RESOURCE_EXHAUSTED"},
	499:                            {"CANCELLED"},
	http.StatusInternalServerError: {"INTERNAL", "UNKNOWN", "DATA_LOSS"},
	http.StatusNotImplemented:      {"UNIMPLEMENTED"},
	http.StatusServiceUnavailable:  {"UNAVAILABLE"},
	http.StatusGatewayTimeout:      {"DEADLINE_EXCEEDED"},
}

// checkError checks the body of an answer that is not a success.
func checkError(status int, body any, report func(path, message string)) {
	w := &walker{doc: errorBody, response: true, report: report}
	w.value("$", body, &schema{Ref: "ErrorResponse"})

	object, _ := body.(map[string]any)
	e, ok := object["error"].(map[string]any)
	if !ok {
		report("$.error", "is missing")
		return
	}
	if code, ok := e["code"].(json.Number); !ok || code.String() != fmt.Sprint(status) {
		report("$.error.code", fmt.Sprintf("is %s, and the HTTP status is %d", describe(e["code"]), status))
	}
	if message, _ := e["message"].(string); message == "" {
		report("$.error.message", "is missing")
	}
	name, _ := e["status"].(string)
	switch expected, ok := statuses[status]; {
	case !ok:
		report("$.error.code", fmt.Sprintf("is %d, which is no HTTP status of a google.rpc.Code", status))
	case !slices.Contains(expected, name):
		report("$.error.status", fmt.Sprintf("is %q, which does not go with the HTTP status %d: %v do", name, status, expected))
	}
}
