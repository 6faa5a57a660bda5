package kinds

import (
	"regexp"
	"strings"
)

// cleanBundle takes out of generic JSON what a bundle for support has no use for and may hold a secret: annotations that
// are not about the mesh, and values whose name is that of a credential. What looks like a secret in a text is the
// redactor's to find.
func cleanBundle(v any) any {
	switch v := v.(type) {
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = cleanBundle(item)
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		named, _ := first(v, "name", "Name").(string)
		for key, item := range v {
			switch {
			case strings.EqualFold(key, "annotations"):
				object[key] = meshAnnotations(item)
			case credentialName.MatchString(key), strings.EqualFold(key, "value") && credentialName.MatchString(named):
				object[key] = hide(item)
			default:
				object[key] = cleanBundle(item)
			}
		}
		return object
	}
	return v
}

func first(object map[string]any, keys ...string) any {
	for _, key := range keys {
		if v, found := object[key]; found {
			return v
		}
	}
	return nil
}

// hide replaces every text in a value.
func hide(v any) any {
	switch v := v.(type) {
	case string:
		if v != "" {
			return "[redacted]"
		}
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = hide(item)
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for key, item := range v {
			object[key] = hide(item)
		}
		return object
	}
	return v
}

// meshAnnotations are the annotations that Istio and the managed mesh read or write.
func meshAnnotations(v any) any {
	all, is := v.(map[string]any)
	if !is {
		return hide(v)
	}
	kept := map[string]any{}
	for name, value := range all {
		if meshAnnotation.MatchString(name) && !credentialName.MatchString(name) {
			kept[name] = value
		}
	}
	return kept
}

var (
	// The domains of Istio's annotations (istio.io/latest/docs/reference/config/annotations) and of the managed mesh.
	meshAnnotation = regexp.MustCompile(`^([a-z0-9-]+\.)*(istio\.io|mesh\.cloud\.google\.com)/`)
	// A name that ends in one of these words, in any of the usual spellings: DB_PASSWORD, apiKey, webhook-secret. "key"
	// needs another word before it: a label selector has a key.
	credentialName = regexp.MustCompile(`(?i:password|passwd|passphrase|secret|token|credentials?)$|(?:[a-z0-9]Key|(?i:[._/-]key))$`)
)
