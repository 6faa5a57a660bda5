package world

import (
	"fmt"
	"slices"
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
		def("failing-operations", "long-running operations that start now end in an error", "host", "path", "count"),
		def("stuck-operations", "long-running operations that start now do not end while the fault is active", "host", "path", "count"),
		def("slow-propagation", "readers see changes of APIs and policies late (for=30s)", "project", "for"),
		def("concurrent-write", "another client changes the policy just before a setIamPolicy", "project", "count"),
		def("activation-conflict", "a project's APIs can be changed by one operation at a time"),
		def("policy-version-strict", "a policy with conditions is refused to a reader that does not request version 3 (older behaviour)"),
		def("empty-log-pages", "the first page of a log search is empty and has a token"),
		def("no-audit", "logs may not be read", "count"),
		def("quota", "published quotas of Resource Manager and Service Usage are enforced"),
	}
}

// ConcurrentWrite changes a policy just before a client's write, as another client would, so that the client's etag is
// stale.
func (w *World) ConcurrentWrite(p *Project, now time.Time) {
	f := w.ActiveFault("concurrent-write")
	if f == nil || !f.matchesProject(p) || !f.UseHit() {
		return
	}
	w.changePolicy(p, now, func(policy Policy) Policy {
		return policy.grant("roles/browser", fmt.Sprintf("user:someone-%d@example.com", w.NextSerial()))
	})
}
