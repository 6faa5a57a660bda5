package logfilter_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/logfilter"
)

// decode returns a LogEntry as a server has it: decoded from JSON.
func decode(t testing.TB, text string) map[string]any {
	t.Helper()
	var entry map[string]any
	if err := json.Unmarshal([]byte(text), &entry); err != nil {
		t.Fatal(err)
	}
	return entry
}

const (
	istiodEntry = `{
		"insertId": "istiod-1", "logName": "projects/mesh-sim-1/logs/istiod",
		"resource": {"type": "istio_control_plane", "labels": {"project_id": "mesh-sim-1", "location": "us-central1", "revision": "asm-managed", "owner": "asm-managed"}},
		"timestamp": "2026-11-22T10:00:00.123456Z", "severity": "ERROR",
		"jsonPayload": {"message": "Connect Gateway API has not been used in project 123456789012 before or it is disabled.",
			"count": 7, "ratio": -0.5, "text": "10", "ok": true, "nothing": null, "sizes": [8.5, 9, 6], "tags": ["nice", "Pet"], "none": [],
			"foo.bar": "dotted", "endTime": "2026-11-22T10:00:00Z", "involvedObject": {"kind": "ReplicaSet", "name": "web-5d4"}},
		"labels": {"k8s-pod/istio_io/rev": "asm-managed", "count": "10"}}`

	eventEntry = `{
		"insertId": "event-1", "logName": "projects/mesh-sim-1/logs/events",
		"resource": {"type": "k8s_cluster", "labels": {"project_id": "mesh-sim-1", "location": "us-central1", "cluster_name": "cluster-1"}},
		"timestamp": "2026-11-22T10:01:00Z", "severity": "WARNING",
		"jsonPayload": {"kind": "Event", "type": "Warning", "reason": "FailedCreate",
			"message": "Error creating: Internal error occurred: failed calling webhook \"rev.namespace.sidecar-injector.istio.io\": failed to call webhook: an error on the server (\"unknown\") has prevented the request from succeeding."}}`

	// Two deltas: a REMOVE of another role and an ADD of the mesh agent.
	auditEntry = `{
		"insertId": "-30102re2sad8", "logName": "projects/mesh-sim-1/logs/cloudaudit.googleapis.com%2Factivity", "severity": "NOTICE",
		"resource": {"type": "project", "labels": {"project_id": "mesh-sim-1"}},
		"timestamp": "2026-11-19T13:12:20.942393Z", "receiveTimestamp": "2026-11-19T13:12:21.785498724Z",
		"protoPayload": {"@type": "type.googleapis.com/google.cloud.audit.AuditLog",
			"serviceName": "cloudresourcemanager.googleapis.com", "methodName": "SetIamPolicy", "resourceName": "projects/mesh-sim-1",
			"status": {}, "numResponseItems": "12",
			"authenticationInfo": {"principalEmail": "ci@mesh-sim-1.iam.gserviceaccount.com"},
			"requestMetadata": {"callerSuppliedUserAgent": "google-cloud-sdk gcloud/528.0.0,gzip(gfe)", "requestAttributes": {"time": "2026-11-19T13:12:20Z"}},
			"serviceData": {"@type": "type.googleapis.com/google.iam.v1.logging.AuditData", "policyDelta": {"bindingDeltas": [
				{"action": "REMOVE", "role": "roles/anthosservicemesh.serviceAgent", "member": "serviceAccount:service-1@gcp-sa-servicemesh.iam.gserviceaccount.com"},
				{"action": "ADD", "role": "roles/viewer", "member": "user:a@example.com"}]}}}}`

	gkeEntry = `{
		"insertId": "gke-1", "logName": "projects/mesh-sim-1/logs/cloudaudit.googleapis.com%2Factivity", "severity": "ERROR",
		"resource": {"type": "gke_cluster", "labels": {"project_id": "mesh-sim-1", "location": "us-central1-a", "cluster_name": "cluster-3"}},
		"timestamp": "2026-11-20T00:00:00Z", "operation": {"id": "operation-1", "producer": "container.googleapis.com", "last": true},
		"httpRequest": {"status": 400, "requestSize": "9223372036854775807", "latency": "1.5s", "remoteIp": "10.0.0.1"},
		"protoPayload": {"methodName": "google.container.v1.ClusterManager.UpdateCluster", "status": {"code": 9, "message": "FAILED_PRECONDITION"}}}`

	plainEntry = `{"insertId": "plain-1", "logName": "projects/mesh-sim-1/logs/plain", "timestamp": "2026-11-21T00:00:00Z",
		"resource": {"type": "global", "labels": {"project_id": "mesh-sim-1"}}, "textPayload": "a \"quoted\"\tunicorn, STRASSE"}`
)

func TestMatch(t *testing.T) {
	entries := map[string]string{"istiod": istiodEntry, "event": eventEntry, "audit": auditEntry, "gke": gkeEntry, "plain": plainEntry}
	for _, test := range []struct {
		subject string
		entry   string
		filter  string
		want    bool
	}{
		{"empty", "plain", "", true},
		{"comments only", "plain", " \n-- nothing\n", true},

		// Boolean expressions. Of a, b, c, d, "istiod-1" and "asm-managed" are there, "x1" and "x2" are not.
		{"AND", "istiod", `insertId="istiod-1" AND severity=ERROR`, true},
		{"AND false", "istiod", `insertId="istiod-1" AND severity=INFO`, false},
		{"juxtaposition", "istiod", `insertId="istiod-1" severity=INFO`, false},
		{"newline", "istiod", "insertId=\"istiod-1\"\nseverity=INFO", false},
		{"newline true", "istiod", "insertId=\"istiod-1\"\n\tseverity=ERROR\n", true},
		{"OR", "istiod", `insertId="x1" OR severity=ERROR`, true},
		{"OR binds tighter than AND", "istiod", `insertId="istiod-1" OR insertId="x1" AND severity=INFO`, false},
		{"parentheses against it", "istiod", `insertId="istiod-1" OR (insertId="x1" AND severity=INFO)`, true},
		{"OR binds tighter than juxtaposition", "istiod", "severity=ERROR OR severity=INFO insertId=x1", false},
		{"documented precedence", "istiod", `"istiod-1" OR NOT "asm-managed" AND NOT "x1" OR "x2"`, true},
		{"NOT", "istiod", `NOT severity=INFO`, true},
		{"NOT false", "istiod", `NOT severity=ERROR`, false},
		{"NOT parentheses", "istiod", `NOT (severity=ERROR AND insertId="x1")`, true},
		{"NOT without space", "istiod", `NOT(severity=ERROR)`, false},
		{"NOT before OR", "istiod", `NOT severity=ERROR OR insertId="istiod-1"`, true},
		{"minus", "istiod", `insertId="istiod-1" -severity=INFO`, true},
		{"minus false", "istiod", `-severity=ERROR`, false},
		{"minus before parentheses", "istiod", `-(severity=ERROR)`, false},
		{"minus inside text", "istiod", `resource.labels.location=us-central1`, true},
		{"lower-case and is a search term", "istiod", `severity=ERROR and insertId="istiod-1"`, false},
		{"lower-case or is a search term", "gke", `severity=ERROR or insertId="gke-1"`, false},
		{"comment to the end of the line", "istiod", "severity=ERROR -- AND insertId=x1\ninsertId=\"istiod-1\" -- end", true},
		{"no comment inside text", "istiod", "resource.labels.location=us--central1\nOR severity=ERROR", true},

		// Equality and order, by type.
		{"string without case", "istiod", `insertId="ISTIOD-1"`, true},
		{"whole string", "istiod", `insertId="istiod"`, false},
		{"string !=", "istiod", `insertId!="x1"`, true},
		{"string != without case", "istiod", `insertId!="ISTIOD-1"`, false},
		{"string order without case", "istiod", `insertId>"ISTIOD-0" AND insertId<"istiod-2"`, true},
		{"spaces around the operator", "istiod", `insertId = "istiod-1"`, true},
		{"number", "istiod", `jsonPayload.count=7`, true},
		{"number as string", "istiod", `jsonPayload.count="7.0"`, true},
		{"number order", "istiod", `jsonPayload.count>=6.9 AND jsonPayload.count<7.1e0 AND jsonPayload.count<=7 AND jsonPayload.count>-8`, true},
		{"number order false", "istiod", `jsonPayload.count>7`, false},
		{"negative number", "istiod", `jsonPayload.ratio=-0.5`, true},
		{"number !=", "istiod", `jsonPayload.count!=8`, true},
		{"number against text", "istiod", `jsonPayload.count!="seven"`, false},
		{"JSON string is no number", "istiod", `jsonPayload.text>9`, false},
		{"label is no number", "istiod", `labels.count>9`, false},
		{"bool", "istiod", `jsonPayload.ok=TRUE`, true},
		{"bool !=", "istiod", `jsonPayload.ok!="false"`, true},
		{"bool order", "istiod", `jsonPayload.ok>false`, true},
		{"bool against text", "istiod", `jsonPayload.ok=yes`, false},
		{"null", "istiod", `jsonPayload.nothing=NULL_VALUE`, true},
		{"null of a value", "istiod", `jsonPayload.count=NULL_VALUE`, false},
		{"null in quotes is text", "istiod", `jsonPayload.nothing="NULL_VALUE"`, false},
		{"severity equal", "istiod", `severity=error`, true},
		{"severity exact", "gke", `severity=CRITICAL`, false},
		{"severity order", "event", `severity>=WARNING AND severity<ERROR`, true},
		{"severity order is not alphabetic", "event", `severity>ALERT`, false},
		{"severity quoted", "event", `severity="WARNING"`, true},
		{"severity number", "event", `severity>=400 AND severity<"500"`, true},
		{"severity unknown", "event", `severity>=WORST`, false},
		{"severity has", "event", `severity:WARNING`, true},
		{"timestamp", "istiod", `timestamp>="2026-11-22T10:00:00Z"`, true},
		{"timestamp later", "istiod", `timestamp>"2026-11-22T10:00:01Z"`, false},
		{"timestamp with a zone", "istiod", `timestamp>="2026-11-22T11:00:00.1+01:00" AND timestamp<"2026-11-22T05:30:00.2-04:30"`, true},
		{"timestamp equal in another form", "istiod", `timestamp="2026-11-22T10:00:00.123456000Z"`, true},
		{"timestamp date", "istiod", `timestamp>="2026-11-22" AND timestamp<"2026-11-23"`, true},
		{"timestamp unquoted date", "istiod", `timestamp>2026-11-22`, true},
		{"timestamp nanoseconds", "audit", `receiveTimestamp="2026-11-19T13:12:21.785498724Z"`, true},
		{"timestamp nonsense", "istiod", `timestamp>="yesterday"`, false},
		{"timestamp in JSON is text", "istiod", `jsonPayload.endTime="2026-11-22T11:00:00+01:00"`, false},
		{"timestamp in a message", "audit", `protoPayload.requestMetadata.requestAttributes.time="2026-11-19T14:12:20+01:00"`, true},
		{"duration", "gke", `httpRequest.latency>"1499ms" AND httpRequest.latency="1.5s"`, true},
		{"duration against text", "gke", `httpRequest.latency>"long"`, false},
		{"int32", "gke", `httpRequest.status>=400 httpRequest.status<"500"`, true},
		{"int64 exactly", "gke", `httpRequest.requestSize>"9223372036854775806"`, true},
		{"int64 in a message", "audit", `protoPayload.numResponseItems>9`, true},
		{"bool of LogEntry", "gke", `operation.last=true`, true},

		// Has.
		{"substring without case", "istiod", `jsonPayload.message:"GATEWAY api"`, true},
		{"substring absent", "istiod", `jsonPayload.message:"enabled"`, false},
		{"has on a number is equality", "istiod", `jsonPayload.count:7`, true},
		{"has in an object", "istiod", `jsonPayload:"gateway api"`, true},
		{"has in an object: deeper", "istiod", `jsonPayload:replicaset`, true},
		{"has in an object: a key", "istiod", `labels:"k8s-pod/istio_io/rev"`, true},
		{"has in an object: neither", "istiod", `jsonPayload:unicorn`, false},
		{"equality with an object", "istiod", `jsonPayload.involvedObject="ReplicaSet"`, false},

		// Existence.
		{"exists", "istiod", `jsonPayload.message:*`, true},
		{"exists: object", "gke", `operation:*`, true},
		{"exists: array", "istiod", `jsonPayload.sizes:*`, true},
		{"exists: null", "istiod", `jsonPayload.nothing:*`, true},
		{"exists: map key", "istiod", `labels."k8s-pod/istio_io/rev":*`, true},
		{"exists: through an array", "audit", `protoPayload.serviceData.policyDelta.bindingDeltas.action:*`, true},
		{"exists: missing", "istiod", `jsonPayload.absent:*`, false},
		{"exists: empty array", "istiod", `jsonPayload.none:*`, false},
		{"exists: defaulted", "istiod", `trace:*`, false},
		{"exists: below a scalar", "istiod", `jsonPayload.count.x:*`, false},

		// Regular expressions.
		{"regexp", "istiod", `jsonPayload.message=~"Connect.*project \\d+"`, true},
		{"regexp with a plain backslash", "istiod", `jsonPayload.message=~"project \d{12} "`, true},
		{"regexp with case", "istiod", `jsonPayload.message=~"connect gateway"`, false},
		{"regexp (?i)", "istiod", `jsonPayload.message=~"(?i)connect gateway"`, true},
		{"regexp anchored by the user", "istiod", `jsonPayload.message=~"^Gateway"`, false},
		{"regexp with quotes", "plain", `textPayload=~"\"quoted\"\t"`, true},
		{"regexp not", "istiod", `jsonPayload.message!~"unicorn"`, true},
		{"regexp not false", "istiod", `jsonPayload.message!~"Gateway"`, false},
		{"regexp on a number", "istiod", `jsonPayload.count=~"7"`, false},
		{"regexp not on a number", "istiod", `jsonPayload.count!~"8"`, false},
		{"regexp on a severity", "istiod", `severity=~"ERR"`, false},
		{"regexp on a method", "gke", `protoPayload.methodName=~"ClusterManager\\.UpdateCluster$"`, true},
		{"regexp alternatives", "istiod", `jsonPayload.message=~("^nothing" OR "disabled\.$")`, true},

		// Missing, defaulted.
		{"missing =", "istiod", `jsonPayload.a=b`, false},
		{"missing !=", "istiod", `jsonPayload.a!=b`, false},
		{"missing !~", "istiod", `jsonPayload.a!~"b"`, false},
		{"missing <", "istiod", `jsonPayload.a<"z"`, false},
		{"missing :", "istiod", `jsonPayload.a:""`, false},
		{"NOT missing =", "istiod", `NOT jsonPayload.a=b`, true},
		{"minus missing !=", "istiod", `-jsonPayload.a!=b`, true},
		{"missing label", "istiod", `labels.a!=b`, false},
		{"missing resource label", "istiod", `resource.labels.cluster_name!=b`, false},
		{"missing in a message", "audit", `protoPayload.status.code!=7`, false},
		{"defaulted string", "istiod", `trace="" AND trace!="x" AND httpRequest.remoteIp=""`, true},
		{"defaulted number", "istiod", `httpRequest.status=0`, true},
		{"defaulted bool", "istiod", `operation.last=false`, true},
		{"defaulted severity", "plain", `severity=DEFAULT AND severity<INFO AND NOT severity>=DEBUG`, true},
		{"defaulted timestamp", "istiod", `receiveTimestamp<"1980-01-01"`, true},

		// Arrays.
		{"any element", "istiod", `jsonPayload.sizes<7`, true},
		{"no element", "istiod", `jsonPayload.sizes<6`, false},
		{"any element differs", "istiod", `jsonPayload.sizes!=6`, true},
		{"not any element", "istiod", `NOT jsonPayload.sizes=6`, false},
		{"has element", "istiod", `jsonPayload.tags:pet`, true},
		{"empty array", "istiod", `jsonPayload.none!=1`, false},
		{"two conditions, two elements", "audit",
			`protoPayload.serviceData.policyDelta.bindingDeltas.action="REMOVE" AND protoPayload.serviceData.policyDelta.bindingDeltas.role="roles/viewer"`, true},

		// Several values.
		{"values OR", "istiod", `resource.type=("gce_instance" OR "istio_control_plane")`, true},
		{"values OR false", "istiod", `resource.type=("gce_instance" OR k8s_cluster)`, false},
		{"values AND", "istiod", `jsonPayload.message:("gateway" AND "disabled")`, true},
		{"values AND false", "istiod", `jsonPayload.message:("gateway" AND "enabled")`, false},
		{"values side by side", "istiod", `jsonPayload.message:(gateway disabled)`, true},
		{"values of several elements", "istiod", `jsonPayload.tags=("nice" AND "pet")`, true},
		{"values NOT", "istiod", `jsonPayload.message:(gateway AND NOT enabled)`, true},
		{"values minus", "istiod", `jsonPayload.message:(gateway -disabled)`, false},
		{"values nested", "istiod", `jsonPayload.message:(unicorn OR (gateway disabled))`, true},
		{"values negative numbers", "istiod", `jsonPayload.ratio=(-1 OR -0.5)`, true},
		{"value after a comparison is global", "istiod", `insertId="x1" OR "istiod-1"`, true},

		// Names.
		{"quoted key", "istiod", `labels."k8s-pod/istio_io/rev"="asm-managed"`, true},
		{"quoted key with a dot", "istiod", `jsonPayload."foo.bar"=dotted`, true},
		{"unquoted key with a dot", "istiod", `jsonPayload.foo.bar=dotted`, false},
		{"@type", "audit", `protoPayload."@type"="type.googleapis.com/google.cloud.audit.AuditLog" protoPayload.@type:AuditLog`, true},
		{"LogEntry field in any case", "istiod", `Severity=ERROR RESOURCE.Type=istio_control_plane insert_id="istiod-1"`, true},
		{"message field in any case", "audit", `protoPayload.method_name=SetIamPolicy protoPayload.SERVICENAME:cloudresourcemanager`, true},
		{"JSON key with case", "istiod", `jsonPayload.endtime:*`, false},
		{"JSON key is no snake case", "istiod", `jsonPayload.end_time:*`, false},
		{"label key with case", "istiod", `resource.labels.Location=us-central1`, false},

		// Quoting.
		{"escapes", "plain", `textPayload="a \"quoted\"\tunicorn, \x53tra\u0053\123E"`, true},
		{"unquoted path", "audit", `logName=projects/mesh-sim-1/logs/cloudaudit.googleapis.com%2Factivity`, true},
		{"encoded logName", "audit", `logName="projects/mesh-sim-1/logs/cloudaudit.googleapis.com/activity"`, false},
		{"case folding beyond ASCII", "plain", `textPayload:"\u017fTRA\u017f\u017fE"`, true},

		// Functions, search.
		{"log_id", "audit", `log_id("cloudaudit.googleapis.com/activity")`, true},
		{"log_id in any case", "audit", `LOG_ID("CloudAudit.googleapis.com/activity")`, true},
		{"log_id of another log", "audit", `log_id("activity")`, false},
		{"log_id encoded", "audit", `log_id("cloudaudit.googleapis.com%2Factivity")`, false},
		{"log_id negated", "istiod", `-log_id("istiod")`, false},
		{"bare word", "plain", `UNICORN`, true},
		{"bare string", "plain", `"quoted\"\tunicorn"`, true},
		{"bare word absent", "plain", `phoenix`, false},
		{"bare words", "plain", `unicorn phoenix`, false},
		{"bare word in a label", "istiod", `us-central1`, true},
		{"bare word in an array of objects", "audit", `viewer`, true},
		{"bare number", "gke", `400`, true},
		{"bare negative number is a negation", "gke", `-400`, false},
		{"bare word is no key", "istiod", `insertId`, false},
		{"bare severity", "gke", `error`, true},
		{"bare timestamp is no text", "plain", `"2026-11"`, false},
		{"bare Boolean combination", "plain", `("unicorn" AND ("hat" OR "strasse"))`, true},

		// The queries of Google's page, of recorded answers, and of gcloud.
		{"seed: istiod", "istiod", `resource.type="istio_control_plane" AND resource.labels.project_id="mesh-sim-1" AND resource.labels.location="us-central1"
AND severity=ERROR AND jsonPayload.message=~"Connect Gateway API has not been used in project" AND timestamp>="2026-11-21T00:00:00Z"`,
			true},
		{"seed: istiod as printed", "istiod",
			"resource.type=\"istio_control_plane\"\nresource.labels.project_id=mesh-sim-1\nresource.labels.location=us-central1\nseverity=ERROR\njsonPayload.message=~\"Connect Gateway API has not been used in project\"\n", true},
		{"seed: istiod on an event", "event", `resource.type="istio_control_plane" AND severity=ERROR`, false},
		{"seed: webhook", "event", `resource.type="k8s_cluster" AND resource.labels.project_id="mesh-sim-1" AND resource.labels.location="us-central1" AND resource.labels.cluster_name="cluster-1"
AND severity=WARNING AND jsonPayload.message=~"Internal error occurred: failed calling webhook" AND timestamp>="2026-11-21T00:00:00Z"`,
			true},
		{"seed: webhook of another cluster", "event",
			"resource.type=\"k8s_cluster\"\nresource.labels.cluster_name=cluster-2\njsonPayload.message=~\"Internal error occurred: failed " +
				"calling webhook\"", false},
		{"audit", "audit", auditFilter, true},
		{"audit too late", "audit", strings.Replace(auditFilter, "2026-11-01", "2026-12-01", 1), false},
		{"audit on another entry", "gke", auditFilter, false},
		{"gcloud", "event", `timestamp>="2026-11-21T10:01:00.000000Z" AND (resource.type=k8s_cluster AND severity=WARNING)`, true},
		{"gcloud around an OR", "event", `timestamp>="2026-11-22T10:02:00.000000Z" AND (severity=WARNING OR severity=ERROR)`, false},
	} {
		t.Run(test.subject, func(t *testing.T) {
			f, err := logfilter.Parse(test.filter)
			if err != nil {
				t.Fatalf("Parse(%q): %v", test.filter, err)
			}
			if got := f.Match(decode(t, entries[test.entry])); got != test.want {
				t.Errorf("filter %s\n on the entry %q: got %v, want %v", test.filter, test.entry, got, test.want)
			}
		})
	}
}

const auditFilter = `log_id("cloudaudit.googleapis.com/activity") AND resource.type="project" AND protoPayload.serviceName="cloudresourcemanager.googleapis.com"
AND protoPayload.methodName="SetIamPolicy" AND protoPayload.serviceData.policyDelta.bindingDeltas.action="REMOVE"
AND protoPayload.serviceData.policyDelta.bindingDeltas.member:"gcp-sa-servicemesh.iam.gserviceaccount.com" AND timestamp>="2026-11-01T00:00:00Z"`

func TestParseErrors(t *testing.T) {
	for _, test := range []struct {
		filter string
		at     string // line, column and token
	}{
		{`insertId=abc:def`, "line 1, column 13, token ':'"},
		{`insertId=foo*`, "line 1, column 13, token '*'"},
		{`insertId=*`, "line 1, column 10, token '*'"},
		{`insertId=`, "line 1, column 10, token ''"},
		{`insertId=.5`, "line 1, column 10, token '.'"},
		{`insertId=+5`, "line 1, column 10, token '+'"},
		{`insertId=-abc`, "line 1, column 10, token '-'"},
		{`insertId=-1a`, "line 1, column 10, token '-1a'"},
		{`insertId=="a"`, "line 1, column 10, token '='"},
		{`insertId=AND`, "line 1, column 10, token 'AND'"},
		{`insertId="a".b`, "line 1, column 10, token '\"a\".b'"},
		{`insertId='a'`, "line 1, column 10, token '''"},
		{`insertId=a,b`, "line 1, column 11, token ','"},
		{`insertId="a`, "line 1, column 10, token '\"a'"},
		{`insertId="a\q"`, "line 1, column 12, token '\\q'"},
		{`insertId="a\x4"`, "line 1, column 12, token '\\x'"},
		{`insertId=("a" OR)`, "line 1, column 17, token ')'"},
		{`insertId=("a" OR insertId="b")`, "line 1, column 26, token '='"},
		{`insertId=("a"`, "line 1, column 10, token '('"},
		{`insertId=()`, "line 1, column 11, token ')'"},
		{`insertId=("a" OR *)`, "line 1, column 18, token '*'"},
		{`insertId=~abc`, "line 1, column 11, token 'abc'"},
		{`insertId=~"a("`, "line 1, column 11, token '\"a(\"'"},
		{`insertId=~("a" OR b)`, "line 1, column 19, token 'b'"},
		{`insertId ! "a"`, "line 1, column 10, token '!'"},
		{`severity=ERROR AND`, "line 1, column 19, token ''"},
		{`AND severity=ERROR`, "line 1, column 1, token 'AND'"},
		{`severity=ERROR AND OR "x"`, "line 1, column 20, token 'OR'"},
		{`NOT NOT severity=ERROR`, "line 1, column 5, token 'NOT'"},
		{`- severity=ERROR`, "line 1, column 1, token '-'"},
		{`(severity=ERROR`, "line 1, column 1, token '('"},
		{`severity=ERROR)`, "line 1, column 15, token ')'"},
		{`()`, "line 1, column 2, token ')'"},
		{`:x`, "line 1, column 1, token ':'"},
		{`thud=1`, "line 1, column 1, token 'thud'"},
		{"severity=ERROR\n  operation.thud=1", "line 2, column 3, token 'operation.thud'"},
		{`textPayload.thud=1`, "line 1, column 1, token 'textPayload.thud'"},
		{`labels.a.b=1`, "line 1, column 1, token 'labels.a.b'"},
		{`labels.a/b=1`, "line 1, column 8, token 'a/b'"},
		{`labels."a\qb"=1`, "line 1, column 10, token '\\q'"},
		{`jsonPayload.=1`, "line 1, column 13, token '='"},
		{`jsonPayload. a=1`, "line 1, column 12, token '.'"},
		{`"ü" AND "é" thud=1`, "line 1, column 13, token 'thud'"},
		{`SEARCH("hello world")`, "line 1, column 1, token 'SEARCH'"},
		{`log_id()`, "line 1, column 8, token ')'"},
		{`log_id("a" "b")`, "line 1, column 7, token '('"},
		{`log_id("a"`, "line 1, column 7, token '('"},
		{"insertId=\x00", "line 1, column 10, token '\x00'"},
		{"insertId=\xff", "line 1, column 10, token '\xff'"},
	} {
		t.Run(test.filter, func(t *testing.T) {
			_, err := logfilter.Parse(test.filter)
			if err == nil {
				t.Fatalf("Parse(%q) succeeded", test.filter)
			}
			want := "Unparseable filter: syntax error at " + test.at + ": "
			if got := err.Error(); !strings.HasPrefix(got, want) || len(got) == len(want) {
				t.Errorf("Parse(%q)\n got %s\nwant %s<reason>", test.filter, got, want)
			}
		})
	}
}

func TestLengthIsInCharacters(t *testing.T) {
	longest := `"` + strings.Repeat("é", 19_998) + `"`
	if _, err := logfilter.Parse(longest); err != nil {
		t.Errorf("20,000 characters: %v", err)
	}
	_, err := logfilter.Parse(longest + " ")
	if err == nil || !strings.HasPrefix(err.Error(), "Unparseable filter: ") || !strings.Contains(err.Error(), "20001 characters") {
		t.Errorf("20,001 characters: got %v", err)
	}
}

func TestDeepNesting(t *testing.T) {
	const depth = 9_000
	f, err := logfilter.Parse(strings.Repeat("(", depth) + "unicorn" + strings.Repeat(")", depth))
	if err != nil {
		t.Fatal(err)
	}
	if !f.Match(decode(t, plainEntry)) {
		t.Error("no match")
	}
}

func TestSince(t *testing.T) {
	day := func(d int) string { return time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC).Format(time.RFC3339) }
	for _, test := range []struct {
		filter string
		want   string // empty: no bound
	}{
		{``, ""},
		{`severity=ERROR`, ""},
		{`timestamp>="2026-11-01"`, day(1)},
		{`timestamp>"2026-11-01"`, day(1)},
		{`timestamp="2026-11-01"`, day(1)},
		{`timestamp<="2026-11-01"`, ""},
		{`timestamp!="2026-11-01"`, ""},
		{`timestamp>="2026-11-01T01:00:00+01:00" AND (severity=ERROR OR severity=INFO)`, day(1)},
		{`severity=ERROR timestamp>="2026-11-02" timestamp>="2026-11-01"`, day(2)},
		{`timestamp>="2026-11-01" AND (severity=ERROR AND (timestamp>="2026-11-03"))`, day(3)},
		{`timestamp>=("2026-11-01" AND "2026-11-02")`, day(2)},
		{`timestamp>=("2026-11-01" OR "2026-11-02")`, ""},
		{`timestamp>="2026-11-01" OR severity=ERROR`, ""},
		{`NOT timestamp>="2026-11-01"`, ""},
		{`timestamp>="nonsense"`, ""},
		{`receiveTimestamp>="2026-11-01"`, ""},
		{`jsonPayload.timestamp>="2026-11-01"`, ""},
		{`TIMESTAMP>="2026-11-01"`, day(1)},
	} {
		t.Run(test.filter, func(t *testing.T) {
			f, err := logfilter.Parse(test.filter)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if since, ok := f.Since(); ok {
				got = since.UTC().Format(time.RFC3339)
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// FuzzParse looks for panics, and for filters whose Since would hide an entry that they match.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		auditFilter,
		`timestamp>="2026-11-21T10:01:00Z" AND (resource.type=k8s_cluster OR -severity>=WARNING)`,
		"labels.\"a/b\":* -- comment\n jsonPayload.m=~(\"a\\.b\" AND NOT \"(?i)c\") textPayload:(x -y)",
		`timestamp>=("2026-11-23" AND "2026-11-01") log_id("events") jsonPayload.n=-3.5e8 "\x41\u00e9\101" NULL_VALUE`,
	} {
		f.Add(seed)
	}
	entries := []map[string]any{
		decode(f, istiodEntry),
		decode(f, eventEntry),
		decode(f, auditEntry),
		decode(f, gkeEntry),
		decode(f, plainEntry),
	}
	f.Fuzz(func(t *testing.T, s string) {
		filter, err := logfilter.Parse(s)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "Unparseable filter: ") {
				t.Errorf("the error is %q", err)
			}
			return
		}
		since, bounded := filter.Since()
		for _, entry := range entries {
			at, err := time.Parse(time.RFC3339, entry["timestamp"].(string))
			if err != nil {
				t.Fatal(err)
			}
			if filter.Match(entry) && bounded && at.Before(since) {
				t.Errorf("matches the entry of %v, and is bounded by %v", at, since)
			}
		}
	})
}

func ExampleParse() {
	f, err := logfilter.Parse(`severity>=WARNING AND jsonPayload.message=~"failed calling webhook"`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(f.Match(map[string]any{
		"severity":    "ERROR",
		"jsonPayload": map[string]any{"message": "Internal error occurred: failed calling webhook"},
	}))

	_, err = logfilter.Parse(`insertId=abc:def`)
	fmt.Println(err)
	// Output:
	// true
	// Unparseable filter: syntax error at line 1, column 13, token ':': text with special characters must be in double quotes
}
