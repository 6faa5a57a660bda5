package sim

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// refusals are the faults that answer instead of the API.
var refusals = []string{"rate-limit", "unavailable", "forbidden", "conflict", "conflict-empty-body", "no-audit"}

// refuse is the answer of a fault to a request, if one hits it. The second
// result says that the body is to be an empty object.
func refuse(w *World, host string, r *http.Request) (e *apiError, empty bool) {
	for _, name := range refusals {
		f := w.activeFault(name)
		if f == nil || !hits(f, host, r) {
			continue
		}
		if strings.HasPrefix(name, "conflict") && !strings.HasSuffix(r.URL.Path, ":setIamPolicy") && f.Params["path"] == "" {
			continue
		}
		if name == "no-audit" && host != hostLogging {
			continue
		}
		if !f.spend() {
			continue
		}
		e := refusal(name, host)
		if n, err := strconv.Atoi(f.Params["status"]); err == nil {
			e.withHTTP(n)
		}
		return e, name == "conflict-empty-body"
	}
	return nil, false
}

func refusal(name, host string) *apiError {
	switch name {
	case "rate-limit":
		return errQuota(host, &Project{ProjectNumber: 100000000001}, limit{"read_requests", "Read requests", "ReadRequestsPerMinutePerProject", 1200})
	case "unavailable":
		return newError(statusUnavailable, "The service is currently unavailable.")
	case "conflict", "conflict-empty-body":
		return newError(statusAborted, "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.")
	case "no-audit":
		return errLogsDenied(nil)
	default:
		return denied("The caller does not have permission")
	}
}

// delay is how long a request is kept waiting by a fault.
func delay(w *World, host string, r *http.Request) time.Duration {
	if f := w.activeFault("slow"); hits(f, host, r) && f.spend() {
		return f.duration("by")
	}
	return 0
}

// damage is what is done to an answer on its way: "cut", "malformed" or "".
func damage(w *World, host string, r *http.Request) string {
	for _, name := range []string{"cut", "malformed"} {
		if f := w.activeFault(name); hits(f, host, r) && f.spend() {
			return name
		}
	}
	return ""
}

// hits says whether a fault is meant for a request.
func hits(f *ActiveFault, host string, r *http.Request) bool {
	if f == nil {
		return false
	}
	return (f.Params["host"] == "" || strings.EqualFold(f.Params["host"], host)) &&
		(f.Params["method"] == "" || strings.EqualFold(f.Params["method"], r.Method)) &&
		(f.Params["path"] == "" || strings.Contains(r.URL.Path, f.Params["path"]))
}
