package kube

import (
	"net/http"
	"slices"
	"strings"
)

// discover answers what is not an object: versions, groups and their resources. There is no OpenAPI: kubectl does
// without it (it validates nothing then).
func (c *Cluster) discover(_ *Request, part []string) Response {
	path := strings.Join(part, "/")
	switch {
	case path == "":
		return jsonAnswer(http.StatusOK, Object{"paths": []any{"/api", "/api/v1", "/apis", "/healthz", "/livez", "/readyz", "/version"}})
	case path == "healthz" || path == "livez" || path == "readyz":
		return plainAnswer(http.StatusOK, "ok")
	case path == "version":
		return jsonAnswer(http.StatusOK, c.versionInfo())
	case path == "api":
		return jsonAnswer(http.StatusOK, Object{
			"kind": "APIVersions", "versions": []any{"v1"},
			"serverAddressByClientCIDRs": []any{anyMap("clientCIDR", "0.0.0.0/0", "serverAddress", "10.128.0.2:443")},
		})
	case path == "apis":
		var groups []any
		for _, g := range c.groups() {
			groups = append(groups, g)
		}
		return jsonAnswer(http.StatusOK, Object{"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
	case part[0] == "api" && len(part) == 2:
		return c.resourceList("", part[1])
	case part[0] == "apis" && len(part) == 2:
		for _, g := range c.groups() {
			if g["name"] == part[1] {
				g["kind"], g["apiVersion"] = "APIGroup", "v1"
				return jsonAnswer(http.StatusOK, g)
			}
		}
	case part[0] == "apis" && len(part) == 3:
		return c.resourceList(part[1], part[2])
	}
	return noSuchPath()
}

func (c *Cluster) versionInfo() Object {
	v := strings.TrimPrefix(c.env.Version, "v")
	number := strings.SplitN(v, ".", 3)
	for len(number) < 2 {
		number = append(number, "0")
	}
	return anyMap(
		"major",
		number[0],
		"minor",
		number[1],
		"gitVersion",
		"v"+v,
		"gitCommit",
		strings.ReplaceAll(uuid(v), "-", ""),
		"gitTreeState",
		"clean",
		"buildDate",
		"2025-10-01T00:00:00Z",
		"goVersion",
		"go1.24.6 X:boringcrypto",
		"compiler",
		"gc",
		"platform",
		"linux/amd64",
	)
}

// reviews are the kinds that are asked and not kept.
var reviews = map[string][]*resource{
	groupAuth: {{group: groupAuth, versions: v1, plural: "selfsubjectreviews", singular: "selfsubjectreview", kind: "SelfSubjectReview"}},
	groupAuthz: {
		{group: groupAuthz, versions: v1, plural: "selfsubjectaccessreviews", singular: "selfsubjectaccessreview",
			kind: "SelfSubjectAccessReview"},
		{group: groupAuthz, versions: v1, plural: "selfsubjectrulesreviews", singular: "selfsubjectrulesreview", kind: "SelfSubjectRulesReview"},
	},
}

// groups lists the API groups by name, the core group not among them.
func (c *Cluster) groups() []Object {
	versions := map[string][]string{groupAuth: v1, groupAuthz: v1}
	for _, r := range c.resources() {
		for _, v := range r.versions {
			if r.group != "" && !slices.Contains(versions[r.group], v) {
				versions[r.group] = append(slices.Clone(versions[r.group]), v)
			}
		}
	}
	var names []string
	for n := range versions {
		names = append(names, n)
	}
	slices.Sort(names)
	var out []Object
	for _, n := range names {
		var list []any
		for _, v := range priority(versions[n]) {
			list = append(list, anyMap("groupVersion", n+"/"+v, "version", v))
		}
		out = append(out, Object{"name": n, "versions": list, "preferredVersion": list[0]})
	}
	return out
}

var (
	storedVerbs = []any{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}
	statusVerbs = []any{"get", "patch", "update"}
)

func (c *Cluster) resourceList(group, version string) Response {
	var list []any
	add := func(r *resource, name, kind string, verbs []any) {
		entry := Object{"name": name, "singularName": "", "namespaced": r.namespaced, "kind": kind, "verbs": verbs}
		if name == r.plural {
			entry["singularName"] = r.singular
			for k, v := range map[string][]string{"shortNames": r.short, "categories": r.categories} {
				if len(v) > 0 {
					entry[k] = v
				}
			}
		}
		list = append(list, entry)
	}
	for _, r := range c.resources() {
		if r.group != group || !slices.Contains(r.versions, version) {
			continue
		}
		add(r, r.plural, r.kind, storedVerbs)
		if r.status {
			add(r, r.plural+"/status", r.kind, statusVerbs)
		}
		switch {
		case r.id() == resPods:
			add(r, "pods/eviction", "Eviction", []any{"create"})
			list[len(list)-1].(Object)["group"], list[len(list)-1].(Object)["version"] = "policy", "v1"
		case r.id() == resAccounts:
			add(r, "serviceaccounts/token", "TokenRequest", []any{"create"})
			list[len(list)-1].(Object)["group"], list[len(list)-1].(Object)["version"] = groupAuth, "v1"
		}
	}
	for _, r := range reviews[group] {
		if slices.Contains(r.versions, version) {
			add(r, r.plural, r.kind, []any{"create"})
		}
	}
	if list == nil {
		return noSuchPath()
	}
	gv := version
	if group != "" {
		gv = group + "/" + version
	}
	return jsonAnswer(http.StatusOK, Object{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": gv, "resources": list})
}
