package kube

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// A column is one of a Table: what "kubectl get" prints.
type column struct {
	name  string
	kind  string
	value func(c *Cluster, o Object) any
}

func valueAt(path ...string) func(*Cluster, Object) any {
	return func(_ *Cluster, o Object) any { return dig(o, path...) }
}

func count(path ...string) func(*Cluster, Object) any {
	return func(_ *Cluster, o Object) any { return len(items(o, path...)) }
}

func integer(path ...string) func(*Cluster, Object) any {
	return func(_ *Cluster, o Object) any { return numberOr(0, o, path...) }
}

func ratio(a, b []string) func(*Cluster, Object) any {
	return func(_ *Cluster, o Object) any {
		return fmt.Sprintf("%d/%d", numberOr(0, o, a...), numberOr(0, o, b...))
	}
}

func age(c *Cluster, o Object) any { return since(c.now, text(o, "metadata", "creationTimestamp")) }

// since is a span as kubectl prints ages.
func since(now time.Time, stamp string) string {
	t := parseStamp(stamp)
	if t.IsZero() {
		return "<unknown>"
	}
	d := max(0, now.Sub(t))
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

func podReadiness(_ *Cluster, o Object) any {
	n := 0
	for _, s := range items(o, "status", "containerStatuses") {
		if dig(s, "ready") == true {
			n++
		}
	}
	return fmt.Sprintf("%d/%d", n, len(items(o, "spec", "containers")))
}

func dataCount(_ *Cluster, o Object) any {
	m, _ := o["data"].(map[string]any)
	return len(m)
}

func ports(_ *Cluster, o Object) any {
	var out []string
	for _, p := range items(o, "spec", "ports") {
		out = append(out, fmt.Sprintf("%d/%s", numberOr(0, p, "port"), text(p, "protocol")))
	}
	return strings.Join(out, ",")
}

func orNA(path ...string) func(*Cluster, Object) any {
	return func(_ *Cluster, o Object) any {
		if v := dig(o, path...); v != nil {
			return sprint(v)
		}
		return "N/A"
	}
}

func replicaColumns(wanted string) []column {
	return []column{
		{"Ready", "string", ratio([]string{"status", "readyReplicas"}, []string{"spec", wanted})},
		{"Up-to-date", "integer", integer("status", "updatedReplicas")},
		{"Available", "integer", integer("status", "availableReplicas")},
	}
}

// columns are those of the built-in kinds, between name and age.
var columns = map[string][]column{
	resNamespaces:  {{"Status", "string", valueAt("status", "phase")}},
	resConfigMaps:  {{"Data", "integer", dataCount}},
	resSecrets:     {{"Type", "string", valueAt("type")}, {"Data", "integer", dataCount}},
	resAccounts:    {{"Secrets", "integer", count("secrets")}},
	resMutating:    {{"Webhooks", "integer", count("webhooks")}},
	resValidating:  {{"Webhooks", "integer", count("webhooks")}},
	resDeployments: replicaColumns("replicas"),
	resStateful:    replicaColumns("replicas")[:1],
	resReplicaSets: {
		{"Desired", "integer", integer("spec", "replicas")}, {"Current", "integer", integer("status", "replicas")},
		{"Ready", "integer", integer("status", "readyReplicas")},
	},
	resDaemonSets: {
		{"Desired", "integer", integer("status", "desiredNumberScheduled")}, {"Current", "integer", integer("status", "currentNumberScheduled")},
		{"Ready", "integer", integer("status", "numberReady")}, {"Up-to-date", "integer", integer("status", "updatedNumberScheduled")},
		{"Available", "integer", integer("status", "numberAvailable")},
	},
	resPods: {
		{"Ready", "string", podReadiness}, {"Status", "string", valueAt("status", "phase")},
		{"Restarts", "string", func(*Cluster, Object) any { return "0" }},
	},
	resServices: {
		{"Type", "string", valueAt("spec", "type")}, {"Cluster-IP", "string", valueAt("spec", "clusterIP")},
		{"External-IP", "string", func(*Cluster, Object) any { return "<none>" }}, {"Port(s)", "string", ports},
	},
	resBudgets: {
		{"Min Available", "string", orNA("spec", "minAvailable")}, {"Max Unavailable", "string", orNA("spec", "maxUnavailable")},
		{"Allowed Disruptions", "integer", integer("status", "disruptionsAllowed")},
	},
	resJobs: {{"Status", "string", jobStatus},
		{"Completions", "string", ratio([]string{"status", "succeeded"}, []string{"spec", "completions"})}},
	"leases." + groupLease: {{"Holder", "string", valueAt("spec", "holderIdentity")}},
}

func jobStatus(_ *Cluster, o Object) any {
	if dig(o, "status", "completionTime") != nil {
		return "Complete"
	}
	return "Running"
}

// columnsOf are all columns of a resource in a version.
func (r *resource) columnsOf(version string) []column {
	nameColumn := column{"Name", "string", valueAt("metadata", "name")}
	created := column{"Created At", "date", valueAt("metadata", "creationTimestamp")}
	ageColumn := column{"Age", "string", age}
	if r.id() == resEvents {
		return []column{
			{"Last Seen", "string", func(c *Cluster, o Object) any { return since(c.now, text(o, "lastTimestamp")) }},
			{"Type", "string", valueAt("type")}, {"Reason", "string", valueAt("reason")},
			{"Object", "string", func(_ *Cluster, o Object) any {
				return strings.ToLower(text(o, "involvedObject", "kind")) + "/" + text(o, "involvedObject", "name")
			}},
			{"Message", "string", valueAt("message")},
		}
	}
	if r.id() == resCRDs {
		return []column{nameColumn, created}
	}
	if r.custom == nil {
		return append(append([]column{nameColumn}, columns[r.id()]...), ageColumn)
	}
	out := []column{nameColumn}
	if len(r.custom.columns[version]) == 0 {
		return append(out, ageColumn)
	}
	for _, c := range r.custom.columns[version] {
		path, kind := text(c, "jsonPath"), text(c, "type")
		out = append(out, column{text(c, "name"), kind, func(cl *Cluster, o Object) any {
			v := jsonPath(o, path)
			if kind == "date" {
				return since(cl.now, sprint(v))
			}
			return v
		}})
	}
	return out
}

var pathStep = regexp.MustCompile(`\.([A-Za-z0-9_-]+)|\[\?\(@\.([A-Za-z0-9_-]+)=="([^"]*)"\)\]`)

// jsonPath evaluates what printer columns are made of: names, and a filter of a list by equality.
func jsonPath(v any, path string) any {
	for _, m := range pathStep.FindAllStringSubmatch(path, -1) {
		if m[1] != "" {
			v = dig(v, m[1])
			continue
		}
		list, _ := v.([]any)
		v = nil
		for _, e := range list {
			if text(e, m[2]) == m[3] {
				v = e
				break
			}
		}
	}
	return v
}

// table is a metav1.Table of objects.
func (k *call) table(list []Object, meta Object) Object {
	cols := k.r.columnsOf(k.version)
	definitions := make([]any, len(cols))
	for i, c := range cols {
		format := ""
		if c.name == "Name" {
			format = "name"
		}
		definitions[i] = Object{"name": c.name, "type": c.kind, "format": format, "description": "", "priority": 0}
	}
	rows := make([]any, len(list))
	for i, o := range list {
		cells := make([]any, len(cols))
		for j, c := range cols {
			cells[j] = c.value(k.c, o)
		}
		row := Object{"cells": cells}
		switch k.Query.Get("includeObject") {
		case "None":
		case "Object":
			row["object"] = k.outward(o)
		default:
			row["object"] = metadataOnly(o)
		}
		rows[i] = row
	}
	return Object{"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": meta, "columnDefinitions": definitions, "rows": rows}
}
