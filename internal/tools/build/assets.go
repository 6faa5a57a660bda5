package build

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// assetsVariable names the folder with the servers of a control plane, as it does for every user of
// controller-runtime's envtest.
const assetsVariable = "KUBEBUILDER_ASSETS"

// assets returns that folder, and which of the servers it lacks. Only a whole set is used: a controller
// manager that is newer than its API server is not supported by Kubernetes.
func assets() (folder string, lacks []string, err error) {
	folder = os.Getenv(assetsVariable)
	if folder == "" {
		return "", nil, nil
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return "", nil, err
	}
	for _, tool := range All {
		if !tool.Asset {
			continue
		}
		if _, err := exec.LookPath(filepath.Join(folder, tool.Name)); err != nil {
			lacks = append(lacks, tool.Name)
		}
	}
	return folder, lacks, nil
}

// linkFromAssets links .tools/bin/NAME to the one in KUBEBUILDER_ASSETS when that has the whole set.
func (b *Builder) linkFromAssets(t Tool) (bool, error) {
	if !t.Asset {
		return false, nil
	}
	folder, lacks, err := assets()
	if err != nil || folder == "" || len(lacks) > 0 || folder == filepath.Dir(b.Bin(t.Name)) {
		return false, err
	}
	installed := filepath.Join(folder, t.Name)
	if target, err := os.Readlink(b.Bin(t.Name)); err == nil && target == installed {
		return true, nil
	}
	logf(b.out, "%s: using the one in %s.", t.Name, assetsVariable)
	return true, link(installed, b.Bin(t.Name))
}

// whyNoAssets explains to a user who set KUBEBUILDER_ASSETS why the servers are built nevertheless.
func (b *Builder) whyNoAssets(t Tool) {
	if !t.Asset {
		return
	}
	if _, lacks, err := assets(); err == nil && len(lacks) > 0 {
		logf(b.out, "%s: %s is not used, it lacks %s.", t.Name, assetsVariable, strings.Join(lacks, ", "))
	}
}
