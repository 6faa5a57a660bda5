package api

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
)

// systemParameters go with every method (discovery, "parameters"). Of them
// fields, prettyPrint and the tokens have an effect.
var systemParameters = []string{
	"$.xgafv", "$alt", "$callback", "$fields", "$key", "$prettyPrint", "$userProject", "access_token", "alt", "callback", "fields", "key",
	"oauth_token", "prettyPrint", "quotaUser", "uploadType", "upload_protocol", "userIp",
}

// The types of parameters, wherever they occur; others are text.
var (
	booleanParameters  = []string{"allowMissing", "force", "prettyPrint", "$prettyPrint", "returnPartialSuccess", "showDeleted"}
	int32Parameters    = []string{"pageSize"}
	repeatedParameters = []string{"names"}
	enumParameters     = map[string][]string{
		"$.xgafv": {"1", "2"},
		"$alt":    {"json", "media", "proto"},
		"alt":     {"json", "media", "proto"},
	}
)

// checkQuery refuses a query that cannot be read (inferred), a parameter that the method does not have (recorded), one
// that is there twice, in either spelling, and a value that is not of the parameter's type.
func (r *route) checkQuery(raw string) *wire.Error {
	q, err := url.ParseQuery(raw)
	if err != nil {
		return wire.Invalid("Invalid query string: %s", err)
	}
	seen := map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(q)) {
		field := wire.LowerCamel(name)
		if !slices.Contains(systemParameters, name) && !slices.Contains(r.query, name) && !slices.Contains(r.query, field) {
			return wire.UnknownField(name, ": Cannot bind query parameter. Field '"+name+"' could not be found in request message.")
		}
		if seen[field] += len(q[name]); seen[field] > 1 && !slices.Contains(repeatedParameters, field) {
			return wire.UnknownField(name, ": Proto field is not repeating, cannot start list.")
		}
		if err := checkParameter(field, q.Get(name)); err != nil {
			return err
		}
	}
	return nil
}

// checkParameter checks a value. The words are those for a field of a body,
// which is where a parameter ends up (inferred).
func checkParameter(name, value string) *wire.Error {
	switch {
	case slices.Contains(booleanParameters, name):
		if _, err := strconv.ParseBool(strings.ToLower(value)); err != nil { // gcloud writes "True"
			return wire.InvalidValue(wire.SnakeCase(name), "TYPE_BOOL", value)
		}
	case slices.Contains(int32Parameters, name):
		if _, err := strconv.ParseInt(value, 10, 32); err != nil {
			return wire.InvalidValue(wire.SnakeCase(name), "TYPE_INT32", value)
		}
	case enumParameters[name] != nil:
		if name == "$alt" && value == "json;enum-encoding=int" {
			// Google's gRPC-like clients ask for this.
			return wire.NewError(wire.StatusUnimplemented, "The simulator does not simulate enumerations as numbers.")
		}
		if !slices.Contains(enumParameters[name], value) {
			return wire.InvalidValue(name, "TYPE_ENUM", value)
		}
	}
	return nil
}
