package mesh

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// ProxyManaged reads an annotation mesh.cloud.google.com/proxy, such as {"managed":"true"}. set is false where it is
// missing: the annotation is not there or leaves the key out. Its value is a string; a boolean is accepted, too.
func ProxyManaged(annotation string) (managed, set bool, err error) {
	if annotation == "" {
		return false, false, nil
	}
	var fields map[string]any
	if err := json.Unmarshal([]byte(annotation), &fields); err != nil {
		return false, false, fmt.Errorf("annotation %s is %q, which is not a JSON object", AnnotationProxy, annotation)
	}
	switch value := fields["managed"].(type) {
	case nil:
		return false, false, nil
	case bool:
		return value, true, nil
	case string:
		if managed, err := strconv.ParseBool(value); err == nil {
			return managed, true, nil
		}
	}
	return false, false, fmt.Errorf("annotation %s is %q; managed is \"true\" or \"false\"", AnnotationProxy, annotation)
}

// WithProxyManaged is an annotation mesh.cloud.google.com/proxy with managed set, and with whatever else it said.
func WithProxyManaged(annotation string, managed bool) string {
	fields := map[string]any{}
	if json.Unmarshal([]byte(annotation), &fields) != nil || fields == nil {
		fields = map[string]any{}
	}
	fields["managed"] = strconv.FormatBool(managed)
	text, err := json.Marshal(fields)
	if err != nil { // cannot be: it was decoded from JSON
		return `{"managed":"` + strconv.FormatBool(managed) + `"}`
	}
	return string(text)
}
