package cli

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/spf13/pflag"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// stateFlags say where runs and locks are kept.
type stateFlags struct {
	dir       string
	namespace string
	context   string
}

func (f *stateFlags) flags(flags *pflag.FlagSet) {
	flags.StringVar(&f.dir, "state-dir", "", "folder that keeps runs and locks (default $XDG_STATE_HOME/terraform-provider-asm/runs)")
	flags.StringVar(&f.namespace, "state-namespace", "", "Kubernetes namespace that keeps runs and locks instead, so that several machines share them")
	flags.StringVar(&f.context, "state-context", "", "kubeconfig context of that namespace's cluster (default the current one, or the cluster that this runs in)")
}

func (f *stateFlags) check() error {
	var wrong []error
	if f.dir != "" && f.namespace != "" {
		wrong = append(wrong, errors.New("--state-dir and --state-namespace: runs are kept in one place; give one of the two"))
	}
	if f.context != "" && f.namespace == "" {
		wrong = append(wrong, errors.New("--state-context: it says in which cluster --state-namespace is; give that, too"))
	}
	return errors.Join(wrong...)
}

// open opens the store. A folder is made when the first run is.
func (f *stateFlags) open(clock wait.Clock, redactor *journal.Redactor) (store.Store, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	o := store.Options{Redactor: redactor, Clock: clock}
	if f.namespace != "" {
		config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
			clientcmd.NewDefaultClientConfigLoadingRules(), &clientcmd.ConfigOverrides{CurrentContext: f.context}).ClientConfig()
		if err != nil {
			return nil, fmt.Errorf("--state-namespace %s: the cluster that it is in cannot be reached: %w; set KUBECONFIG, or run in the cluster", f.namespace, err)
		}
		// Two requests an entry, of many runs at once: the API server's own fairness is
		// the limit, and the store tries again what it refuses.
		config.QPS = -1
		client, err := kubernetes.NewForConfig(config)
		if err != nil {
			return nil, fmt.Errorf("--state-namespace %s: %w", f.namespace, err)
		}
		return store.NewKube(client, f.namespace, o), nil
	}
	dir := f.dir
	if dir == "" {
		var err error
		if dir, err = store.DefaultDir(); err != nil {
			return nil, fmt.Errorf("%w, or give --state-dir", err)
		}
	}
	return store.NewLocal(dir, o), nil
}

// again are the flags that make another command find the same runs.
func (f *stateFlags) again() string {
	return flagsOf("--state-dir", f.dir, "--state-namespace", f.namespace, "--state-context", f.context)
}

// where names the place for a person.
func (f *stateFlags) where() string {
	if f.namespace != "" {
		return "namespace " + f.namespace
	}
	dir, _ := store.DefaultDir() // open has told what is wrong with it
	return cmp.Or(f.dir, dir)
}
