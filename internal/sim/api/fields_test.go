package api

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/api/container/v1"
	"google.golang.org/api/gkehub/v1"
	"google.golang.org/api/serviceusage/v1"
)

func TestFieldsOfADocument(t *testing.T) {
	const doc = `{"a":1,"b":{"c":"x,}]\"","d":[{"e":true,"f":null},{"f":2}],"g":{}},"h":[1,"2"],"k_l":{"<":"m","n":{"o":1}}}`
	for mask, want := range map[string]string{
		"*":                doc,
		"a":                `{"a":1}`,
		"a,h":              `{"a":1,"h":[1,"2"]}`,
		"h,a":              `{"a":1,"h":[1,"2"]}`,
		"b/c":              `{"b":{"c":"x,}]\""}}`,
		"b.c":              `{"b":{"c":"x,}]\""}}`,
		"b(c,g)":           `{"b":{"c":"x,}]\"","g":{}}}`,
		"b/d/e":            `{"b":{"d":[{"e":true},{}]}}`,
		"b(d(e,f),c),a":    `{"a":1,"b":{"c":"x,}]\"","d":[{"e":true,"f":null},{"f":2}]}}`,
		"b/d(f)":           `{"b":{"d":[{"f":null},{"f":2}]}}`,
		"b/c,b/g":          `{"b":{"c":"x,}]\"","g":{}}}`,
		"b/c,b":            `{"b":{"c":"x,}]\"","d":[{"e":true,"f":null},{"f":2}],"g":{}}}`,
		"b,b/c":            `{"b":{"c":"x,}]\"","d":[{"e":true,"f":null},{"f":2}],"g":{}}}`,
		"b/*":              `{"b":{"c":"x,}]\"","d":[{"e":true,"f":null},{"f":2}],"g":{}}}`,
		"*/d":              `{"b":{"d":[{"e":true,"f":null},{"f":2}]},"h":[1,"2"],"k_l":{}}`,
		"*/d/e,b/c":        `{"b":{"c":"x,}]\"","d":[{"e":true},{}]},"h":[1,"2"],"k_l":{}}`,
		"k_l/n/o":          `{"k_l":{"n":{"o":1}}}`,
		"k_l/<":            `{"k_l":{"<":"m"}}`,
		"a/z":              `{}`,
		"nothing,a":        `{"a":1}`,
		"b(d/e,g/nothing)": `{"b":{"d":[{"e":true},{}],"g":{}}}`,
	} {
		m, ok := parseFields(mask)
		if !ok {
			t.Errorf("%s is refused", mask)
			continue
		}
		var written json.RawMessage = []byte(strings.ReplaceAll(doc, "<", `\u003c`)) // as encoding/json does
		if got := strings.ReplaceAll(string(m.prune(written)), `\u003c`, "<"); got != want {
			t.Errorf("%s gives %s, want %s", mask, got, want)
		}
	}
}

func TestFieldsSyntax(t *testing.T) {
	for _, mask := range []string{"", ",", "a,", ",a", "a,,b", "a/", "/a", "a//b", "a(", "a)", "a()", "a(b", "a(b))", "(a)", "a(b)c",
		"a(b)/c", "a(,b)"} {
		if m, ok := parseFields(mask); ok {
			t.Errorf("%q is taken as %v", mask, m)
		}
	}
}

func TestFieldsOfAMessage(t *testing.T) {
	for _, test := range []struct {
		message   any
		mask, bad string
	}{
		{container.ListClustersResponse{},
			"clusters(name,location,status,autopilot,workloadIdentityConfig,fleet," +
				"nodePools(name,config(imageType,workloadMetadataConfig))),missingZones", ""},
		{container.ListClustersResponse{}, "clusters(name,addonsConfig/dnsCacheConfig)", ""}, // which the simulator does not have
		{container.ListClustersResponse{}, "name", "name"},
		{container.ListClustersResponse{}, "clusters(name,colour)", "colour"},
		{container.ListClustersResponse{}, "clusters/name/first", "first"},
		{container.ListClustersResponse{}, "clusters/*/workloadPool", ""},
		{container.ListOperationsResponse{}, "operations/*/stages/name", ""},
		{container.ListOperationsResponse{}, "operations/*/colour", "colour"},
		{container.ListClustersResponse{}, "clusters/*/colour", ""}, // a label may have any name
		{container.ListClustersResponse{}, "node_pools,clusters", "node_pools"},
		{container.Cluster{}, "node_pools/config", ""},
		{container.Cluster{}, "HTTPStatusCode", "HTTPStatusCode"}, // of the Go client's own
		{container.Cluster{}, "resourceLabels/any_thing", ""},
		{serviceusage.ListServicesResponse{}, "services/name,nextPageToken", ""},
		{serviceusage.BatchGetServicesResponse{}, "services(name,state)", ""},
		{serviceusage.Operation{}, "name,response/service/state", ""},
		{gkehub.Feature{}, "membershipStates/*/servicemesh/conditions(code,severity)", ""},
		{gkehub.Feature{}, "membershipStates/*/servicemesh/conditions(code,colour)", "colour"},
	} {
		m, ok := parseFields(test.mask)
		if !ok {
			t.Errorf("%s is refused", test.mask)
			continue
		}
		if bad := m.check(reflect.TypeOf(test.message)); bad != test.bad {
			t.Errorf("%s of %T: %q is wrong, want %q", test.mask, test.message, bad, test.bad)
		}
	}
	m, _ := parseFields("node_pools/initial_node_count")
	m.check(reflect.TypeFor[container.Cluster]())
	got := string(m.prune([]byte(`{"name":"c","nodePools":[{"name":"p","initialNodeCount":3}]}`)))
	if got != `{"nodePools":[{"initialNodeCount":3}]}` {
		t.Errorf("names in snake_case give %s", got)
	}
}

// Without a message a route would take any mask.
func TestEveryRouteHasAnAnswer(t *testing.T) {
	for host, a := range apiByHost {
		for _, r := range a.routes {
			if r.answer == nil {
				t.Errorf("%s %s/%s has no answer", r.method, host, r.path)
			}
		}
	}
}
