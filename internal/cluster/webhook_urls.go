package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Webhooks reads the cluster's webhook configurations, the revisions and their environments; all of it, or an error.
func (c *Cluster) Webhooks(ctx context.Context) (health.Webhooks, error) {
	parts := []part{partRevisions, partMutating, partValidating, partEnvironments}
	s, err := c.read(ctx, false, parts...)
	if err != nil {
		return health.Webhooks{}, err
	}
	for _, p := range parts {
		if s.lacks(p) {
			return health.Webhooks{}, s.Unread[string(p)]
		}
	}
	return health.Webhooks{Mutating: s.Mutating, Validating: s.Validating, Environments: s.Environments, Revisions: s.ManagedRevisions()}, nil
}

// A URLChange is a webhook's URL as it is expected to be, and as it is to become.
type URLChange struct{ From, To string }

var webhookKinds = map[string]schema.GroupVersionResource{
	health.MutatingKind:   mutatingWebhooks,
	health.ValidatingKind: validatingWebhooks,
}

// SetWebhookURLs changes the URLs of entries of one webhook configuration, by name of the entry, and nothing else of
// it. An entry that is not there, or calls another URL than expected, is left alone; changed are the others. The write
// is made only if the configuration is as it was just read; else it is a Conflict error.
func (c *Cluster) SetWebhookURLs(ctx context.Context, kind, name string, urls map[string]URLChange) (changed []string, err error) {
	resource, known := webhookKinds[kind]
	if !known {
		return nil, fmt.Errorf("%q is no kind of webhook configuration", kind)
	}
	var raw configuration
	if err := c.do(ctx, request{doing: "read " + kind + " " + name, verb: "get", resource: resource, name: name}, &raw); err != nil {
		return nil, err
	}
	steps, changed := urlSteps(raw, urls)
	if len(changed) == 0 {
		return nil, nil
	}
	body, err := json.Marshal(steps)
	if err != nil {
		return nil, fmt.Errorf("cannot write the patch of %s %s: %w", kind, name, err)
	}
	err = c.do(ctx, request{
		doing: "set the URLs of " + kind + " " + name, verb: "patch", resource: resource, name: name,
		query:       url.Values{"fieldManager": {FieldManager}},
		contentType: "application/json-patch+json", body: body,
	}, &struct{}{})
	if err != nil {
		return nil, err
	}
	return changed, nil
}

type patchStep struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value string `json:"value"`
}

// urlSteps is the JSON patch. Entries are addressed by their place, so each step tests that it meets the right one;
// writing the version that is there makes the API server refuse the whole when there is another.
func urlSteps(raw configuration, urls map[string]URLChange) (steps []patchStep, changed []string) {
	steps = []patchStep{{"replace", "/metadata/resourceVersion", raw.Metadata.ResourceVersion}}
	for i, hook := range raw.Webhooks {
		change, wanted := urls[hook.Name]
		if !wanted || hook.ClientConfig.URL == nil || *hook.ClientConfig.URL != change.From {
			continue
		}
		at := "/webhooks/" + strconv.Itoa(i)
		steps = append(steps,
			patchStep{"test", at + "/name", hook.Name},
			patchStep{"test", at + "/clientConfig/url", change.From},
			patchStep{"replace", at + "/clientConfig/url", change.To})
		changed = append(changed, hook.Name)
	}
	return steps, changed
}
