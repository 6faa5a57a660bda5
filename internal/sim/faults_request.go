package sim

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// requestFaults change how requests are answered.
func requestFaults() []faultDef {
	selectors := []string{"host", "method", "path", "count"}
	def := func(name, description string, params ...string) faultDef {
		return faultDef{Fault: Fault{Name: name, Description: description, Parameters: params}}
	}
	withStatus := append(slices.Clone(selectors), "status")
	return []faultDef{
		def("rate-limit", "429 RESOURCE_EXHAUSTED", withStatus...),
		def("unavailable", "503 UNAVAILABLE", withStatus...),
		def("forbidden", "403 PERMISSION_DENIED", withStatus...),
		def("conflict", "409 ABORTED on setIamPolicy", withStatus...),
		def("conflict-empty-body", "409 with {} for a body on setIamPolicy", withStatus...),
		def("cut", "the connection is reset in the middle of the answer, after the request was done", selectors...),
		def("malformed", "the answer is broken JSON, after the request was done", selectors...),
		def("slow", "the answer comes late (by=5s)", append(slices.Clone(selectors), "by")...),
		def("failing-operations", "long-running operations that begin now end in an error", "host", "path", "count"),
		def("stuck-operations", "long-running operations that begin now do not end until the fault does", "host", "path", "count"),
		def("slow-propagation", "changes of APIs and policies are seen late by readers (for=30s)", "project", "for"),
		def("concurrent-write", "before a setIamPolicy is looked at, somebody else changes the policy", "project", "count"),
		def("activation-conflict", "a project's APIs can be changed by one operation at a time"),
		def("policy-version-strict", "a policy with conditions is not given to who does not ask for version 3 (older behaviour)"),
		def("empty-log-pages", "the first page of a log search is empty and has a token"),
		def("no-audit", "logs may not be read", "count"),
		def("quota", "published quotas of Resource Manager and Service Usage are enforced"),
	}
}

// refusals are the faults that answer instead of the API.
var refusals = []string{"rate-limit", "unavailable", "forbidden", "conflict", "conflict-empty-body", "no-audit"}

// refuse is the answer of a fault to a request, if one hits it. The second
// result says that the body is to be an empty object.
func (w *World) refuse(host string, r *http.Request) (e *apiError, empty bool) {
	for _, name := range refusals {
		f := w.activeFault(name)
		if f == nil || !f.matchesRequest(host, r) {
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
			e.http = n
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
func (w *World) delay(host string, r *http.Request) time.Duration {
	if f := w.activeFault("slow"); f.matchesRequest(host, r) && f.spend() {
		return f.duration("by")
	}
	return 0
}

// damage is what is done to an answer on its way: "cut", "malformed" or "".
func (w *World) damage(host string, r *http.Request) string {
	for _, name := range []string{"cut", "malformed"} {
		if f := w.activeFault(name); f.matchesRequest(host, r) && f.spend() {
			return name
		}
	}
	return ""
}

// concurrentWrite lets somebody else change a policy just before a client's
// write, so that the client's etag is stale.
func (w *World) concurrentWrite(p *Project, now time.Time) {
	f := w.activeFault("concurrent-write")
	if f == nil || !f.matchesProject(p) || !f.spend() {
		return
	}
	w.rewriteBinding(p, now, func(policy Policy) Policy {
		return policy.grant("roles/browser", fmt.Sprintf("user:someone-%d@example.com", w.serial()))
	})
}
