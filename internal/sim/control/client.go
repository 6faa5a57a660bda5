// Package control steers a running simulator through what it serves below /_sim/, and records what it was asked: for
// tests, and for rehearsals of runbooks.
package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"time"
)

// Client steers the simulator at an address. It is safe for concurrent use.
type Client struct {
	url  string
	http *http.Client
}

// NewClient returns a client of the simulator whose Server.URL is url.
func NewClient(url string) *Client {
	return &Client{url: url, http: &http.Client{Transport: &http.Transport{}}} // no proxy, as it is on loopback
}

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Fault switches a fault on. Its parameters may be nil.
func (c *Client) Fault(ctx context.Context, name string, parameters url.Values) error {
	return c.fault(ctx, http.MethodPut, name, parameters)
}

// ClearFault switches a fault off. Its parameters may be nil.
func (c *Client) ClearFault(ctx context.Context, name string, parameters url.Values) error {
	return c.fault(ctx, http.MethodDelete, name, parameters)
}

func (c *Client) fault(ctx context.Context, method, name string, parameters url.Values) error {
	if _, err := c.Do(ctx, method, "faults/"+url.PathEscape(name)+"?"+parameters.Encode(), nil); err != nil {
		return fmt.Errorf("fault %q: %w", name, err)
	}
	return nil
}

// Advance moves the world's clock forward.
func (c *Client) Advance(ctx context.Context, d time.Duration) error {
	_, err := c.Do(ctx, http.MethodPost, "clock?advance="+url.QueryEscape(d.String()), nil)
	return err
}

// World returns the world as JSON.
func (c *Client) World(ctx context.Context) ([]byte, error) {
	return c.Do(ctx, http.MethodGet, "world", nil)
}

// SetWorld replaces the world.
func (c *Client) SetWorld(ctx context.Context, world []byte) error {
	_, err := c.Do(ctx, http.MethodPut, "world", world)
	return err
}

// ClusterURL is where the simulator serves a cluster's own API server without TLS. The address in the answers of the
// simulated GKE is reached only through the simulator's proxy.
func (c *Client) ClusterURL(project, location, name string) string {
	return c.url + "/_cluster/" + project + "/" + location + "/" + name
}

// Do makes a request for a path below /_sim/ and returns the answer's body. An answer other than 2xx is an error with
// the simulator's own words.
func (c *Client) Do(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.url+"/_sim/"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode < http.StatusMultipleChoices {
		return answer, err
	}
	var problem struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(answer, &problem) != nil || problem.Error == "" {
		problem.Error = fmt.Sprintf("%s %s: %s", method, path, resp.Status)
	}
	return nil, errors.New(problem.Error)
}
