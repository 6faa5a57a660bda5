package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// An api is a discovery document to load, and the protocol buffer package that its messages come from,
// which the document does not say. A google.protobuf.Any names messages by it.
type api struct {
	name, version, pkg string
}

var apis = []api{
	{"cloudresourcemanager", "v1", "google.cloudresourcemanager.v1"},
	{"cloudresourcemanager", "v3", "google.cloud.resourcemanager.v3"},
	{"container", "v1", "google.container.v1"},
	{"gkehub", "v1", "google.cloud.gkehub.v1"},
	{"gkehub", "v1alpha", "google.cloud.gkehub.v1alpha"},
	{"gkehub", "v1beta", "google.cloud.gkehub.v1beta"},
	{"gkehub", "v2", "google.cloud.gkehub.v2"},
	{"gkehub", "v2alpha", "google.cloud.gkehub.v2alpha"},
	{"gkehub", "v2beta", "google.cloud.gkehub.v2beta"},
	{"iamcredentials", "v1", "google.iam.credentials.v1"},
	{"logging", "v2", "google.logging.v2"},
	{"serviceusage", "v1", "google.api.serviceusage.v1"},
	{"serviceusage", "v1beta1", "google.api.serviceusage.v1beta1"},
}

// A document is what this package reads of a discovery document. It is not changed after it is loaded.
// The format is described at https://developers.google.com/discovery/v1/reference/apis.
type document struct {
	ID          string                `json:"id"` // such as "gkehub:v1"
	Version     string                `json:"version"`
	RootURL     string                `json:"rootUrl"`
	MTLSRootURL string                `json:"mtlsRootUrl"`
	ServicePath string                `json:"servicePath"`
	Endpoints   []endpoint            `json:"endpoints"`
	Parameters  map[string]*parameter `json:"parameters"` // of every method
	Schemas     map[string]*schema    `json:"schemas"`
	resource

	pkg     string
	methods []*method // of all resources
}

// An endpoint is a regional host of an API.
type endpoint struct {
	URL string `json:"endpointUrl"`
}

type resource struct {
	Methods   map[string]*method   `json:"methods"`
	Resources map[string]*resource `json:"resources"`
}

type method struct {
	ID         string                `json:"id"`
	HTTPMethod string                `json:"httpMethod"`
	Path       string                `json:"path"`
	Parameters map[string]*parameter `json:"parameters"`
	Request    *schema               `json:"request"`  // nil: the method takes no body
	Response   *schema               `json:"response"` // a reference

	route route
}

// A parameter is one in the path or the query of a URL.
type parameter struct {
	schema
	Location string `json:"location"` // "path" or "query"
	Pattern  string `json:"pattern"`
	Required bool   `json:"required"`
	Repeated bool   `json:"repeated"`
}

// required reports whether a query parameter must be there. The documents set the flag for path parameters
// only; for the others the description has it, in words that are generated from the field's annotation.
func (p *parameter) required() bool {
	return p.Required || strings.HasPrefix(p.Description, "Required. ")
}

// A schema is the type of a JSON value, in the subset of JSON Schema draft 3 that the documents use.
type schema struct {
	Ref                  string             `json:"$ref"`
	Type                 string             `json:"type"`
	Format               string             `json:"format"`
	Description          string             `json:"description"`
	Enum                 []string           `json:"enum"`
	ReadOnly             bool               `json:"readOnly"`
	Properties           map[string]*schema `json:"properties"`
	Items                *schema            `json:"items"`
	AdditionalProperties *schema            `json:"additionalProperties"`
}

// isAny reports whether the schema is that of a google.protobuf.Any, which differs from that of a
// google.protobuf.Struct in its description only.
func (s *schema) isAny() bool {
	a := s.AdditionalProperties
	return a != nil && a.Type == "any" && strings.Contains(a.Description, "@type")
}

// documents loads all of them, once in a process.
var documents = sync.OnceValues(func() ([]*document, error) {
	dir, err := Dir()
	if err != nil {
		return nil, err
	}
	loaded := make([]*document, len(apis))
	for i, a := range apis {
		text, err := os.ReadFile(filepath.Join(dir, a.name, a.version, a.name+"-api.json"))
		if err != nil {
			return nil, err
		}
		if loaded[i], err = newDocument(a, text); err != nil {
			return nil, fmt.Errorf("discovery document of %s %s: %w", a.name, a.version, err)
		}
	}
	return loaded, nil
})

// newDocument decodes a discovery document. It returns an error when the document uses something that this
// package does not know, rather than leave that unchecked.
func newDocument(a api, text []byte) (*document, error) {
	d := &document{pkg: a.pkg}
	if err := json.Unmarshal(text, d); err != nil {
		return nil, err
	}
	if want := a.name + ":" + a.version; d.ID != want {
		return nil, fmt.Errorf("its id is %q, not %q", d.ID, want)
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(d.Schemas)) {
		errs = append(errs, d.verify("schemas."+name, d.Schemas[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(d.Parameters)) {
		errs = append(errs, d.verify("parameters."+name, &d.Parameters[name].schema))
	}
	errs = append(errs, d.flatten(&d.resource))
	return d, errors.Join(errs...)
}

// flatten collects the methods of a resource and of those within it.
func (d *document) flatten(r *resource) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(r.Methods)) {
		m := r.Methods[name]
		for _, p := range slices.Sorted(maps.Keys(m.Parameters)) {
			errs = append(errs, d.verify(m.ID+" parameter "+p, &m.Parameters[p].schema))
		}
		if m.Request != nil {
			errs = append(errs, d.verify(m.ID+" request", m.Request))
		}
		if m.Response == nil {
			errs = append(errs, fmt.Errorf("%s has no response", m.ID))
		} else {
			errs = append(errs, d.verify(m.ID+" response", m.Response))
		}
		var err error
		if m.route, err = newRoute(m); err != nil {
			errs = append(errs, err)
		}
		if versionOf(m.Path) != d.Version {
			errs = append(errs, fmt.Errorf("%s: the path %q does not begin with the version", m.ID, m.Path))
		}
		d.methods = append(d.methods, m)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Resources)) {
		errs = append(errs, d.flatten(r.Resources[name]))
	}
	return errors.Join(errs...)
}

// verify returns an error when a schema says something that the walker does not check.
func (d *document) verify(at string, s *schema) error {
	var errs []error
	fail := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: %s", at, fmt.Sprintf(format, args...)))
	}
	switch s.Type {
	case "":
		if s.Ref == "" {
			fail("it has neither a type nor a reference")
		} else if d.Schemas[s.Ref] == nil {
			fail("there is no schema %q", s.Ref)
		}
	case "array":
		if s.Items == nil {
			fail("the array has no type of items")
		}
	case "any", "boolean", "integer", "number", "object", "string":
	default:
		fail("the type %q is not known", s.Type)
	}
	if _, ok := formats[s.Format]; !ok && s.Format != "" {
		fail("the format %q is not known", s.Format)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		errs = append(errs, d.verify(at+"."+name, s.Properties[name]))
	}
	if s.Items != nil {
		errs = append(errs, d.verify(at+"[]", s.Items))
	}
	if s.AdditionalProperties != nil {
		errs = append(errs, d.verify(at+"{}", s.AdditionalProperties))
	}
	return errors.Join(errs...)
}
