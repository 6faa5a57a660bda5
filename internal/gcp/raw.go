package gcp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"google.golang.org/api/googleapi"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
)

// rawObject is a JSON object whose fields are kept as they came, also those that the API has added since this version.
type rawObject map[string]json.RawMessage

func (o rawObject) orEmpty() rawObject {
	if o == nil {
		return rawObject{}
	}
	return o
}

// setManagement sets the management of a membership's spec, whose mesh is in field, or clears it when management is "".
// It replaces the older controlPlane; the rest of the spec stays. Without an origin GKE Hub records that a user
// configured it, which is true.
func (o rawObject) setManagement(field, management string) error {
	spec := rawObject{}
	if raw, found := o[field]; found {
		if err := json.Unmarshal(raw, &spec); err != nil {
			return fmt.Errorf("%w: the field %s of the spec: %w", apierr.ErrMalformed, field, err)
		}
		spec = spec.orEmpty() // null
	}
	delete(o, "origin")
	delete(o, field)
	delete(spec, "controlPlane")
	delete(spec, "management")
	if management != "" {
		spec["management"] = json.RawMessage(`"` + management + `"`)
	}
	if len(spec) == 0 {
		return nil
	}
	raw, err := json.Marshal(spec)
	o[field] = raw
	return err
}

// hubRequest calls a method of GKE Hub with JSON of its own, for what a generated type would drop.
func (c *Client) hubRequest(ctx context.Context, method, path string, query url.Values, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	answer, err := c.send(ctx, method, c.endpoints.GKEHub+"/"+path+"?"+query.Encode(), body)
	if err != nil {
		return err
	}
	return json.Unmarshal(answer, out)
}

// send sends one request and returns the body of its answer. An answer other than 2xx is a *googleapi.Error.
func (c *Client) send(ctx context.Context, method, address string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if len(body) > 0 {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if err := googleapi.CheckResponse(response); err != nil {
		return nil, err
	}
	return io.ReadAll(response.Body)
}
