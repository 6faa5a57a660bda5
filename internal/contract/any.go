package contract

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/anypb"

	// Messages that APIs send in a google.protobuf.Any and no discovery document describes. Importing
	// them makes them known to protoregistry.GlobalTypes.
	_ "google.golang.org/genproto/googleapis/cloud/audit"
	_ "google.golang.org/genproto/googleapis/iam/v1/logging"
	_ "google.golang.org/genproto/googleapis/rpc/errdetails"
)

// any checks a message in a google.protobuf.Any.
func (w *walker) any(path string, object map[string]any) {
	url, ok := object["@type"].(string)
	if !ok {
		w.failf(path, `has no "@type", which says what kind of message it is`)
		return
	}
	name, ok := strings.CutPrefix(url, "type.googleapis.com/")
	if !ok {
		w.failf(path+`["@type"]`, `is %q, which does not begin with "type.googleapis.com/"`, url)
		return
	}
	if name == "google.protobuf.Empty" {
		w.empty(path, object)
		return
	}
	if doc, s := w.message(name); s != nil {
		in := *w
		in.doc = doc
		in.object(path, without(object, "@type"), s)
		return
	}
	if _, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(name)); err != nil {
		w.failf(path+`["@type"]`, "is %q, which is neither a message of %s nor one of the common types", url, w.doc.ID)
		return
	}
	if name == "google.cloud.audit.AuditLog" {
		object = w.withoutPermissionTypes(path, object)
	}
	text, err := json.Marshal(object)
	if err == nil {
		err = protojson.Unmarshal(text, new(anypb.Any))
	}
	if err != nil {
		w.failf(path, "is not a %s: %s", name, position.ReplaceAllString(err.Error(), ""))
	}
}

// position is what protojson puts in front of its messages, about a text that no reader sees. The space after
// the colon is sometimes one that does not break.
var position = regexp.MustCompile(`^proto:[ \x{a0}]*(\(line \d+:\d+\): )?`)

// permissionTypes are the values of google.cloud.audit.AuthorizationInfo.PermissionType.
var permissionTypes = []string{"ADMIN_READ", "ADMIN_WRITE", "DATA_READ", "DATA_WRITE"}

// withoutPermissionTypes checks authorizationInfo[].permissionType of an AuditLog and returns the log without:
// real entries have the field, and the Go package of the message does not know it yet.
func (w *walker) withoutPermissionTypes(path string, log map[string]any) map[string]any {
	infos, ok := log["authorizationInfo"].([]any)
	if !ok {
		return log
	}
	known := make([]any, len(infos))
	for i, info := range infos {
		known[i] = info
		if object, ok := info.(map[string]any); ok {
			if v, ok := object["permissionType"]; ok && !slices.Contains(permissionTypes, fmt.Sprint(v)) {
				w.failf(fmt.Sprintf("%s.authorizationInfo[%d].permissionType", path, i), "is %s, which is not one of %s", describe(v),
					strings.Join(permissionTypes, ", "))
			}
			known[i] = without(object, "permissionType")
		}
	}
	log = maps.Clone(log)
	log["authorizationInfo"] = known
	return log
}

// empty checks a google.protobuf.Empty. Servers write it with an empty "value", as the JSON mapping has it,
// and without.
func (w *walker) empty(path string, object map[string]any) {
	rest := without(object, "@type")
	if v, ok := rest["value"].(map[string]any); ok && len(v) == 0 {
		delete(rest, "value")
	}
	for key := range rest {
		w.failf(path+member(key), "is not a field of google.protobuf.Empty")
	}
}

func without(object map[string]any, key string) map[string]any {
	rest := make(map[string]any, len(object))
	for k, v := range object {
		if k != key {
			rest[k] = v
		}
	}
	return rest
}

// message returns the schema of a protocol buffer message, and its document: the walker's own, or one of
// those that may go with it.
func (w *walker) message(name string) (*document, *schema) {
	for _, d := range append([]*document{w.doc}, w.siblings...) {
		if s := d.message(name); s != nil {
			return d, s
		}
	}
	return nil, nil
}

// message returns the schema of a protocol buffer message of the document's API, or nil. Where short names
// would collide, the documents use the whole name in camel case.
func (d *document) message(name string) *schema {
	short, ok := strings.CutPrefix(name, d.pkg+".")
	if !ok || d.pkg == "" {
		return nil
	}
	var long strings.Builder
	for part := range strings.SplitSeq(name, ".") {
		long.WriteString(strings.ToUpper(part[:min(1, len(part))]) + part[min(1, len(part)):])
	}
	if s := d.Schemas[long.String()]; s != nil {
		return s
	}
	return d.Schemas[short]
}
