package cluster_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

const movingCluster = "projects/mesh-sim-1/locations/us-central1/clusters/cluster-1"

// moving is a cluster whose endpoint a test changes.
type moving struct {
	at               cluster.Endpoint
	err              error
	asked, forgotten atomic.Int32
}

func (m *moving) config() cluster.Config {
	return cluster.Config{
		FindEndpoint: func(context.Context, mesh.Cluster) (cluster.Endpoint, error) {
			m.asked.Add(1)
			return m.at, m.err
		},
		ForgetEndpoint: func(mesh.Cluster) { m.forgotten.Add(1) },
	}
}

// A long run outlasts a cluster that is made anew: what cannot have arrived at the old address is sent to the new one.
func TestAClusterThatMoved(t *testing.T) {
	old, next := serve(t, says(200, emptyList)), serve(t, says(200, `{"metadata":{"name":"shop"}}`))
	old.Config.SetKeepAlivesEnabled(false) // the next request connects
	m := &moving{at: cluster.Endpoint{Address: old.URL}}
	c := open(t, access(t, m.config()), "", movingCluster)
	if _, err := c.Revisions(t.Context()); err != nil {
		t.Fatal(err)
	}
	old.Close()
	m.at.Address = next.URL
	label := "x"
	if _, err := c.MarkNamespace(t.Context(), "shop", map[string]*string{"a": &label}, nil); err != nil {
		t.Error(err)
	}
	if len(next.requests()) != 1 || m.asked.Load() != 2 || m.forgotten.Load() != 1 {
		t.Errorf("%v, asked %d times, forgotten %d times", next.requests(), m.asked.Load(), m.forgotten.Load())
	}
}

// A cluster with the same address may have another certificate authority.
func TestAClusterWithANewAuthority(t *testing.T) {
	secure := httptest.NewTLSServer(says(200, emptyList))
	t.Cleanup(secure.Close)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	m := &moving{at: cluster.Endpoint{Address: secure.URL, CA: strangeAuthority(t)}}
	c := open(t, access(t, m.config()), "", movingCluster)
	if _, err := c.Revisions(t.Context()); err == nil || m.asked.Load() != 2 {
		t.Fatalf("a certificate of another authority: %v, asked %d times", err, m.asked.Load())
	}
	m.at.CA = authority
	if _, err := c.Revisions(t.Context()); err != nil || m.asked.Load() != 3 {
		t.Errorf("%v, asked %d times", err, m.asked.Load())
	}
}

// strangeAuthority is an authority of which no server here has a certificate.
func strangeAuthority(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	name := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	raw, err := x509.CreateCertificate(rand.Reader, name, name, key.Public(), key)
	must(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})
}

func TestAClusterThatIsDeletedUnderARun(t *testing.T) {
	s := serve(t, says(200, emptyList))
	s.Config.SetKeepAlivesEnabled(false)
	m := &moving{at: cluster.Endpoint{Address: s.URL}}
	c := open(t, access(t, m.config()), "", movingCluster)
	if _, err := c.Revisions(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := c.Revisions(t.Context()); !apierr.Unreachable(err) || len(s.requests()) != 1 {
		t.Errorf("nobody listens, and nothing moved: %v", err)
	}
	m.err = &apierr.Error{Source: apierr.GoogleAPI, Code: 404, Message: "not found"}
	var e *apierr.Error
	if _, err := c.Revisions(t.Context()); !errors.As(err, &e) || apierr.Unreachable(err) || !apierr.NotFound(e.Cause) {
		t.Errorf("deleted: %v", err)
	}
}
