package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// Kubeconfig names a cluster by a kubeconfig. The zero value is what kubectl
// takes: KUBECONFIG or ~/.kube/config, and the current context.
type Kubeconfig struct {
	Path    string // "" is kubectl's own search
	Content []byte // instead of a file
	Context string // "" is the current context
}

// String names the context and the file, never what is in it.
func (k Kubeconfig) String() string {
	name := "the current context"
	if k.Context != "" {
		name = "context " + k.Context
	}
	if k.Path != "" {
		name += " of " + k.Path
	}
	return name
}

// load reads the kubeconfig and finds what is wrong with it before any request:
// client-go's errors barely mention a missing context or plugin.
func (k Kubeconfig) load() (*rest.Config, error) {
	raw, err := k.raw()
	if err != nil {
		return nil, err
	}
	name := k.Context
	if name == "" {
		name = raw.CurrentContext
	}
	if name == "" {
		return nil, fmt.Errorf("the kubeconfig has no current context; name one of: %s", contexts(raw))
	}
	context, found := raw.Contexts[name]
	if !found {
		return nil, fmt.Errorf("the kubeconfig has no context %q; it has: %s", name, contexts(raw))
	}
	user := raw.AuthInfos[context.AuthInfo]
	if user != nil && user.AuthProvider != nil {
		return nil, fmt.Errorf(
			"context %q uses the auth provider %q, which Kubernetes clients no longer know; recreate the entry with: gcloud container "+
				"clusters get-credentials, or gcloud container fleet memberships get-credentials",
			name,
			user.AuthProvider.Name,
		)
	}
	if user != nil && user.Exec != nil {
		if err := checkPlugin(name, user.Exec); err != nil {
			return nil, err
		}
		user.Exec.InteractiveMode = api.NeverExecInteractiveMode // there is no one to answer
	}
	config, err := clientcmd.NewNonInteractiveClientConfig(raw, name, &clientcmd.ConfigOverrides{}, nil).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("context %q of the kubeconfig cannot be used: %w", name, err)
	}
	return config, nil
}

func (k Kubeconfig) raw() (api.Config, error) {
	if len(k.Content) > 0 {
		raw, err := clientcmd.Load(k.Content)
		if err != nil {
			return api.Config{}, errors.New("the kubeconfig is not valid YAML of kind Config") // its text may hold a key
		}
		return *raw, nil
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = k.Path
	raw, err := rules.Load()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return api.Config{}, fmt.Errorf("there is no kubeconfig at %s", k.Path)
	case err != nil:
		return api.Config{}, fmt.Errorf("the kubeconfig %s cannot be read: %w", k.Path, err)
	}
	return *raw, nil
}

func checkPlugin(context string, plugin *api.ExecConfig) error {
	if _, err := exec.LookPath(plugin.Command); err != nil {
		hint := ""
		if plugin.InstallHint != "" {
			hint = "; " + strings.TrimSpace(plugin.InstallHint)
		}
		return fmt.Errorf("context %q gets its credentials from the program %q, which is not in PATH%s", context, plugin.Command, hint)
	}
	return nil
}

func contexts(raw api.Config) string {
	var names []string
	for name := range raw.Contexts {
		names = append(names, name)
	}
	slices.Sort(names)
	if len(names) == 0 {
		return "none"
	}
	if len(names) > 20 {
		names = append(names[:20], fmt.Sprintf("and %d more", len(names)-20))
	}
	return strings.Join(names, ", ")
}
