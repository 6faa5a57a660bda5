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

// stateFlags name the store of runs and locks.
type stateFlags struct {
	dir       string
	namespace string
	context   string
}

func (f *stateFlags) flags(flags *pflag.FlagSet) {
	flags.StringVar(&f.dir, "state-dir", "", "folder for runs and locks (default $XDG_STATE_HOME/terraform-provider-asm/runs)")
	flags.StringVar(&f.namespace, "state-namespace", "", "Kubernetes namespace for runs and locks instead, which several machines can share")
	flags.StringVar(&f.context, "state-context", "",
		"kubeconfig context of that namespace's cluster (default the current context, or the cluster of this pod)")
}

func (f *stateFlags) check() error {
	var wrong []error
	if f.dir != "" && f.namespace != "" {
		wrong = append(wrong, errors.New("--state-dir and --state-namespace: give one of the two"))
	}
	if f.context != "" && f.namespace == "" {
		wrong = append(wrong, errors.New("--state-context: it is for --state-namespace; give that, too"))
	}
	return errors.Join(wrong...)
}

// open opens the store. The first run creates the folder.
func (f *stateFlags) open(clock wait.Clock, redactor *journal.Redactor) (store.Store, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	o := store.Options{Redactor: redactor, Clock: clock}
	if f.namespace != "" {
		config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
			clientcmd.NewDefaultClientConfigLoadingRules(), &clientcmd.ConfigOverrides{CurrentContext: f.context}).ClientConfig()
		if err != nil {
			return nil, fmt.Errorf("--state-namespace %s: no connection to its cluster: %w; set KUBECONFIG, or run in the cluster", f.namespace, err)
		}
		// Each entry takes two requests, and many runs write at once: the API server's own
		// fairness is the limit, and the store repeats refused requests.
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

// again returns the flags with which another command finds the same runs.
func (f *stateFlags) again() string {
	return flagsOf("--state-dir", f.dir, "--state-namespace", f.namespace, "--state-context", f.context)
}

// where names the store for a person.
func (f *stateFlags) where() string {
	if f.namespace != "" {
		return "namespace " + f.namespace
	}
	dir, _ := store.DefaultDir() // open has reported the error
	return cmp.Or(f.dir, dir)
}
