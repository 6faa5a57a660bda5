package kube

import "strings"

// definitions are the custom resources that GKE and the fleet install.
func definitions() []Object {
	return []Object{
		definition(groupMesh, "ControlPlaneRevision", "controlplanerevisions", "Namespaced", []any{"cpr", "cprs"}, true, revisionSchema(),
			revisionColumns(), "v1alpha1", "v1beta1"),
		definition(groupMesh, "DataPlaneControl", "dataplanecontrols", "Cluster", nil, true, openSchema(), dataPlaneColumns(), "v1alpha1"),
		definition(groupHub, "Membership", "memberships", "Cluster", nil, false, openSchema(), nil, "v1", "v1beta1"),
	}
}

// definition makes a CustomResourceDefinition whose first version is stored.
func definition(group, kind, plural, scope string, short []any, status bool, schema Object, columns []any, versions ...string) Object {
	names := Object{"kind": kind, "listKind": kind + "List", "plural": plural, "singular": strings.ToLower(kind)}
	if short != nil {
		names["shortNames"] = short
	}
	var list []any
	for i, v := range versions {
		version := Object{"name": v, "served": true, "storage": i == 0, "schema": Object{"openAPIV3Schema": schema}}
		if status {
			version["subresources"] = Object{"status": Object{}}
		}
		if columns != nil {
			version["additionalPrinterColumns"] = columns
		}
		list = append(list, version)
	}
	return Object{
		"apiVersion": groupCRD + "/v1", "kind": "CustomResourceDefinition",
		"metadata": Object{"name": plural + "." + group, "generation": 1},
		"spec":     Object{"group": group, "names": names, "scope": scope, "versions": list, "conversion": anyMap("strategy", "None")},
		"status": Object{
			"acceptedNames": names, "storedVersions": []any{versions[0]},
			"conditions": []any{
				anyMap("type", "NamesAccepted", "status", "True", "reason", "NoConflicts", "message", "no conflicts found"),
				anyMap("type", "Established", "status", "True", "reason", "InitialNamesAccepted", "message", "the initial names have been accepted"),
			},
		},
	}
}

func openSchema() Object {
	return Object{"type": "object", "x-kubernetes-preserve-unknown-fields": true}
}

// revisionSchema is that of Google's installer.
func revisionSchema() Object {
	str := Object{"type": "string"}
	return Object{"type": "object", "properties": Object{
		"apiVersion": str, "kind": str, "metadata": Object{"type": "object"},
		"spec": Object{"type": "object", "properties": Object{
			"channel": Object{"type": "string", "enum": []any{"regular", "rapid", "stable"}},
			"type":    Object{"type": "string", "enum": []any{"managed_service"}},
		}},
		"status": Object{"type": "object", "properties": Object{
			"conditions": Object{"type": "array", "items": Object{"type": "object", "properties": Object{
				"lastTransitionTime": Object{"type": "string", "format": "date-time"},
				"message":            str, "reason": str, "status": str, "type": str,
			}}},
		}},
	}}
}

func revisionColumns() []any {
	return []any{
		anyMap("name", "Reconciled", "type", "string", "jsonPath", `.status.conditions[?(@.type=="Reconciled")].status`),
		anyMap("name", "Stalled", "type", "string", "jsonPath", `.status.conditions[?(@.type=="Stalled")].status`),
		anyMap("name", "Age", "type", "date", "jsonPath", `.metadata.creationTimestamp`),
	}
}

func dataPlaneColumns() []any {
	return []any{
		anyMap("name", "Revision", "type", "string", "jsonPath", `.spec.revision`),
		anyMap("name", "State", "type", "string", "jsonPath", `.status.state`),
		anyMap("name", "Age", "type", "date", "jsonPath", `.metadata.creationTimestamp`),
	}
}
