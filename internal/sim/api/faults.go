package api

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/world"
)

// refusals are the faults that answer instead of the API.
var refusals = []string{"rate-limit", "unavailable", "forbidden", "conflict", "conflict-empty-body", "no-audit"}

// refuse is the answer of an active fault that applies to a request; nil if there is none. The second result says that
// the body is to be an empty object.
func refuse(w *world.World, host string, r *http.Request) (e *wire.Error, empty bool) {
	for _, name := range refusals {
		f := w.ActiveFault(name)
		if f == nil || !matchesRequest(f, host, r) {
			continue
		}
		if strings.HasPrefix(name, "conflict") && !strings.HasSuffix(r.URL.Path, ":setIamPolicy") && f.Params["path"] == "" {
			continue
		}
		if name == "no-audit" && host != wire.HostLogging {
			continue
		}
		if !f.UseHit() {
			continue
		}
		e := refusal(name, host)
		if n, err := strconv.Atoi(f.Params["status"]); err == nil {
			e.WithHTTPStatus(n)
		}
		return e, name == "conflict-empty-body"
	}
	return nil, false
}

func refusal(name, host string) *wire.Error {
	switch name {
	case "rate-limit":
		return errQuota(host, &world.Project{ProjectNumber: 100000000001},
			limit{"read_requests", "Read requests", "ReadRequestsPerMinutePerProject", 1200})
	case "unavailable":
		return wire.NewError(wire.StatusUnavailable, "The service is currently unavailable.")
	case "conflict", "conflict-empty-body":
		return wire.NewError(wire.StatusAborted,
			"There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.")
	case "no-audit":
		return errLogsDenied(nil)
	default:
		return wire.Denied("The caller does not have permission")
	}
}

// Delay is how long a request is kept waiting by a fault.
func Delay(w *world.World, host string, r *http.Request) time.Duration {
	if f := w.ActiveFault("slow"); matchesRequest(f, host, r) && f.UseHit() {
		return f.Duration("by")
	}
	return 0
}

// damage is what is done to an answer on its way: "cut", "malformed" or "".
func damage(w *world.World, host string, r *http.Request) string {
	for _, name := range []string{"cut", "malformed"} {
		if f := w.ActiveFault(name); matchesRequest(f, host, r) && f.UseHit() {
			return name
		}
	}
	return ""
}

// matchesRequest reports whether a fault is meant for a request.
func matchesRequest(f *world.ActiveFault, host string, r *http.Request) bool {
	if f == nil {
		return false
	}
	return (f.Params["host"] == "" || strings.EqualFold(f.Params["host"], host)) &&
		(f.Params["method"] == "" || strings.EqualFold(f.Params["method"], r.Method)) &&
		(f.Params["path"] == "" || strings.Contains(r.URL.Path, f.Params["path"]))
}
