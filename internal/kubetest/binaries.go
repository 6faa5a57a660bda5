package kubetest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	etcdBinary        = "etcd"
	apiServerBinary   = "kube-apiserver"
	controllersBinary = "kube-controller-manager"

	assetsVariable = "KUBEBUILDER_ASSETS" // where envtest and its users look
)

// binaries returns the folder that holds all the servers: KUBEBUILDER_ASSETS, else .tools/bin of the
// checkout around dir. A mixture of two folders would be one of two releases, so there is none.
func binaries(dir string) (string, error) {
	var looked []string
	look := func(folder string) bool {
		lacks := lacking(folder)
		if len(lacks) > 0 {
			looked = append(looked, fmt.Sprintf("%s lacks %s", folder, strings.Join(lacks, ", ")))
		}
		return len(lacks) == 0
	}
	if folder := os.Getenv(assetsVariable); folder != "" && look(folder) {
		return filepath.Abs(folder)
	}
	for {
		folder := filepath.Join(dir, ".tools", "bin")
		if _, err := os.Stat(folder); err == nil && look(folder) {
			return folder, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			break
		}
		dir = up
	}
	if len(looked) == 0 {
		looked = []string{"there is no .tools/bin"}
	}
	return "", fmt.Errorf("no Kubernetes control plane is installed (%s): run make tools, or set %s to a folder that has it",
		strings.Join(looked, "; "), assetsVariable)
}

// lacking returns which of the servers the folder lacks.
func lacking(folder string) []string {
	var lacks []string
	for _, name := range []string{etcdBinary, apiServerBinary, controllersBinary} {
		if _, err := exec.LookPath(filepath.Join(folder, name)); err != nil {
			lacks = append(lacks, name)
		}
	}
	return lacks
}
