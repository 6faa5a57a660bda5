package sim

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/api"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/world"
)

// tempFiles are what clients need as files: the authority's certificate, the access token for gcloud, and a
// configuration directory of gcloud's own, so that the user's login is neither used nor changed. They are removed when
// the server closes.
type tempFiles struct {
	dir string
}

func (t *tempFiles) ca() string         { return filepath.Join(t.dir, "ca.pem") }
func (t *tempFiles) token() string      { return filepath.Join(t.dir, "access-token") }
func (t *tempFiles) gcloud() string     { return filepath.Join(t.dir, "gcloud") }
func (t *tempFiles) kubeconfig() string { return filepath.Join(t.dir, "kubeconfig") }

func (t *tempFiles) create(ca []byte) error {
	dir, err := os.MkdirTemp("", "asm-sim-")
	if err != nil {
		return err
	}
	t.dir = dir
	return errors.Join(os.WriteFile(t.ca(), withSystemRoots(ca), 0o644),
		os.WriteFile(t.token(), []byte(api.AccessToken(world.AdminEmail)), 0o600), os.Mkdir(t.gcloud(), 0o700))
}

func (t *tempFiles) remove() error { return os.RemoveAll(t.dir) }

// Env is the environment for clients: KEY=VALUE. Terraform's google
// provider, gcloud, kubectl and curl reach the simulation by it unmodified.
func (s *Server) Env() []string {
	proxy := s.URL()
	return []string{
		"ASM_SIM_URL=" + s.URL(),
		"HTTPS_PROXY=" + proxy,
		"https_proxy=" + proxy, // curl and Python prefer it when both are set
		"NO_PROXY=127.0.0.1,localhost," + registries,
		"no_proxy=127.0.0.1,localhost," + registries,
		"SSL_CERT_FILE=" + s.files.ca(),
		// Python's requests, and gcloud with it, prefer these where a machine has them set; curl, the second.
		"REQUESTS_CA_BUNDLE=" + s.files.ca(),
		"CURL_CA_BUNDLE=" + s.files.ca(),
		"GOOGLE_OAUTH_ACCESS_TOKEN=" + api.TokenPrefix + world.AdminEmail,
		"GOOGLE_PROJECT=" + s.firstProject(),
		"KUBECONFIG=" + s.files.kubeconfig(),
		"CLOUDSDK_CONFIG=" + s.files.gcloud(),
		"CLOUDSDK_CORE_PROJECT=" + s.firstProject(),
		"CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE=" + s.files.ca(),
		"CLOUDSDK_CORE_DISABLE_PROMPTS=1",
		"CLOUDSDK_CORE_DISABLE_USAGE_REPORTING=1",
		"CLOUDSDK_CORE_SURVEY_DISABLE_PROMPTS=1",
		"CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK=1",
		"CLOUDSDK_AUTH_ACCESS_TOKEN_FILE=" + s.files.token(),
	}
}

func (s *Server) firstProject() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.world.Projects[0].ProjectID
}

// WriteEnvFile writes the environment as a file to source, readable by its owner only, in one step.
func (s *Server) WriteEnvFile(path string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# The simulated Google Cloud at %s. Source this file: it holds no secret of yours.\n", s.URL())
	for _, kv := range s.Env() {
		k, v, _ := strings.Cut(kv, "=")
		fmt.Fprintf(&b, "export %s='%s'\n", k, strings.ReplaceAll(v, "'", `'\''`))
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".asm-sim-env-") // mode 0600
	if err != nil {
		return fmt.Errorf("env file: %w", err)
	}
	_, werr := tmp.WriteString(b.String())
	if err := errors.Join(werr, tmp.Close()); err != nil {
		return fmt.Errorf("env file: %w", errors.Join(err, os.Remove(tmp.Name())))
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("env file: %w", errors.Join(err, os.Remove(tmp.Name())))
	}
	return nil
}
