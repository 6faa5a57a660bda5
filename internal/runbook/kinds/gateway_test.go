package kinds_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// gatewayConfig reaches clusters through a Connect Gateway of the test's own, and in no other way.
func gatewayConfig(t *testing.T, answer http.HandlerFunc, w *world) cluster.Config {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return cluster.Config{GatewayEndpoint: s.URL, Clock: w.Clock, FindEndpoint: func(context.Context, mesh.Cluster) (cluster.Endpoint, error) {
		return cluster.Endpoint{}, errors.New("there is no endpoint that can be reached from here")
	}}
}
