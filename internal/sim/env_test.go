package sim

import (
	"bytes"
	"crypto/x509"
	"os"
	"strings"
	"testing"
)

// terraform init, started under the env file, must reach the registries: past
// the proxy, and with the machine's own authorities beside the simulation's.
func TestEnvLeavesRegistriesAlone(t *testing.T) {
	s, err := Start(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	env := map[string]string{}
	for _, kv := range s.Env() {
		k, v, _ := strings.Cut(kv, "=")
		env[k] = v
	}
	for _, name := range []string{"NO_PROXY", "no_proxy"} {
		if !strings.Contains(env[name], "registry.terraform.io") || !strings.Contains(env[name], "127.0.0.1") {
			t.Errorf("%s=%s", name, env[name])
		}
		if strings.Contains(env[name], "googleapis") {
			t.Errorf("%s lets Google's own addresses be reached: %s", name, env[name])
		}
	}
	bundle, err := os.ReadFile(env["SSL_CERT_FILE"])
	if err != nil {
		t.Fatal(err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(bundle) || !bytes.HasPrefix(bundle, []byte("-----BEGIN CERTIFICATE")) {
		t.Error("SSL_CERT_FILE holds no certificates")
	}
	machine := withSystemRoots(nil)
	if !bytes.HasSuffix(bundle, machine) {
		t.Error("the machine's own authorities are missing")
	}
	if len(machine) == 0 {
		t.Log("this machine has no file of authorities")
	}
}
