package api

import (
	"encoding/json"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
)

// A lroBody is google.longrunning.Operation.
type lroBody struct {
	Name     string          `json:"name"`
	Done     bool            `json:"done,omitempty"`
	Metadata any             `json:"metadata,omitempty"`
	Response any             `json:"response,omitempty"`
	Error    *wire.RPCStatus `json:"error,omitempty"`
}

// typed adds an @type to a message in an Any.
func typed(name string, message any) any {
	raw, err := json.Marshal(message)
	if err != nil {
		return map[string]any{"@type": "type.googleapis.com/" + name}
	}
	prefix, _ := json.Marshal("type.googleapis.com/" + name)
	out := append([]byte(`{"@type":`), prefix...)
	if string(raw) != "{}" && string(raw) != "null" {
		out = append(out, ',')
		out = append(out, raw[1:]...)
	} else {
		out = append(out, '}')
	}
	return json.RawMessage(out)
}

// emptyAny is a google.protobuf.Empty in an Any (golden).
func emptyAny() any {
	return map[string]any{"@type": "type.googleapis.com/google.protobuf.Empty", "value": map[string]any{}}
}
