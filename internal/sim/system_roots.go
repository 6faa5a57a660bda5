package sim

import "os"

// rootFiles are where Unix systems keep the certificate authorities that they
// trust; the list is that of Go's crypto/x509.
var rootFiles = []string{
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/pki/tls/cacert.pem",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/ssl/cert.pem",
}

// registries are reached past the proxy: terraform init fetches providers from there, and the simulation has none.
const registries = "registry.terraform.io,releases.hashicorp.com,registry.opentofu.org,github.com,.githubusercontent.com"

// withSystemRoots adds to the simulation's authority those of the machine: a client that gets one file trusts no other,
// and would refuse the registries.
func withSystemRoots(ca []byte) []byte {
	for _, name := range rootFiles {
		if roots, err := os.ReadFile(name); err == nil {
			return append(append([]byte{}, ca...), roots...)
		}
	}
	return ca
}
