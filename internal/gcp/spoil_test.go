package gcp_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

// spoiled is a client whose getIamPolicy answers were tampered with on the way.
func spoiled(t *testing.T, world *simtest.World, spoil func(map[string]any)) *gcp.Client {
	t.Helper()
	to, err := url.Parse(world.URL())
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ModifyResponse = func(r *http.Response) error {
		if !strings.HasSuffix(r.Request.URL.Path, ":getIamPolicy") {
			return nil
		}
		var p map[string]any
		if err := json.NewDecoder(r.Body).Decode(&p); err != nil {
			return err
		}
		spoil(p)
		raw, err := json.Marshal(p)
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
		r.Header.Set("Content-Length", strconv.Itoa(len(raw)))
		return err
	}
	front := httptest.NewServer(proxy)
	t.Cleanup(front.Close)
	config := world.Config(simtest.Owner)
	config.Endpoints = gcp.EndpointsBelow(front.URL)
	client, err := gcp.New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}
